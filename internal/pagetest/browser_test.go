package pagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// browser returns a Chromium without a network, the same for all tests. Where there is none
// the test is skipped.
func browser(t *testing.T) context.Context {
	t.Helper()
	started.Do(start)
	if started.missing != "" {
		t.Skip(started.missing + ": the page is not tested in a browser")
	}
	return started.ctx
}

var started struct {
	sync.Once
	ctx     context.Context
	stop    []func()
	missing string
}

func start() {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		started.missing = "there is no chromium (Debian: apt-get install chromium)"
		return
	}
	dir, err := os.MkdirTemp("", "pagetest")
	if err != nil {
		started.missing = err.Error()
		return
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1440, 1000),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("proxy-server", "127.0.0.1:9"))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	ctx, stop := chromedp.NewExecAllocator(ctx, opts...)
	ctx, end := chromedp.NewContext(ctx)
	started.ctx, started.stop = ctx, []func(){end, stop, cancel, func() { os.RemoveAll(dir) }}
	if err := chromedp.Do(ctx); err != nil {
		started.missing = "chromium does not start: " + err.Error()
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, f := range started.stop {
		f()
	}
	os.Exit(code)
}

// page is a page that is open in a tab of its own.
type page struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	said     []string // on the console, and exceptions
	requests []string
}

// open loads a page and waits until it is drawn. hash is what comes behind its address.
func open(t *testing.T, browser context.Context, file, hash string) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx}
	p.call(func() error { return chromedp.Listen(ctx, p.note) })
	p.call(func() error { _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); return err })
	p.call(func() error { _, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{}); return err })
	p.do(chromedp.Navigate("file://" + file + hash))
	p.eval(`tcpflow.ready.then(() => true)`, nil)
	return p
}

// note takes what the page says and asks for.
func (p *page) note(e any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case *runtime.EventConsoleAPICalled:
		text, _ := json.Marshal(e.Args)
		p.said = append(p.said, string(text))
	case *runtime.EventExceptionThrown:
		text, _ := json.Marshal(e.ExceptionDetails)
		p.said = append(p.said, string(text))
	case *cdplog.EventEntryAdded:
		text, _ := json.Marshal(e.Entry)
		p.said = append(p.said, string(text))
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	}
}

func (p *page) call(f func() error) {
	p.t.Helper()
	if err := f(); err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.call(func() error { return chromedp.Do(p.ctx, actions...) })
}

// eval evaluates an expression, waits for it if it is a promise, and decodes its JSON, unless
// into is nil.
func (p *page) eval(expression string, into any) {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("(async () => JSON.stringify(await ("+expression+")) ?? 'null')()", chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%.200s: %v", expression, err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		p.t.Fatalf("%.200s: %v", expression, err)
	}
}

// text returns what an element says.
func (p *page) text(selector string) (text string) {
	p.t.Helper()
	p.eval(fmt.Sprintf("document.querySelector(%q).textContent", selector), &text)
	return text
}

// quiet fails if the page said anything, or asked for anything but itself.
func (p *page) quiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.said) > 0 {
		p.t.Errorf("the page said: %s", strings.Join(p.said, "\n"))
	}
	if len(p.requests) > 1 {
		p.t.Errorf("the page asked for %q", p.requests)
	}
}

// write analyses captures and writes the page, and returns its path and the records, whose
// segments were kept.
func write(t *testing.T, change func(*record.Report), captures ...string) (string, *record.Report) {
	t.Helper()
	var sources []capture.Source
	for _, name := range captures {
		s, err := capture.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		sources = append(sources, s)
	}
	r, err := analyzer.Analyze(t.Context(), sources, analyzer.Options{
		Series: 32 << 20, Segments: func(uint64) bool { return true }, Judge: func(fsm.Frame) bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	path := filepath.Join(t.TempDir(), "page.html")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := report.Graphs(file, nil, report.Options{Multi: len(captures) > 1, Checks: analyzer.Checks(), Tool: report.Tool{Name: "tcpflow-states", Version: "test"}}).Finish(r); err != nil {
		t.Fatal(err)
	}
	return path, r
}
