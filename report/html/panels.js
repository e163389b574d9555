"use strict";
// Panels of one connection that share a time axis: zoomed in one, all are. uPlot has the
// axes, the cursor and the zoom; what is in a panel its painter draws.

const palette = {};
function readPalette(forPrint) {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ink", "dim", "grid", "paper", "client", "server", "ack", "edge", "sack", "resent", "fast", "probe", "spurious", "order", "twice", "bad", "alive", "median",
    "wait-handshake", "wait-application-client", "wait-application-server", "wait-window", "wait-loss", "wait-network", "wait-idle", "wait-close",
    "state-open", "state-opening", "state-closing", "state-wait", "state-closed"]) {
    palette[name] = style.getPropertyValue((forPrint ? "--print-" : "--") + name).trim() || style.getPropertyValue("--" + name).trim();
  }
}

class Panels {
  constructor(parent, end, hover, pick) {
    this.parent = parent;
    this.plots = [];
    this.min = 0;
    this.max = end > 0 ? end * 1.02 : 1e-3;
    this.home = [-this.max * 0.01, this.max];
    this.hover = hover;
    this.pick = pick;
    this.range = [...this.home];
    this.width = 0;
    this.sync = uPlot.sync("time");
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(parent);
    parent.addEventListener("keydown", (e) => this.key(e));
  }

  // add makes a panel. paint(view) draws; top(from, to) says what the highest value is;
  // nearest(view, x, y) returns the point at a place, or −1; values writes the axis.
  add({ title, note, height, values, names, top, paint, nearest, axis = true, legend }) {
    const holder = el("div.plot");
    const box = el("figure.panel", el("figcaption", el("b", title), note ? el("span.note", note) : null, legend || null), holder);
    this.parent.append(box);
    const panels = this;
    const font = "11px system-ui, sans-serif";
    const plot = new uPlot({
      width: Math.max(300, this.parent.clientWidth), height, legend: { show: false }, padding: [6, 12, 0, 0],
      cursor: {
        sync: { key: "time", scales: ["x", null] }, y: false, points: { show: false }, drag: { x: true, y: false, setScale: true },
        bind: { dblclick: () => () => { panels.zoom(...panels.home); return null; } },
      },
      scales: { x: { time: false, range: (u, a, b) => [a, b] }, y: { range: () => { const t = top ? top(panels.range[0], panels.range[1]) : 1; return [t.low || 0, (t.high ?? t) || 1]; } } },
      axes: [
        { stroke: () => palette.dim, grid: { stroke: () => palette.grid, width: 1 }, ticks: { stroke: () => palette.grid, size: 4 }, font, size: axis ? 28 : 4,
          values: (u, list) => axis ? timeTicks(list) : list.map(() => "") },
        { show: true, stroke: () => palette.dim, grid: { show: !!values, stroke: () => palette.grid, width: 1 }, ticks: { show: !!values, stroke: () => palette.grid, size: 4 }, font, size: 84,
          values: (u, list) => values ? list.map((v) => v < 0 ? "" : values(v)) : list.map(() => "") },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        drawAxes: [(u) => { if (names) panels.write(u, names); }],
        draw: [(u) => panels.draw(u, paint)],
        setScale: [(u, key) => { if (key === "x") panels.zoomed(u); }],
        setCursor: [(u) => panels.moved(u, nearest)],
      },
    }, [[...this.range], [0, 1]], holder);
    plot.over.addEventListener("click", (e) => {
      if (!nearest || this.dragged) return;
      const p = nearest(this.view(plot), e.offsetX, e.offsetY);
      if (p >= 0) this.pick(p);
    });
    plot.over.addEventListener("mousedown", (e) => { this.down = e.clientX; this.dragged = false; });
    plot.over.addEventListener("mouseup", (e) => { this.dragged = Math.abs(e.clientX - this.down) > 3; });
    plot.over.addEventListener("wheel", (e) => {
      if (!e.ctrlKey && !e.shiftKey) return;
      e.preventDefault();
      const at = plot.posToVal(e.offsetX, "x"), by = (e.deltaY || e.deltaX) > 0 ? 1.25 : 0.8;
      this.zoom(at - (at - this.range[0]) * by, at + (this.range[1] - at) * by);
    }, { passive: false });
    this.plots.push(plot);
    this.sync.sub(plot);
    return plot;
  }

  // view is what a painter needs: the canvas, and places of values in its pixels.
  view(u) {
    const ratio = uPlot.pxRatio, x = u.scales.x, y = u.scales.y, b = u.bbox;
    const kx = b.width / (x.max - x.min), ky = b.height / (y.max - y.min);
    return {
      ctx: u.ctx, ratio, left: b.left, top: b.top, width: b.width, height: b.height, from: x.min, to: x.max,
      x: (t) => b.left + (t - x.min) * kx, y: (v) => b.top + b.height - (v - y.min) * ky,
      low: y.min, high: y.max,
    };
  }

  // write names the rows of a panel, beside it.
  write(u, names) {
    const v = this.view(u), h = v.height / names.length;
    v.ctx.fillStyle = palette.dim;
    v.ctx.font = `${11 * v.ratio}px system-ui, sans-serif`;
    v.ctx.textAlign = "right";
    v.ctx.textBaseline = "middle";
    names.forEach((name, row) => v.ctx.fillText(name, v.left - 6 * v.ratio, v.top + row * h + h / 2));
    v.ctx.textBaseline = "alphabetic";
  }

  draw(u, paint) {
    const v = this.view(u), c = v.ctx;
    c.save();
    c.beginPath();
    c.rect(v.left, v.top, v.width, v.height);
    c.clip();
    paint(v);
    c.restore();
  }

  zoom(from, to) {
    if (!(to > from) || to - from < 1e-9) return;
    const u = this.plots[0];
    if (u) u.setScale("x", { min: from, max: to });
  }

  zoomed(u) {
    const { min, max } = u.scales.x;
    if (min === undefined || min === null || min === this.range[0] && max === this.range[1]) return;
    this.range = [min, max];
    for (const p of this.plots) p.setScale("x", { min, max });
  }

  moved(u, nearest) {
    if (!nearest || u.cursor.left < 0 || !u.over.matches(":hover") && !this.forced) return;
    this.hover(nearest(this.view(u), u.cursor.left, u.cursor.top));
  }

  resize() {
    const width = this.parent.clientWidth;
    if (width === this.width || width < 50) return;
    this.width = width;
    for (const p of this.plots) p.setSize({ width, height: p.height });
  }

  redraw() { for (const p of this.plots) p.redraw(false, true); }

  key(e) {
    const [a, b] = this.range, w = b - a;
    const to = { "+": [a + w * 0.2, b - w * 0.2], "=": [a + w * 0.2, b - w * 0.2], "-": [a - w * 0.33, b + w * 0.33], ArrowLeft: [a - w * 0.2, b - w * 0.2], ArrowRight: [a + w * 0.2, b + w * 0.2], 0: this.home }[e.key];
    if (!to || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    this.zoom(...to);
  }

  destroy() {
    this.observer.disconnect();
    for (const p of this.plots) { this.sync.unsub(p); p.destroy(); }
    this.plots = [];
  }
}

// timeTicks writes the axis' times in one unit.
function timeTicks(list) {
  const step = list.length > 1 ? Math.abs(list[1] - list[0]) : Math.abs(list[0]) || 1;
  const most = Math.max(...list.map(Math.abs));
  const [unit, factor] = most < 1e-6 ? ["ns", 1e9] : most < 1e-3 ? ["µs", 1e6] : most < 1 ? ["ms", 1e3] : most < 300 ? ["s", 1] : most < 14400 ? ["min", 1 / 60] : ["h", 1 / 3600];
  const digits = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step * factor) - 1e-9)));
  return list.map((v) => (v * factor).toFixed(digits) + " " + unit);
}

// stepLine draws a line that keeps each value until the next: of the points in a column of
// pixels it draws the span between the lowest and the highest, which is all that can be seen.
function stepLine(v, n, start, stop, X, Y, color, width = 1.2, dash) {
  const c = v.ctx;
  c.strokeStyle = color;
  c.lineWidth = width * v.ratio;
  c.setLineDash(dash || []);
  c.beginPath();
  let begun = false, px = 0, low = 0, high = 0, last = 0;
  const flush = () => {
    if (low !== high) { c.moveTo(px, low); c.lineTo(px, high); c.moveTo(px, last); }
  };
  for (let i = start; i < stop; i++) {
    const x = Math.round(v.x(X(i))), y = v.y(Y(i));
    if (!begun) {
      begun = true;
      c.moveTo(x, y);
      px = x; low = high = last = y;
      continue;
    }
    if (x === px) {
      low = Math.min(low, y); high = Math.max(high, y); last = y;
      continue;
    }
    flush();
    c.lineTo(x, last);
    c.lineTo(x, y);
    px = x; low = Math.min(last, y); high = Math.max(last, y); last = y;
  }
  if (begun) { flush(); c.lineTo(v.left + v.width, last); }
  c.stroke();
  c.setLineDash([]);
}
