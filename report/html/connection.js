"use strict";
// One connection: its head, its graphs, its ladder, and the frame that was chosen.

class ConnectionView {
  constructor(parent, rows) {
    this.parent = parent;
    this.rows = rows;
  }

  async open(i) {
    const wanted = this.wanted = i;
    const c = await connectionOf(this.rows, i);
    if (this.wanted !== wanted) return null;
    if (this.panels) this.panels.destroy();
    this.connection = c;
    c.chosen = -1;
    c.everyPoint = new Int32Array(c.series.n);
    for (let k = 0; k < c.series.n; k++) c.everyPoint[k] = k;
    const graphs = el("div.graphs", { tabindex: "0", "aria-label": "graphs; + and − zoom, arrows move, 0 shows all" });
    this.frame = el("aside.frame-box", { "aria-live": "polite", "aria-label": "the frame that was chosen" });
    this.steps = el("div.body", { tabindex: "0", role: "rowgroup", "aria-label": "segments; arrows choose" });
    this.steps.addEventListener("keydown", (e) => this.keys(e));
    replace(this.parent, this.head(c), el("div.with-frame", el("div.main", graphs,
      el("div.ladder", el("h3", "Segments"), el("div.scroll", el("div.table", { role: "table" }, el("div.step.head", { role: "row" }, ...[["frame", "Frame"], ["time", "Time"], ["state.left", "Client"], ["arrow-head", ""], ["state", "Server"], ["labels", "Findings and labels"]].map(([c, h]) => el("span." + c, { role: "columnheader" }, h))), this.steps)))), this.frame));
    this.draw(c, graphs);
    this.steps.style.height = Math.min(Math.max(1, c.series.n), 18) * 22 + 2 + "px";
    this.list = ladder(this.steps, c, (k) => this.pick(k));
    this.show(-1);
    return c;
  }

  head(c) {
    const r = this.rows, i = c.row, t = r.texts, d = c.detail;
    const ends = (ip, port) => ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
    const filter = d.filter || "tcp.stream eq " + r.stream[i];
    const facts = [
      r.duration[i] >= 0 ? moment(meta.document.capture.first_time, r.first[i]) + ", lasted " + span(r.duration[i] / 1e9) : "its packets carry no times",
      `client ${counted(r.packets_client[i], "packet", "packets")}, ${size(r.bytes_client[i])}`, `server ${counted(r.packets_server[i], "packet", "packets")}, ${size(r.bytes_server[i])}`,
    ];
    if (d.encapsulation) facts.push(d.encapsulation);
    if (d.guessed_from) facts.push("who is client is guessed from " + d.guessed_from);
    if (c.series.cut) facts.push(`drawn up to segment ${count(c.series.n)}: ${count(c.series.cut)} more are not in this page`);
    const findings = (d.anomalies || []).map((a) => {
      const frames = a.frames.map((f, k) => {
        const key = frameKey(f, a.files ? a.files[k] - 1 : 0), b = el("button.plain.link", { type: "button" }, frameText(key));
        b.addEventListener("click", () => this.pick(pointOf(c.series, key), true));
        return b;
      });
      return el("li." + a.severity, el("b", a.severity + " " + a.name), " ", a.message, frames.length ? el("span.frames", " frames ", ...frames.flatMap((f, k) => k ? [", ", f] : [f]), a.count > frames.length ? ` and ${count(a.count - frames.length)} more` : "") : null, a.doubt ? el("span.doubt", " " + a.doubt) : null);
    });
    return el("div.conn-head." + "concern-" + concerns[r.concern[i]],
      el("h2", `#${r.id[i]} `, ends(t[r.client[i]], r.client_port[i]), " → ", ends(t[r.server[i]], r.server_port[i]), t[r.service[i]] ? " " + t[r.service[i]] : ""),
      el("p.sentence", d.sentence), el("p.facts", facts.join(" · ")), ...(d.doubts || []).map((x) => el("p.facts.doubt", x)),
      el("p.facts", "Wireshark: ", copyButton(filter, "the display filter")), findings.length ? el("ul.findings", ...findings) : null);
  }

  draw(c, graphs) {
    const s = c.series, end = Math.max(c.duration, s.n ? s.time[s.n - 1] : 0) / 1e9;
    if (!s.n) {
      graphs.append(el("p.none", "No segment of this connection is in the page."));
      return;
    }
    readPalette();
    const p = this.panels = new Panels(graphs, end, (k) => this.show(k), (k) => this.pick(k));
    const ways = [wayOf(s, CLIENT), wayOf(s, SERVER)].sort((a, b) => b.bytes - a.bytes);
    statesPanel(p, c);
    tapsPanel(p, c);
    const busy = ways.filter((w) => w.bytes > 0);
    for (const w of busy.length ? busy : ways.filter((x) => x.own.length).slice(0, 1)) {
      sequencePanel(p, c, w);
      if (w.bytes > 0) flightPanel(p, c, w);
    }
    rttPanel(p, c);
    if (busy.length && end > 0) goodputPanel(p, c, busy);
    const reset = el("button.small", { type: "button" }, "show all");
    reset.addEventListener("click", () => p.zoom(...p.home));
    graphs.prepend(el("p.hint", "Drag to zoom, double-click or ", reset, "; Ctrl or Shift with the wheel, + − and arrows work too. Click a point to keep its frame."));
  }

  // show tells of the frame under the pointer, until there is none: then of the one chosen.
  show(k) {
    const c = this.connection;
    if (k < 0) k = c.chosen;
    if (this.shown === k && this.shownOf === c) return;
    this.shown = k;
    this.shownOf = c;
    replace(this.frame, ...frameFacts(c, this.rows, k));
  }

  pick(k, scroll) {
    const c = this.connection;
    if (k < 0) return;
    c.chosen = k;
    this.shown = undefined;
    this.show(k);
    this.list.show(k);
    this.panels.redraw();
    if (scroll) this.frame.scrollIntoView({ block: "nearest" });
  }

  keys(e) {
    const c = this.connection;
    const to = { ArrowDown: c.chosen + 1, ArrowUp: c.chosen - 1, PageDown: c.chosen + 17, PageUp: c.chosen - 17, Home: 0, End: c.series.n - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    this.pick(Math.max(0, Math.min(c.series.n - 1, to)));
  }
}

// frameFacts is all that the page knows of a point.
function frameFacts(c, rows, k) {
  if (k < 0) return [el("h3", "Frame"), el("p.facts", "Point at a segment in a graph, or click one.")];
  const s = c.series, from = s.from[k], number = s.frame[k] % 2 ** 40;
  const list = el("dl");
  const fact = (name, ...value) => list.append(el("dt", name), el("dd", ...value));
  fact("sent by", sideNames[from]);
  fact("time", seconds(s.time[k]) + " s", k > 0 ? ", " + span((s.time[k] - s.time[k - 1]) / 1e9) + " after the one before" : "");
  fact("flags", flagsText(s.flags[k]));
  fact("seq", count(s.seq[k]) + (s.len[k] ? " to " + count(s.seq[k] + s.len[k]) : ""));
  if (s.flags[k] & ACK) fact("ack", count(s.ack[k]));
  fact("data", size(s.len[k]) + (s.len[k] > 999 ? " (" + count(s.len[k]) + ")" : ""));
  fact("window", count(s.window[k]));
  for (let j = s.sackAt[k]; j < s.sackAt[k + 1]; j += 2) fact("SACK", count(s.sack[j]) + " to " + count(s.sack[j + 1]));
  if (s.sampled[k] >= 0) fact("round trip", span((s.time[k] - s.time[s.sampled[k]]) / 1e9) + ", from frame " + frameText(s.frame[s.sampled[k]]));
  if (s.original[k]) fact("repeats", "frame " + frameText(s.original[k]));
  for (const t of c.transitions) {
    if (t.frame !== s.frame[k]) continue;
    const proof = t.cause === "sent" ? (t.proved ? "certain: it sent this" : "it sent this, and may have closed before") : t.cause === "assumed" ? "assumed" : t.proof === t.frame ? "certain: this shows it" : t.proof ? "proved by frame " + frameText(t.proof) : "if this arrived; nothing proves it";
    fact(t.endpoint, `${t.from} → ${t.to}, ${proof}`, el("span.rule", " " + (t.rule || "")));
  }
  const passage = passageOf(c, s.frame[k]);
  if (passage) fact("way", passage);
  const labels = labelsOf(s, k);
  fact("labels", labels.length ? labels.join(", ") : "an ordinary segment");
  const found = (c.findings.get(s.frame[k]) || []).map((a) => el("li." + a.severity, el("b", a.severity + " " + a.name), " ", a.message,
    a.seen ? el("p", "seen " + a.seen + (a.expected ? ", expected " + a.expected : "")) : null, a.rule ? el("p.rule", a.rule) : null, a.benign && a.benign.length ? el("p", "could also be: " + a.benign.join("; ")) : null));
  const tests = (c.detail.tests || {})[frameText(s.frame[k])];
  return [el("h3", "Frame " + frameText(s.frame[k])), list, found.length ? el("ul.findings", ...found) : null,
    el("p.facts", copyButton("frame.number == " + number, "the display filter")),
    tests ? el("details.tests", el("summary", counted(tests.length, "test", "tests") + " that it met"), el("dl", ...tests.flatMap((t) => [el("dt." + (t[0] === "passed" ? "passed" : t[0] === "failed" ? "failed" : "other"), t[0]), el("dd", el("b", t[1]), t[2] ? el("span.rule", " " + t[2]) : null, el("p", t[3]))])))
      : el("p.facts", "Its tests: tcpflow-states FILE --explain-frame " + frameText(s.frame[k]))].filter(Boolean);
}
