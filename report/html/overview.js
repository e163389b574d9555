"use strict";
// The first screen: what is wrong, how the services did, how many connections were open.

const addressText = (a) => a.ip.includes(":") ? `[${a.ip}]:${a.port}` : `${a.ip}:${a.port}`;

function overview(parent, open, filter) {
  const d = meta.document, s = d.summary;
  replace(parent,
    el("div.columns", problemsBox(s, d.capture, open), el("div.stack", verdictsBox(s, filter), concurrencyBox(s))),
    s.services.length ? servicesBox(s, filter) : null);
}

function header(parent) {
  const c = meta.document.capture, names = c.sources.map((x) => x.name), n = meta.document.summary.connections;
  document.title = visible(names.slice(0, 3).join(", ")) + (names.length > 3 ? ", …" : "") + " · tcpflow-states";
  const facts = [
    counted(c.packets, "packet", "packets"), counted(n, "connection", "connections"), size(meta.document.summary.bytes) + " of data",
    c.first_time ? moment(c.first_time, 0) + ", " + span(c.duration_s) : "without times",
  ];
  const skipped = c.packets - c.segments;
  if (skipped) facts.push(counted(skipped, "packet", "packets") + " not analysed: " + Object.entries(c.skipped).map(([k, v]) => count(v) + " " + k).join(", "));
  replace(parent, el("h1", names.slice(0, 6).join(", ") + (names.length > 6 ? " and " + count(names.length - 6) + " more" : "")), el("p.facts", facts.join(" · ")),
    ...c.sources.filter((x) => x.comments.length).flatMap((x) => x.comments.slice(0, 5).map((text) => el("p.comment", text))));
}

function problemsBox(s, capture, open) {
  const list = el("ol.problems"), more = [];
  const item = (p) => {
    const title = p.anomaly ? (s.anomalies.find((a) => a.name === p.anomaly) || { title: p.anomaly }).title : meta.verdicts[p.verdict] || p.verdict;
    const where = !p.server ? counted(p.services, "service", "services") : p.server.port === null ? p.server.ip + ", " + counted(p.services, "port", "ports") : addressText(p.server);
    const cost = p.concern === "failure" ? count(p.connections) + " failed" : p.cost_s > 0 ? span(p.cost_s) : "× " + count(p.connections);
    const link = el("a", { href: "#conn=" + p.worst.id, title: "open the connection that lost most" }, "#" + p.worst.id);
    return el("li." + p.concern, el("span.cost", cost), el("div", el("b", title), " ", el("span.where", where), " ", link, p.worst.message ? el("p", p.worst.message) : null));
  };
  s.problems.slice(0, 6).forEach((p) => list.append(item(p)));
  if (s.problems.length > 6) {
    const rest = el("ol.problems");
    s.problems.slice(6).forEach((p) => rest.append(item(p)));
    more.push(el("details", el("summary", "and " + counted(s.problems.length - 6, "smaller one", "smaller ones")), rest));
  }
  const unknown = (s.verdicts["cannot-tell"] || 0);
  const none = !s.connections ? "none: no connection was chosen" : "none: no connection failed, no check warns or tells of time lost" + (unknown ? "; of " + count(unknown) + " the capture shows too little to tell" : "");
  const faults = capture.quality.faults.concat(capture.sources.filter((x) => x.cut).map((x) => x.name + ": " + x.cut), capture.anomalies.map((a) => a.message));
  return el("div.card.problems-card", el("h2", "Problems"), s.problems.length ? list : el("p.none", none), ...more,
    faults.length ? el("details.faults", { open: faults.length < 4 }, el("summary", "The capture: " + counted(faults.length, "remark", "remarks")), el("ul", ...faults.map((f) => el("li", f)))) : null);
}

const concernColor = { failure: "bad", trouble: "warn", fine: "good", unknown: "dim" };

function verdictsBox(s, filter) {
  const bar = el("div.stackbar"), list = el("ul.verdicts");
  const entries = Object.entries(s.verdicts);
  for (const [code, n] of entries) {
    const concern = meta.concerns[code] || "unknown", part = el("i", { title: `${meta.verdicts[code] || code}: ${count(n)}` });
    part.style.flexGrow = n;
    part.style.background = `var(--${concernColor[concern] || "dim"})`;
    bar.append(part);
    const mark = el("i");
    mark.style.background = part.style.background;
    const row = el("button.plain", { type: "button", title: "show these connections" }, mark, el("span", meta.verdicts[code] || code), el("b", count(n)));
    row.addEventListener("click", () => filter(code));
    if (list.childElementCount < 8) list.append(el("li", row));
  }
  if (entries.length > 8) list.append(el("li.more", "and " + counted(entries.length - 8, "other verdict", "other verdicts")));
  const states = (side) => Object.entries(s.states[side]).map(([k, v]) => count(v) + " " + k).join(", ");
  return el("div.card", el("h2", "Verdicts"), bar, list, el("p.facts", "Final states. Client: " + states("client") + ". Server: " + states("server") + "."));
}

function concurrencyBox(s) {
  const o = s.open_at_a_time;
  if (!o || o.mean.length < 2) return null;
  const holder = el("div.plot"), box = el("div.card", el("h2", "Open connections"), el("p.facts", `the mean in each ${span(o.step_s)}, at most ${o.most <= 0 ? "under 0.1" : o.most < 10 ? significant(o.most) : count(o.most)}`), holder);
  const x = o.mean.map((_, i) => i * o.step_s);
  requestAnimationFrame(() => {
    const font = "11px system-ui, sans-serif";
    const u = new uPlot({
      width: Math.max(200, holder.clientWidth), height: 130, legend: { show: false }, padding: [6, 18, 0, 0], cursor: { y: false, drag: { x: false, y: false } },
      scales: { x: { time: false }, y: { range: (u, a, b) => [0, Math.max(1, b * 1.1)] } },
      axes: [{ stroke: () => palette.dim, grid: { show: false }, font, size: 26, values: (u, l) => timeTicks(l) },
        { stroke: () => palette.dim, grid: { stroke: () => palette.grid, width: 1 }, font, size: 50, values: (u, l) => l.map((v) => Number.isInteger(v) ? count(v) : "") }],
      series: [{}, { stroke: () => palette.client, fill: () => palette.client + "33", width: 1.5, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }) }],
    }, [x, o.mean], holder);
    overview.plots = [u];
    new ResizeObserver(() => { if (holder.clientWidth > 50) u.setSize({ width: holder.clientWidth, height: 130 }); }).observe(holder);
  });
  return box;
}

// distribution draws minimum, median, 95th and 99th percentile and maximum on a logarithmic
// scale that all rows share.
function distribution(d, low, high) {
  if (!d.samples) return el("td.dist");
  const place = (v) => high > low ? (Math.log(Math.max(v, low)) - Math.log(low)) / (Math.log(high) - Math.log(low)) * 100 : 50;
  const box = el("div.box", { title: `min ${span(d.min_s)}, median ${span(d.median_s)}, p95 ${span(d.p95_s)}, p99 ${span(d.p99_s)}, max ${span(d.max_s)}; ${counted(d.samples, "sample", "samples")}` });
  const part = (cls, a, b) => { const e = el("i." + cls); e.style.left = place(a) + "%"; e.style.width = Math.max(0.6, place(b) - place(a)) + "%"; box.append(e); };
  part("whole", d.min_s, d.max_s);
  part("most", d.min_s, d.p95_s);
  part("middle", d.median_s, d.median_s);
  return el("td.dist", box, el("span", span(d.median_s) + " / " + span(d.p95_s)));
}

function servicesBox(s, filter) {
  const all = s.services.flatMap((v) => [v.handshake, v.answer]).filter((d) => d.samples);
  const low = Math.max(1e-7, Math.min(...all.map((d) => d.min_s))), high = Math.max(low * 1.01, ...all.map((d) => d.max_s));
  const row = (v) => {
    const c = v.sent.client, t = v.sent.server, resent = (c.retransmissions + t.retransmissions) / Math.max(1, c.packets + t.packets);
    const name = el("button.plain", { type: "button", title: "show these connections" }, addressText(v.server) + (v.service ? " " + v.service : ""));
    name.addEventListener("click", () => filter(addressText(v.server)));
    return el("tr", el("th", { scope: "row" }, name), el("td.num", count(v.connections)), el("td.num" + (v.failed ? ".failed" : ""), count(v.failed)), el("td.num", percent(resent)),
      el("td.num", size(c.bytes)), el("td.num", size(t.bytes)), el("td.num", size(Math.max(c.goodput_bytes_per_s, t.goodput_bytes_per_s)) + "/s"),
      distribution(v.handshake, low, high), distribution(v.answer, low, high));
  };
  const head = el("tr", ...["Service", "Connections", "Failed", "Resent", "By clients", "By server", "Goodput"].map((h, i) => el(i ? "th.num" : "th", { scope: "col" }, h)),
    el("th", { scope: "col" }, "Handshake, median / p95"), el("th", { scope: "col" }, "Answer, median / p95"));
  const shown = s.services.slice(0, 8), rest = s.services.slice(8, 200);
  const table = el("table.services", el("thead", head), el("tbody", ...shown.map(row)));
  const more = rest.length ? el("button.small", { type: "button" }, "show " + count(rest.length) + " more") : null;
  if (more) more.addEventListener("click", () => { table.tBodies[0].append(...rest.map(row)); more.remove(); });
  const others = s.services.length - 200 + (s.other_services ? s.other_services.services : 0);
  return el("div.card.wide", el("h2", "Services"), el("div.scroll", table), more, others > 0 ? el("p.facts", "and " + counted(others, "other", "others")) : null);
}
