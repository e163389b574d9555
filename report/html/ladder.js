"use strict";
// The bars of states and waits, and the ladder.

const stateColor = {
  "SYN-SENT": "state-opening", "SYN-RECEIVED": "state-opening", LISTEN: "state-opening", ESTABLISHED: "state-open",
  "FIN-WAIT-1": "state-closing", "FIN-WAIT-2": "state-closing", "CLOSE-WAIT": "state-closing", CLOSING: "state-closing", "LAST-ACK": "state-closing",
  "TIME-WAIT": "state-wait", CLOSED: "state-closed",
};

const waitColor = ([cause, side]) => cause === "application" ? "wait-application-" + side : "wait-" + cause;
const waitText = ([cause, side]) => ({ handshake: "handshake", application: `the ${side}'s application`, window: `the ${side}'s receive window`, loss: `loss, the ${side} resends`, network: "network", idle: "idle", close: "close" })[cause];

// hatching is the pattern of what is not proved.
function hatching(v, color) {
  const tile = document.createElement("canvas"), n = Math.round(6 * v.ratio);
  tile.width = tile.height = n;
  const c = tile.getContext("2d");
  c.strokeStyle = color;
  c.lineWidth = 1.6 * v.ratio;
  c.beginPath();
  for (const d of [-n, 0, n]) { c.moveTo(d, n); c.lineTo(d + n, 0); }
  c.stroke();
  return v.ctx.createPattern(tile, "repeat");
}

function statesPanel(panels, c) {
  const s = c.series, rows = s.spentKnown && s.waitAccount.length ? 3 : 2;
  const place = (v, row) => { const h = v.height / rows; return [v.top + row * h + 2 * v.ratio, h - 4 * v.ratio]; };
  const names = ["client", "server", "waited for"];
  const wait = c.states.flat().find((b) => b.expected);
  const sums = accounts.map(() => 0);
  let before = 0;
  s.waitUntil.forEach((until, k) => { sums[s.waitAccount[k]] += until - before; before = until; });
  c.spent = sums;
  const used = accounts.map((a, n) => [n, a]).filter(([n]) => sums[n] > 0).sort((a, b) => sums[b[0]] - sums[a[0]]);
  const legend = legendOf(used.map(([n, a]) => [waitColor(a), `${waitText(a)} ${span(sums[n] / 1e9)}`]), (k) => `var(--${k})`);
  if (wait) {
    const b = el("button.small", { type: "button", title: "zoom out to the end of TIME-WAIT" }, "TIME-WAIT until " + span(wait.expected / 1e9));
    b.addEventListener("click", () => panels.zoom(0, wait.expected / 1e9 * 1.02));
    legend.append(b);
  }
  panels.add({
    title: "States", note: rows === 3 ? "and what the time went to" : "", height: 30 + 24 * rows, legend, names: names.slice(0, rows),
    nearest: (v, x) => nearestPoint(v, s, [c.everyPoint], x, 0, () => [v.high, v.low]),
    paint: (v) => {
      for (const side of [CLIENT, SERVER]) for (const b of c.states[side]) paintState(v, place(v, side), b);
      if (rows === 3) paintWaits(v, place(v, 2), s);
      paintChosen(v, s, c.chosen);
    },
  });
}

function paintState(v, [y, h], b) {
  const c = v.ctx, color = palette[stateColor[b.state]] || palette.dim;
  const from = Math.max(v.left, v.x(b.from / 1e9)), to = Math.min(v.left + v.width, v.x(b.to / 1e9));
  const fill = (x0, x1, solid) => {
    if (x1 <= x0 && !(x1 === x0)) return;
    c.fillStyle = solid ? color : hatching(v, color);
    c.fillRect(x0, y, Math.max(v.ratio, x1 - x0), h);
    if (!solid) { c.strokeStyle = color; c.lineWidth = v.ratio; c.strokeRect(x0, y, Math.max(v.ratio, x1 - x0), h); }
  };
  if (to >= from) fill(from, to, b.proved);
  let end = to;
  if (b.expected) {
    end = Math.min(v.left + v.width, v.x(b.expected / 1e9));
    fill(Math.max(v.left, to), end, false);
  }
  c.font = `${11 * v.ratio}px system-ui, sans-serif`;
  c.textAlign = "center";
  c.textBaseline = "middle";
  const text = b.state + (b.proved ? "" : " ?"), width = c.measureText(text).width;
  if (end - from > width + 8 * v.ratio) {
    const x = (from + end) / 2;
    c.fillStyle = palette.paper;
    c.globalAlpha = b.proved && !b.expected ? 0 : 0.85;
    c.fillRect(x - width / 2 - 3 * v.ratio, y + 2 * v.ratio, width + 6 * v.ratio, h - 4 * v.ratio);
    c.globalAlpha = 1;
    c.fillStyle = b.proved && !b.expected ? "#fff" : palette.ink;
    c.fillText(text, x, y + h / 2);
  }
  c.textBaseline = "alphabetic";
}

// paintWaits draws what the time went to. A column of pixels in which that changes shows each
// cause at its share of it.
function paintWaits(v, [y, h], s) {
  const c = v.ctx, columns = Math.ceil(v.width), n = accounts.length, shares = new Float64Array(columns * n);
  let from = 0;
  for (let k = 0; k < s.waitUntil.length; k++) {
    const x0 = Math.max(0, v.x(from / 1e9) - v.left), x1 = Math.min(columns, v.x(s.waitUntil[k] / 1e9) - v.left), account = s.waitAccount[k];
    from = s.waitUntil[k];
    for (let x = Math.floor(x0); x < x1; x++) shares[x * n + account] += Math.min(x1, x + 1) - Math.max(x0, x);
  }
  for (let x = 0; x < columns; x++) {
    let top = y;
    for (let a = 0; a < n; a++) {
      const share = shares[x * n + a];
      if (share === 0) continue;
      let wide = 1; // as far as nothing else is to be drawn
      if (share > 0.999) while (x + wide < columns && shares[(x + wide) * n + a] > 0.999) wide++;
      c.fillStyle = palette[waitColor(accounts[a])];
      c.fillRect(v.left + x, top, wide, share * h);
      top += share * h;
      if (wide > 1) { x += wide - 1; break; }
    }
  }
}

function flagsText(f) {
  let t = "";
  for (const [bit, letter] of [[SYN, "S"], [FIN, "F"], [RST, "R"], [PSH, "P"], [ACK, "."], [32, "U"], [64, "E"], [128, "W"], [256, "e"]]) if (f & bit) t += letter;
  return "[" + (t || "none") + "]";
}

// virtualList shows so many rows, of which only those in view exist. Browsers end elements
// at some ten million pixels: longer lists are scrolled faster than a row a row.
function virtualList(box, n, height, row) {
  const inner = el("div.rows"), most = 8e6, full = n * height, tall = Math.min(full, most);
  inner.style.height = tall + "px";
  replace(box, inner);
  const shown = new Map();
  const state = { n, height };
  state.draw = (again) => {
    if (again) { for (const e of shown.values()) e.remove(); shown.clear(); }
    const room = box.clientHeight || 300, scale = tall > room ? (full - room) / (tall - room) : 1, offset = box.scrollTop * Math.max(1, scale);
    const first = Math.max(0, Math.floor(offset / height) - 4), last = Math.min(n, Math.ceil((offset + room) / height) + 4);
    for (const [i, e] of shown) if (i < first || i >= last) { e.remove(); shown.delete(i); }
    for (let i = first; i < last; i++) {
      let e = shown.get(i);
      if (!e) { e = row(i); shown.set(i, e); inner.append(e); }
      e.style.top = i * height - offset + box.scrollTop + "px";
    }
  };
  state.show = (i) => {
    const room = box.clientHeight, scale = tall > room ? (full - room) / (tall - room) : 1, at = box.scrollTop * Math.max(1, scale);
    if (i * height < at || (i + 1) * height > at + room) box.scrollTop = Math.max(0, (i * height - room / 2) / Math.max(1, scale));
    state.draw(true);
  };
  box.onscroll = () => state.draw();
  state.draw();
  return state;
}

// ladder lists the segments between the two endpoints, with the states after each.
function ladder(box, c, pick) {
  const s = c.series, changes = new Map(); // by point: what becomes of client and server
  for (const t of c.transitions) {
    const i = t.frame % 2 ** 40 === 0 ? -1 : pointOf(s, t.frame);
    if (i < 0) continue;
    if (!changes.has(i)) changes.set(i, ["", ""]);
    changes.get(i)[sideNames.indexOf(t.endpoint)] = t.to + (t.proved ? "" : " ?");
  }
  const worst = { error: 3, warning: 2, note: 1, capture: 0 };
  return virtualList(box, s.n, 22, (i) => {
    const states = changes.get(i) || ["", ""], found = (c.findings.get(s.frame[i]) || []).slice().sort((a, b) => worst[b.severity] - worst[a.severity]);
    const text = `${flagsText(s.flags[i])} seq ${s.seq[i]}${s.flags[i] & ACK ? " ack " + s.ack[i] : ""} len ${s.len[i]} win ${s.window[i]}`;
    const e = el("div.step" + (i === c.chosen ? ".chosen" : "") + (found.length ? ".found-" + found[0].severity : ""), { role: "row", title: found.map((a) => a.message).join("\n") || null },
      el("span.frame", frameText(s.frame[i])), el("span.time", seconds(s.time[i])), el("span.state.left", states[0]),
      el("span.arrow." + (s.from[i] === CLIENT ? "right" : "back"), el("span", text)), el("span.state", states[1]),
      el("span.labels", [...found.map((a) => a.name), ...labelsOf(s, i)].join(", ")));
    e.addEventListener("click", () => pick(i));
    return e;
  });
}
