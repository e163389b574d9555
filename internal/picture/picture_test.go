package picture_test

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/internal/picture"
)

func TestWriteSVG(t *testing.T) {
	var b strings.Builder
	output := "\x1b[1mConnection 1\x1b[0m  a <b>\n   \x1b[1;31merror\x1b[0m &\x1b[2m dim\x1b[0m\n"
	if err := picture.WriteSVG(&b, "tcpflow-states a.pcap", output); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<text x="36.8" y="53" textLength="176.4" class="b">tcpflow-states a.pcap</text>`,
		`<text x="20.0" y="72" textLength="100.8" class="b">Connection 1</text>`,
		`<text x="137.6" y="72" textLength="42.0">a &lt;b&gt;</text>`, // column 14
		`<text x="45.2" y="91" textLength="42.0" class="r">error</text>`,
		`<text x="95.6" y="91" textLength="8.4">&amp;</text>`,
		`<text x="112.4" y="91" textLength="25.2" class="d">dim</text>`,
	} {
		if !strings.Contains(b.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	d := xml.NewDecoder(strings.NewReader(b.String()))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// What moves the cursor cannot be drawn, and must not be left out in silence.
func TestWriteSVGRefusesControlCharacters(t *testing.T) {
	for _, output := range []string{"\x1b[2J", "a\tb", "a\rb"} {
		if err := picture.WriteSVG(io.Discard, "x", output); err == nil {
			t.Errorf("%q: no error", output)
		}
	}
}
