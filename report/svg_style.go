package report

import "strings"

// svgStyle is a picture's style sheet. Each colour has a contrast of at least 4.5 to 1
// against the ground of its theme, where it colours text.
const svgStyle = `
.tcpflow text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px;fill:#1f2328;white-space:pre}
.tcpflow .prose,.tcpflow .title{font-family:Helvetica,Arial,"Liberation Sans","Segoe UI",sans-serif;font-size:13px}
.tcpflow .title{font-size:17px;font-weight:600}
.tcpflow .small{font-size:11px}.tcpflow .strong{font-weight:700}
.tcpflow .quiet{fill:#59636e}
.tcpflow path,.tcpflow rect,.tcpflow circle{fill:none}
.ground{fill:#fff;stroke:#d1d9e0}.tcpflow .ground{fill:#fff}
.shaft{stroke:#59636e;stroke-width:1.4}.tcpflow .point{fill:#59636e}
.rule{stroke:#d1d9e0}
.tcpflow .opening{fill:#54aeff}.tcpflow .open{fill:#4ac26b}.tcpflow .closing{fill:#d4a72c}.tcpflow .waiting{fill:#a475f9}.tcpflow .shut{fill:#afb8c1}
.h-opening{stroke:#218bff}.h-open{stroke:#2da44e}.h-closing{stroke:#bf8700}.h-waiting{stroke:#8250df}.h-shut{stroke:#818b98}
.hatch{stroke-width:3}
.tcpflow .to-opening{fill:#0969da}.tcpflow .to-open{fill:#1a7f37}.tcpflow .to-closing{fill:#8a5a00}.tcpflow .to-waiting{fill:#7a40d8}.tcpflow .to-shut{fill:#59636e}
.proof{stroke:#6e7781;stroke-width:1.3;stroke-dasharray:4 3}.tcpflow .proved{fill:#6e7781}
.edge{stroke:#d1d9e0;stroke-width:1.3}.tcpflow .edgepoint{fill:#afb8c1}
.tcpflow .node{fill:#f6f8fa;stroke-width:1.2}.node{stroke:#d1d9e0}.been{stroke:#59636e;stroke-width:1.8}
.b-cli{stroke:#0969da}.b-srv{stroke:#bc4c00}.p-cli{stroke:#0969da;stroke-width:2.6}.p-srv{stroke:#bc4c00;stroke-width:2.6}
.unproved{stroke-dasharray:5 4}.alternate{stroke-dasharray:11 11}.second{stroke-dashoffset:11}
.tcpflow .cli{fill:#0969da}.tcpflow .srv{fill:#bc4c00}
.tcpflow .chip{fill:#fff;stroke-width:1}
.pill{stroke-width:1}.tcpflow rect.pill{fill:none}.label.pill,.sevwarning.pill{stroke:#d4a72c}.severror.pill{stroke:#c9252d}.sevnote.pill{stroke:#54aeff}.sevcapture.pill{stroke:#a475f9}
.tcpflow .label{fill:#8a5a00}
.tcpflow .severror{fill:#c9252d}.tcpflow .sevwarning{fill:#8a5a00}.tcpflow .sevnote{fill:#0969da}.tcpflow .sevcapture{fill:#7a40d8}
.tcpflow .panel{fill:#f6f8fa}.tcpflow .on{fill:#fff;font-weight:700}
@media (prefers-color-scheme:dark){
.tcpflow text{fill:#e6edf3}.tcpflow .quiet{fill:#9198a1}
.ground{stroke:#3d444d}.tcpflow .ground{fill:#0d1117}
.shaft{stroke:#9198a1}.tcpflow .point{fill:#9198a1}.rule{stroke:#3d444d}
.tcpflow .opening{fill:#388bfd}.tcpflow .open{fill:#2ea043}.tcpflow .closing{fill:#bb8009}.tcpflow .waiting{fill:#8957e5}.tcpflow .shut{fill:#6e7681}
.h-opening{stroke:#58a6ff}.h-open{stroke:#3fb950}.h-closing{stroke:#d29922}.h-waiting{stroke:#a371f7}.h-shut{stroke:#8b949e}
.tcpflow .to-opening{fill:#79c0ff}.tcpflow .to-open{fill:#56d364}.tcpflow .to-closing{fill:#e3b341}.tcpflow .to-waiting{fill:#d2a8ff}.tcpflow .to-shut{fill:#9198a1}
.proof{stroke:#9198a1}.tcpflow .proved{fill:#9198a1}
.edge{stroke:#3d444d}.tcpflow .edgepoint{fill:#656c76}
.tcpflow .node{fill:#151b23}.node{stroke:#3d444d}.been{stroke:#9198a1}
.b-cli{stroke:#4493f8}.b-srv{stroke:#f0883e}.p-cli{stroke:#4493f8}.p-srv{stroke:#f0883e}
.tcpflow .cli{fill:#79c0ff}.tcpflow .srv{fill:#ffa657}
.tcpflow .chip{fill:#0d1117}
.label.pill,.sevwarning.pill{stroke:#9e6a03}.severror.pill{stroke:#f85149}.sevnote.pill{stroke:#388bfd}.sevcapture.pill{stroke:#8957e5}
.tcpflow .label{fill:#e3b341}
.tcpflow .severror{fill:#ff7b72}.tcpflow .sevwarning{fill:#e3b341}.tcpflow .sevnote{fill:#79c0ff}.tcpflow .sevcapture{fill:#d2a8ff}
.tcpflow .panel{fill:#151b23}.tcpflow .on{fill:#0d1117}
}
`

// svgPatterns are the hatchings of states that nothing proves.
func svgPatterns() string {
	var b strings.Builder
	b.WriteString("<defs>")
	for _, class := range []string{"opening", "open", "closing", "waiting", "shut"} {
		b.WriteString(`<pattern id="hatch-` + class + `" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M1.5 0V7" class="hatch h-` + class + `"/></pattern>`)
	}
	b.WriteString("</defs>")
	return b.String()
}
