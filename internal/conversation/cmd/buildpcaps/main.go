// Command buildpcaps builds the capture beside each conversation script.
//
//	go run ./internal/conversation/cmd/buildpcaps [FOLDER]
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

func main() {
	folder := "testdata/pcaps/conversations"
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	if err := buildAll(folder); err != nil {
		fmt.Fprintf(os.Stderr, "buildpcaps: error: %v\n", err)
		os.Exit(1)
	}
}

func buildAll(folder string) error {
	scripts, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil {
		return err
	}
	if len(scripts) == 0 {
		return fmt.Errorf("no scripts in %q", folder)
	}
	for _, path := range scripts {
		s, err := conversation.Load(path)
		if err != nil {
			return err
		}
		var file bytes.Buffer
		if err := conversation.WritePcap(&file, s.Packets(), s.SnapLen); err != nil {
			return err
		}
		if err := os.WriteFile(strings.TrimSuffix(path, ".txt")+".pcap", file.Bytes(), 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%d captures built in %s\n", len(scripts), folder)
	return nil
}
