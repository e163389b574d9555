"use strict";
// The page put together. tcpflow is for who wants to read what is drawn: docs/html.md.

const tcpflow = { meta, rows: null, view: null, table: null, open: null, ready: null };
window.tcpflow = tcpflow;

tcpflow.ready = (async () => {
  readPalette();
  header(document.getElementById("top"));
  const filter = (text) => { tcpflow.table.search.value = text; tcpflow.table.find(text); tcpflow.table.search.scrollIntoView({ block: "nearest" }); };
  overview(document.getElementById("answer"), null, filter);
  const d = meta.document;
  replace(document.getElementById("foot"), el("p", `${d.tool.name} ${d.tool.version}. This page loads nothing and sends nothing. Drawn with uPlot (MIT, © 2022 Leon Sorokin).`));
  const rows = tcpflow.rows = await unpackRows();
  const view = tcpflow.view = new ConnectionView(document.getElementById("connection"), rows);
  const open = tcpflow.open = async (id) => {
    const i = rows.id.indexOf(id);
    if (i < 0) return null;
    table.choose(i, false);
    try { history.replaceState(null, "", "#conn=" + id); } catch { /* where a page may not, as within others */ }
    return view.open(i);
  };
  const table = tcpflow.table = new ConnectionTable(document.getElementById("connections"), rows, (i) => open(rows.id[i]));
  const fromHash = () => {
    const m = /^#conn=(\d+)$/.exec(location.hash);
    return m ? open(Number(m[1])) : null;
  };
  addEventListener("hashchange", () => { const opened = fromHash(); if (opened) opened.then(() => document.getElementById("connection").scrollIntoView()); });
  performance.mark("listed");
  if (!rows.id.length) return;
  // What the graphs are drawn of comes last in the page.
  if (document.readyState === "loading") await new Promise((done) => addEventListener("DOMContentLoaded", done));
  await fromHash() || await open(rows.id[table.order[0]]);
  performance.mark("drawn");
})().catch((e) => {
  document.getElementById("foot").append(el("p.broken", "This page could not be drawn: " + e.message));
  throw e;
});

function redrawAll(forPrint) {
  readPalette(forPrint);
  if (tcpflow.view && tcpflow.view.panels) tcpflow.view.panels.redraw();
  for (const u of overview.plots || []) u.redraw(false, true);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redrawAll());

// On paper nothing scrolls: the lists show their first rows, and that is said.
function unroll(box, list, most) {
  if (!box || !list) return () => {};
  const before = box.style.height, n = Math.min(list.n, most), note = el("p.facts", `the first ${count(n)} of ${count(list.n)}`);
  box.scrollTop = 0;
  box.style.height = n * list.height + 2 + "px";
  list.draw(true);
  if (n < list.n) box.after(note);
  return () => { box.style.height = before; note.remove(); list.draw(true); };
}

let rollUp = [];
addEventListener("beforeprint", () => {
  redrawAll(true);
  const { table, view } = tcpflow;
  rollUp = [table ? unroll(table.body, table.list, 60) : () => {}, view ? unroll(view.steps, view.list, 400) : () => {}];
});
addEventListener("afterprint", () => {
  redrawAll();
  for (const f of rollUp) f();
});
