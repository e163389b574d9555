package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// findWireshark returns Wireshark's path, or why it cannot be started.
func findWireshark() (path, why string) {
	path, err := exec.LookPath("wireshark")
	const app = "/Applications/Wireshark.app/Contents/MacOS/Wireshark" // is in no PATH
	if err != nil && runtime.GOOS == "darwin" {
		path, err = exec.LookPath(app)
	}
	switch {
	case err != nil:
		return "", "Wireshark is not installed here"
	case runtime.GOOS == "windows":
		return "", "Wireshark is not started on Windows"
	case !hasDisplay():
		return "", "there is no display"
	}
	return path, ""
}

// hasDisplay tells whether a window would be seen.
func hasDisplay() bool {
	if runtime.GOOS == "darwin" {
		return os.Getenv("SSH_CONNECTION") == ""
	}
	return os.Getenv("DISPLAY")+os.Getenv("WAYLAND_DISPLAY") != ""
}

// viewer is a shell that keeps the folder of the packets: it starts Wireshark when it is told to,
// and removes the folder unless that is to be kept. It is started before the program is confined, as
// what comes of it then is confined as well; and it removes the folder however the program ends.
type viewer struct {
	cmd  *exec.Cmd
	tell io.WriteCloser
}

// keepFolder is told what to do with the folder, and what to show of the file in it.
const keepFolder = `folder=$1 program=$2 status=0; shift 2
IFS= read -r action && IFS= read -r filter && IFS= read -r jump
if [ "$action" = show ]; then
	[ -z "$filter" ] || set -- "$@" -Y "$filter"
	[ -z "$jump" ] || set -- "$@" -J "$jump"
	"$program" "$@" </dev/null & child=$!
	trap 'kill "$child" 2>/dev/null' INT TERM HUP
	wait "$child"; status=$?
	while kill -0 "$child" 2>/dev/null; do wait "$child"; status=$?; done
	[ "$status" -lt 128 ] || status=0
fi
[ "$action" = keep ] || [ "$status" -gt 0 ] || [ -z "$folder" ] || rm -rf -- "$folder"
exit "$status"`

func newViewer(folder, program, file string) (*viewer, error) {
	if strings.HasPrefix(file, "-") {
		file = "./" + file
	}
	v := &viewer{cmd: exec.Command("/bin/sh", "-c", keepFolder, "sh", folder, program, "-r", file)}
	v.cmd.Stdout, v.cmd.Stderr = os.Stderr, os.Stderr // standard output is for results
	v.cmd.Env = ownHome(os.Environ())
	var err error
	if v.tell, err = v.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return v, v.cmd.Start()
}

// ownHome has the home of the user that we are: under sudo it may be root's, whose settings
// Wireshark could not read.
func ownHome(env []string) []string {
	if os.Getenv("SUDO_UID") == "" || os.Geteuid() == 0 {
		return env
	}
	u, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	if err != nil {
		return env
	}
	return append(env, "HOME="+u.HomeDir, "USER="+u.Username, "LOGNAME="+u.Username)
}

// end has the folder kept or removed.
func (v *viewer) end(keep bool) {
	if keep {
		io.WriteString(v.tell, "keep\n\n\n")
	}
	v.tell.Close()
	v.cmd.Wait()
}

// show starts Wireshark and waits for its end. A signal that ends us ends it.
func (v *viewer) show(filter, jump string) error {
	sig := catchSignals()
	defer sig.stop()
	io.WriteString(v.tell, "show\n"+filter+"\n"+jump+"\n")
	v.tell.Close()
	ended := make(chan error, 1)
	go func() { ended <- v.cmd.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-sig.ctx.Done():
		v.cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		return nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return errors.New("Wireshark ended with exit code " + strconv.Itoa(exit.ExitCode()))
	}
	return nil
}
