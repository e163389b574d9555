"use strict";
// What is in the panels.

// ways are what one direction's graphs are drawn of: the indices of the points that matter.
function wayOf(s, side) {
  const own = new Int32Array(s.n), acks = new Int32Array(s.n), fresh = new Float64Array(s.n);
  // In flight and the window, each at the points where they change, and what was new.
  const at = new Int32Array(s.n), flight = new Float64Array(s.n), window = new Float64Array(s.n);
  const w = { side, bytes: 0, fresh };
  let owned = 0, acked = 0, changes = 0, sent = 0, known = 0, win = NaN;
  for (let i = 0; i < s.n; i++) {
    const flags = s.flags[i], twice = marked(s, i, "duplicate-frame");
    if (s.from[i] === side) {
      if (s.len[i] > 0 || flags & (SYN | FIN | RST) || s.marks[i] !== 0) own[owned++] = i; else continue;
      if (flags & RST || twice) continue;
      const end = s.seq[i] + s.len[i];
      if (end > sent) { fresh[i] = Math.min(s.len[i], end - sent); sent = end; }
      w.bytes += s.len[i];
    } else {
      if (!(flags & ACK) || flags & RST || twice) continue;
      acks[acked++] = i;
      if (!(flags & SYN)) win = s.window[i];
      if (s.ack[i] > known) known = s.ack[i];
    }
    at[changes] = i;
    flight[changes] = sent > known ? sent - known : 0;
    window[changes++] = win;
  }
  return Object.assign(w, { own: own.subarray(0, owned), acks: acks.subarray(0, acked), at: at.subarray(0, changes), flight: flight.subarray(0, changes), window: window.subarray(0, changes) });
}

// slice returns from where to where a list of points lies between two times, with one more
// on either side.
function slice(s, list, from, to) {
  const find = (time) => {
    let low = 0, high = list.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (s.time[list[mid]] < time) low = mid + 1; else high = mid;
    }
    return low;
  };
  return [Math.max(0, find(from * 1e9) - 1), Math.min(list.length, find(to * 1e9) + 1)];
}

// kindOf is how a segment is drawn.
function kindOf(s, i) {
  if (s.marks[i] !== 0) {
    if (marked(s, i, "duplicate-frame")) return "twice";
    if (marked(s, i, "retransmission") || marked(s, i, "original-not-captured")) {
      if (marked(s, i, "retransmission-fast")) return "fast";
      if (marked(s, i, "tail-loss-probe")) return "probe";
      if (marked(s, i, "retransmission-spurious")) return "spurious";
      return "resent";
    }
    if (marked(s, i, "out-of-order")) return "order";
    if (marked(s, i, "keepalive") || marked(s, i, "zero-window-probe")) return "alive";
  }
  return "plain";
}

const segmentLegend = [
  ["plain", "segment"], ["resent", "resent (timer or unknown)"], ["fast", "fast retransmission"], ["probe", "tail loss probe"], ["spurious", "needlessly resent"],
  ["order", "out of order"], ["twice", "captured twice"], ["alive", "keepalive, window probe"], ["ack", "ACK"], ["sack", "SACKed"], ["edge", "window's edge"], ["bad", "RST, zero window"],
];

function legendOf(entries, color) {
  const box = el("span.legend");
  for (const [key, text] of entries) {
    const mark = el("i");
    mark.style.background = color(key);
    box.append(el("span", mark, text));
  }
  return box;
}

function sequencePanel(panels, c, w) {
  const s = c.series, colors = (kind) => kind === "plain" ? palette[sideNames[w.side]] : palette[kind];
  const X = (list) => (k) => s.time[list[k]] / 1e9;
  const kinds = new Set(["plain"]);
  for (const i of w.own) if (s.marks[i] !== 0) kinds.add(kindOf(s, i));
  const has = (f) => w.acks.some(f);
  if (w.acks.length) kinds.add("ack").add("edge");
  if (s.sack.length && has((i) => s.sackAt[i + 1] > s.sackAt[i])) kinds.add("sack");
  if (w.own.some((i) => s.flags[i] & RST) || has((i) => marked(s, i, "zero-window"))) kinds.add("bad");
  panels.add({
    title: "Sequence numbers, " + sideNames[w.side] + " → " + sideNames[1 - w.side], note: size(w.bytes) + " sent", height: 240, values: size,
    legend: legendOf(segmentLegend.filter(([k]) => kinds.has(k)), (k) => `var(--${k === "plain" ? sideNames[w.side] : k})`),
    top: (from, to) => {
      // What the segments and ACKs in view reach; the window's edge may lie far above it.
      let low = Infinity, high = 0;
      const [a, b] = slice(s, w.own, from, to);
      const skip = Math.max(1, Math.floor((b - a) / 20000));
      for (let k = a; k < b; k += skip) { const i = w.own[k]; if (s.flags[i] & RST) continue; low = Math.min(low, s.seq[i]); high = Math.max(high, s.seq[i] + s.len[i]); }
      const [d, e] = slice(s, w.acks, from, to);
      if (e > d) { low = Math.min(low, s.ack[w.acks[d]]); high = Math.max(high, s.ack[w.acks[e - 1]]); }
      if (low > high) return 1;
      const room = Math.max(2, (high - low) * 0.08);
      return { low: Math.max(-room, low - room), high: high + room * 1.5 };
    },
    nearest: (v, x, y) => nearestPoint(v, s, [w.own, w.acks], x, y, (i) => s.from[i] === w.side ? [s.seq[i], s.seq[i] + s.len[i]] : [s.ack[i], s.ack[i]]),
    paint: (v) => {
      const [a, b] = slice(s, w.acks, v.from, v.to), [d, e] = slice(s, w.own, v.from, v.to);
      stepLine(v, w.acks.length, a, b, X(w.acks), (k) => s.ack[w.acks[k]] + s.window[w.acks[k]], palette.edge, 1, [4 * v.ratio, 3 * v.ratio]);
      paintSACKs(v, s, w.acks, a, b);
      stepLine(v, w.acks.length, a, b, X(w.acks), (k) => s.ack[w.acks[k]], palette.ack, 1.4);
      paintSegments(v, s, w.own, d, e, colors);
      paintSigns(v, s, w, a, b, d, e);
      paintChosen(v, s, c.chosen, (i) => s.from[i] === w.side ? s.seq[i] + s.len[i] / 2 : s.ack[i]);
    },
  });
}

// bars draws upright bars, which must come in the order of their times. In a column of pixels
// it draws each row once that any bar covers, however many do.
function bars(v, n, bar, color) {
  const c = v.ctx, least = Math.max(1, (n < 400 ? 2.4 : 1.4) * v.ratio), top = Math.floor(v.top), rows = Math.ceil(v.height) + 2;
  const edges = new Int32Array(rows + 1); // how many more bars cover this row than the one above
  c.fillStyle = color;
  let px = -1, low = rows, high = -1;
  const flush = () => {
    for (let y = low, covered = 0, from = -1; y <= high + 1; y++) {
      covered += edges[y];
      edges[y] = 0;
      if (covered > 0 && from < 0) from = y;
      if (covered === 0 && from >= 0) { c.fillRect(px, top + from, least, Math.max(least, y - from)); from = -1; }
    }
    low = rows;
    high = -1;
  };
  for (let k = 0; k < n; k++) {
    const [t, from, to] = bar(k), x = Math.round(v.x(t));
    if (x !== px) { flush(); px = x; }
    const y1 = Math.floor(v.y(to)) - top, y0 = Math.ceil(v.y(from)) - top - 1;
    if (y0 < 0 || y1 >= rows) continue;
    const first = Math.max(0, y1), last = Math.max(first, Math.min(rows - 1, y0));
    edges[first]++;
    edges[last + 1]--;
    if (first < low) low = first;
    if (last > high) high = last;
  }
  flush();
}

function paintSegments(v, s, list, from, to, colors) {
  const others = new Map(), plain = new Int32Array(to - from);
  let n = 0;
  for (let k = from; k < to; k++) {
    const i = list[k], kind = kindOf(s, i);
    if (kind === "plain") { if (s.len[i] > 0) plain[n++] = i; }
    else if (others.has(kind)) others.get(kind).push(i);
    else others.set(kind, [i]);
  }
  const bar = (l) => (k) => [s.time[l[k]] / 1e9, s.seq[l[k]], s.seq[l[k]] + s.len[l[k]]];
  bars(v, n, bar(plain), colors("plain"));
  for (const [kind, l] of others) {
    if (kind === "twice") {
      v.ctx.fillStyle = colors(kind);
      if (l.length <= 3000) for (const i of l) dot(v, v.x(s.time[i] / 1e9), v.y(s.seq[i] + s.len[i] / 2), 1.2);
      continue;
    }
    bars(v, l.length, bar(l), colors(kind));
    if (l.length > 3000) continue;
    v.ctx.fillStyle = colors(kind);
    for (const i of l) dot(v, v.x(s.time[i] / 1e9), v.y(s.seq[i] + s.len[i] / 2), kind === "alive" ? 2.6 : 2.2);
  }
}

function dot(v, x, y, r) {
  v.ctx.beginPath();
  v.ctx.arc(x, y, r * v.ratio, 0, 7);
  v.ctx.fill();
}

function paintSACKs(v, s, acks, from, to) {
  if (!s.sack.length) return;
  const list = [];
  for (let k = from; k < to; k++) {
    const i = acks[k];
    for (let j = s.sackAt[i]; j < s.sackAt[i + 1]; j += 2) if (s.sack[j] >= 0) list.push([s.time[i] / 1e9, s.sack[j], s.sack[j + 1]]);
  }
  v.ctx.globalAlpha = 0.75;
  bars(v, list.length, (k) => list[k], palette.sack);
  v.ctx.globalAlpha = 1;
}

// paintSigns draws SYN, FIN and RST, closed windows, and duplicate ACKs.
function paintSigns(v, s, w, ackFrom, ackTo, ownFrom, ownTo) {
  const c = v.ctx;
  c.font = `600 ${10 * v.ratio}px system-ui, sans-serif`;
  c.textAlign = "center";
  let lastX = -1e9;
  for (let k = ownFrom; k < ownTo; k++) {
    const i = w.own[k], f = s.flags[i] & (SYN | FIN | RST);
    if (!f || marked(s, i, "duplicate-frame")) continue;
    const x = v.x(s.time[i] / 1e9), y = Math.max(v.top + 12 * v.ratio, Math.min(v.top + v.height - 2 * v.ratio, v.y(s.seq[i] + s.len[i]) - 4 * v.ratio));
    if (x - lastX < 14 * v.ratio && ownTo - ownFrom > 500) continue;
    lastX = x;
    c.fillStyle = f & RST ? palette.bad : palette.ink;
    c.fillText(f & RST ? "RST" : f & SYN ? "SYN" : "FIN", Math.max(v.left + 12 * v.ratio, x), y);
  }
  const width = Math.max(1, v.ratio);
  for (let k = ackFrom; k < ackTo; k++) {
    const i = w.acks[k];
    if (s.marks[i] === 0) continue;
    const x = v.x(s.time[i] / 1e9), y = v.y(s.ack[i]);
    if (marked(s, i, "zero-window")) {
      c.fillStyle = palette.bad;
      c.fillRect(x - 3 * v.ratio, y - 3 * v.ratio, 6 * v.ratio, 6 * v.ratio);
    } else if (marked(s, i, "duplicate-ack")) {
      c.fillStyle = palette.ack;
      c.fillRect(x, y, width, 5 * v.ratio);
    }
  }
}

function paintChosen(v, s, i, Y) {
  if (i === undefined || i < 0) return;
  const x = v.x(s.time[i] / 1e9), c = v.ctx;
  c.strokeStyle = palette.ink;
  c.lineWidth = v.ratio;
  c.setLineDash([2 * v.ratio, 2 * v.ratio]);
  c.beginPath();
  c.moveTo(x, v.top);
  c.lineTo(x, v.top + v.height);
  c.stroke();
  c.setLineDash([]);
  if (!Y) return;
  c.lineWidth = 1.5 * v.ratio;
  c.beginPath();
  c.arc(x, v.y(Y(i)), 5 * v.ratio, 0, 7);
  c.stroke();
}

// nearestPoint returns the point of some lists that lies nearest to a place, or −1.
function nearestPoint(v, s, lists, x, y, spanOf) {
  let best = -1, distance = 40 * 40;
  const at = v.from + (x * v.ratio) / v.width * (v.to - v.from), px = x * v.ratio + v.left, py = y * v.ratio + v.top;
  const reach = 40 * v.ratio / v.width * (v.to - v.from);
  for (const list of lists) {
    const [a, b] = slice(s, list, at - reach, at + reach);
    const skip = Math.max(1, Math.floor((b - a) / 50000));
    for (let k = a; k < b; k += skip) {
      const i = list[k], [low, high] = spanOf(i);
      const dx = (v.x(s.time[i] / 1e9) - px) / v.ratio, y0 = v.y(low), y1 = v.y(high);
      const dy = (py > y0 ? py - y0 : py < y1 ? y1 - py : 0) / v.ratio;
      const d = dx * dx + dy * dy;
      if (d < distance || d === distance && i < best) { distance = d; best = i; }
    }
  }
  return best;
}

function flightPanel(panels, c, w) {
  const s = c.series, X = (k) => s.time[w.at[k]] / 1e9;
  let most = 0, window = 0;
  for (let k = 0; k < w.at.length; k++) { most = Math.max(most, w.flight[k]); if (w.window[k] > window) window = w.window[k]; }
  const far = window > most * 8;
  panels.add({
    title: "In flight, " + sideNames[w.side] + " → " + sideNames[1 - w.side],
    note: "at most " + size(most) + "; the " + sideNames[1 - w.side] + "'s window up to " + size(window) + (far ? ", above the graph" : ""), height: 90, axis: false, values: size,
    legend: legendOf([["flight", "in flight"], ...(far ? [] : [["edge", "window"]])], (k) => `var(--${k === "flight" ? sideNames[w.side] : k})`),
    top: () => (far ? most : Math.max(most, window)) * 1.1 || 1,
    nearest: (v, x, y) => nearestPoint(v, s, [w.at], x, 0, () => [v.high, v.low]),
    paint: (v) => {
      const [a, b] = slice(s, w.at, v.from, v.to);
      const first = w.window.findIndex((x) => !Number.isNaN(x));
      if (!far && first >= 0) stepLine(v, b, Math.max(a, first), b, X, (k) => w.window[k], palette.edge, 1, [4 * v.ratio, 3 * v.ratio]);
      stepLine(v, b, a, b, X, (k) => w.flight[k], palette[sideNames[w.side]], 1.2);
      paintChosen(v, s, c.chosen);
    },
  });
}

function rttPanel(panels, c) {
  const s = c.series, list = [];
  for (let i = 0; i < s.n; i++) if (s.sampled[i] >= 0) list.push(i);
  if (!list.length) return;
  const points = Int32Array.from(list), rtt = (i) => (s.time[i] - s.time[s.sampled[i]]) / 1e9;
  let most = 0;
  for (const i of points) most = Math.max(most, rtt(i));
  const told = c.detail.rtt || [[0], [0]], notes = [];
  for (const side of [CLIENT, SERVER]) {
    const [n, min, median, p95] = told[side];
    if (n) notes.push(`${sideNames[side]}'s data: ${counted(n, "sample", "samples")}, min ${span(min)}, median ${span(median)}, p95 ${span(p95)}`);
  }
  panels.add({
    title: "Round trips", note: notes.join("; "), height: 110, axis: false, values: span, top: () => most * 1.1 || 1e-6,
    legend: legendOf([["client", "of the client's data"], ["server", "of the server's"], ["median", "median (—) and minimum (- -)"]], (k) => `var(--${k})`),
    nearest: (v, x, y) => nearestPoint(v, s, [points], x, y, (i) => [rtt(i), rtt(i)]),
    paint: (v) => {
      const [a, b] = slice(s, points, v.from, v.to), seen = new Uint8Array(Math.ceil(v.width / 2 + 1) * Math.ceil(v.height / 2 + 1)), rows = Math.ceil(v.height / 2 + 1);
      for (const side of [CLIENT, SERVER]) {
        v.ctx.fillStyle = palette[sideNames[side]];
        seen.fill(0);
        for (let k = a; k < b; k++) {
          const i = points[k];
          if (s.from[i] === side) continue; // the ACK comes from the other side
          const x = v.x(s.time[i] / 1e9), y = v.y(rtt(i)), cell = Math.floor((x - v.left) / 2) * rows + Math.floor((y - v.top) / 2);
          if (seen[cell]) continue; // something is drawn there already
          seen[cell] = 1;
          dot(v, x, y, b - a > 2000 ? 1.2 : 2);
        }
        const [n, min, median] = told[side];
        if (!n) continue;
        v.ctx.strokeStyle = palette[sideNames[side]];
        v.ctx.lineWidth = v.ratio;
        for (const [value, dash] of [[min, [3 * v.ratio, 3 * v.ratio]], [median, []]]) {
          v.ctx.setLineDash(dash);
          v.ctx.beginPath();
          v.ctx.moveTo(v.left, v.y(value));
          v.ctx.lineTo(v.left + v.width, v.y(value));
          v.ctx.stroke();
        }
        v.ctx.setLineDash([]);
      }
      paintChosen(v, s, c.chosen, (i) => s.sampled[i] >= 0 ? rtt(i) : -1);
    },
  });
}

// goodputPanel draws what was new, a second, in a hundred and more steps over what is in view.
function goodputPanel(panels, c, ways) {
  const s = c.series, steps = 120, cache = { key: "" };
  const sums = (from, to) => {
    const key = from + " " + to;
    if (cache.key === key) return cache;
    const step = (to - from) / steps, rates = ways.map(() => new Float64Array(steps));
    let most = 0;
    ways.forEach((w, n) => {
      const [a, b] = slice(s, w.own, from, to);
      for (let k = a; k < b; k++) {
        const bin = Math.floor((s.time[w.own[k]] / 1e9 - from) / step);
        if (bin >= 0 && bin < steps) rates[n][bin] += w.fresh[w.own[k]];
      }
      for (let i = 0; i < steps; i++) { rates[n][i] /= step; most = Math.max(most, rates[n][i]); }
    });
    return Object.assign(cache, { key, step, rates, most });
  };
  panels.add({
    title: "Goodput", note: "new bytes a second, in " + steps + " steps over what is in view", height: 110, values: (v) => size(v) + "/s",
    legend: legendOf(ways.map((w) => [sideNames[w.side], sideNames[w.side] + " → " + sideNames[1 - w.side]]), (k) => `var(--${k})`),
    top: (from, to) => sums(from, to).most * 1.1 || 1,
    paint: (v) => {
      const g = sums(v.from, v.to);
      ways.forEach((w, n) => stepLine(v, steps, 0, steps, (k) => v.from + k * g.step, (k) => g.rates[n][k], palette[sideNames[w.side]], 1.3));
      paintChosen(v, s, c.chosen);
    },
  });
}
