package main

import (
	"os"
	"os/exec"
	"strings"

	"github.com/landlock-lsm/go-landlock/landlock"
)

// sandbox gives up, for the rest of the run, all that the analysis does not need:
// from now on nothing can be written but what is open already, nothing read but the
// inputs and what belongs to the system, and no TCP connection made. Files are named
// that may have to be opened again, and the directories in which files are yet to be made, of
// which "" is none. It also allows what is needed to start a pager.
//
// It does as much as the kernel can (Landlock, from Linux 5.13 on); where it can do
// nothing, nothing is lost.
func sandbox(inputs []string, writable ...string) error {
	system := []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/nix", "/gnu",
		"/run/current-system", "/proc", "/sys"}
	rules := []landlock.Rule{
		landlock.RODirs(system...).IgnoreIfMissing(),
		landlock.RWFiles("/dev/tty", "/dev/null", "/dev/full").WithIoctlDev().IgnoreIfMissing(),
	}
	if pager := strings.Fields(os.Getenv("PAGER")); len(pager) > 0 {
		if path, err := exec.LookPath(pager[0]); err == nil {
			rules = append(rules, landlock.ROFiles(path).IgnoreIfMissing())
		}
	}
	for _, name := range inputs {
		switch st, err := os.Stat(name); {
		case err != nil:
		case st.IsDir(): // of --follow
			rules = append(rules, landlock.RODirs(name).IgnoreIfMissing())
		case st.Mode().IsRegular():
			rules = append(rules, landlock.ROFiles(name).IgnoreIfMissing())
		}
	}
	for _, dir := range writable {
		if dir != "" {
			rules = append(rules, landlock.RWDirs(dir).IgnoreIfMissing())
		}
	}
	return landlock.V5.BestEffort().Restrict(rules...)
}
