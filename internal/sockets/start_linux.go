package sockets

import (
	"encoding/json"
	"io"
	"os/exec"
	"syscall"
)

// Start starts the process that is asked, with the rights that this one has by now. It is to
// be called before this one confines itself. What is asked before is not answered.
func (t *Table) Start() error {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{Program}
	cmd.Env = []string{"GOMAXPROCS=1"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go t.pass(in)
	go func() {
		t.take(out)
		cmd.Wait()
	}()
	return nil
}

// pass passes questions on until the table is closed, or nobody takes them.
func (t *Table) pass(in io.WriteCloser) {
	defer in.Close()
	enc := json.NewEncoder(in)
	for q := range t.questions {
		if enc.Encode(&q) != nil {
			return
		}
	}
}

// take takes in answers until there are no more.
func (t *Table) take(out io.Reader) {
	for dec := json.NewDecoder(out); ; {
		var a answer
		if dec.Decode(&a) != nil {
			return
		}
		t.answered(&a)
	}
}
