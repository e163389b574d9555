package lab

import (
	"fmt"
	"os"
	"os/exec"
)

// Available returns nil if the laboratory can work here, or an error that says
// what it lacks.
func Available() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("the laboratory needs root, for network namespaces and tracefs")
	}
	for _, tool := range []string{"ip", "ethtool", "tcpdump"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("the laboratory needs the program %q", tool)
		}
	}
	t, err := newTracer(fmt.Sprintf("probe%d", os.Getpid()))
	if err != nil {
		return fmt.Errorf("the laboratory needs the kernel's tracepoints: %w", err)
	}
	return t.close()
}
