"use strict";
// What the page holds, decoded: docs/html.md describes the layout.

const meta = JSON.parse(document.getElementById("meta").textContent);
const accounts = [
  ["handshake", ""], ["application", "client"], ["application", "server"], ["window", "client"], ["window", "server"],
  ["loss", "client"], ["loss", "server"], ["network", ""], ["idle", ""], ["close", ""],
];
const CLIENT = 0, SERVER = 1;
const sideNames = ["client", "server"];
const FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16;
const labelBit = Object.fromEntries(meta.labels.map((name, i) => [name, i]));

async function unpack(id) {
  const text = document.getElementById(id).textContent;
  let bytes;
  if (Uint8Array.fromBase64) {
    bytes = Uint8Array.fromBase64(text);
  } else {
    const raw = atob(text);
    bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpackJSON(id) {
  return JSON.parse(new TextDecoder().decode(await unpack(id)));
}

// unpackRows returns the columns of the table. Of some the differences are stored, which
// take less.
async function unpackRows() {
  const rows = await unpackJSON("rows");
  for (const name of ["id", "first"]) for (let i = 1; i < rows[name].length; i++) rows[name][i] += rows[name][i - 1];
  rows.stream = rows.stream.map((d, i) => rows.id[i] + d);
  return rows;
}

const blocks = new Map(); // the latest few that were unpacked
async function block(n) {
  if (!blocks.has(n)) {
    if (blocks.size >= 4) blocks.delete(blocks.keys().next().value);
    blocks.set(n, unpack("block-" + n));
  }
  return blocks.get(n);
}

// connectionOf returns the detail and the series of the row with that index.
async function connectionOf(rows, i) {
  const b = await block(rows.block[i]);
  // A block has the details of its rows, in their order, and behind these their series.
  let details = 0, at = 0, then = 0;
  for (let k = rows.block.indexOf(rows.block[i]); k < rows.block.length; k++) {
    if (rows.block[k] !== rows.block[i]) continue;
    details += rows.detail[k];
    if (k < i) { at += rows.detail[k]; then += rows.series[k]; }
  }
  then += details;
  const detail = JSON.parse(new TextDecoder().decode(b.subarray(at, at + rows.detail[i])));
  const series = decodeSeries(b.subarray(then, then + rows.series[i]));
  const c = { row: i, id: rows.id[i], detail, series, duration: Math.max(0, rows.duration[i]) };
  c.transitions = detail.transitions.map((t) => transitionOf(t, series));
  c.states = [stateBars(c, CLIENT), stateBars(c, SERVER)];
  c.findings = new Map(); // by frame
  for (const a of detail.anomalies || []) {
    a.frames.forEach((f, k) => {
      const key = frameKey(f, a.files ? a.files[k] - 1 : 0);
      if (!c.findings.has(key)) c.findings.set(key, []);
      c.findings.get(key).push(a);
    });
  }
  return c;
}

const frameKey = (number, file) => file * 2 ** 40 + number;
const frameText = (key) => (meta.files ? Math.floor(key / 2 ** 40) + 1 + ":" : "") + (key % 2 ** 40);

// varints reads numbers off bytes. Those above 2⁵³ lose their last digits.
function varints(bytes) {
  let pos = 0;
  const uint = () => {
    let b = bytes[pos++];
    if (b < 128) return b;
    let v = b & 127, shift = 7;
    do {
      b = bytes[pos++];
      v |= (b & 127) << shift;
      shift += 7;
    } while (b >= 128 && shift < 28);
    if (b < 128) return v;
    let factor = 2 ** 28;
    do {
      b = bytes[pos++];
      v += (b & 127) * factor;
      factor *= 128;
    } while (b >= 128);
    return v;
  };
  const int = () => {
    const v = uint();
    if (v < 2 ** 31) return v & 1 ? -((v + 1) / 2) : v / 2;
    return v % 2 === 1 ? -(v + 1) / 2 : v / 2;
  };
  return { uint, int, byte: () => bytes[pos++], at: () => pos, to: (p) => { pos = p; }, more: () => pos < bytes.length };
}

// decodeSeries makes columns of a series. Times are nanoseconds after the first segment.
function decodeSeries(bytes) {
  const r = varints(bytes);
  const spentKnown = r.uint() === 1, n = r.uint(), cut = r.uint(), closing = r.uint(), rest = r.byte(), restTime = r.uint();
  const s = {
    n, cut, frame: new Float64Array(n), time: new Float64Array(n), from: new Uint8Array(n), flags: new Uint16Array(n),
    seq: new Float64Array(n), ack: new Float64Array(n), len: new Float64Array(n), window: new Float64Array(n),
    marks: new Float64Array(n), original: new Float64Array(n), sampled: new Int32Array(n).fill(-1),
    sackAt: new Uint32Array(n + 1), sack: [], waitAccount: [], waitUntil: [], spentKnown, ordered: true,
  };
  if (n === 0) return s;
  r.int();
  let number = r.uint() - 1, file = r.uint(), time = 0, spent = 0, wait = 0, i = 0;
  const next = [0, 0], ack = [0, 0], len = [0, 0], win = [0, 0], flags = [0, 0];
  const sack = [0, 1].map(() => Array.from({ length: 4 }, () => [0, 0])); // by side, the latest blocks
  const sampled = new Float64Array(n), amended = [];
  const book = (account, ns) => {
    spent += ns;
    if (closing !== 0 && i + 1 > closing) account = accounts.length - 1;
    const last = s.waitAccount.length - 1;
    if (last >= 0 && s.waitAccount[last] === account) {
      s.waitUntil[last] = spent;
    } else if (ns > 0) {
      s.waitAccount.push(account);
      s.waitUntil.push(spent);
    }
  };
  const reference = () => {
    const v = r.int(), n = number - Math.floor(v / 2);
    return v % 2 === 0 ? frameKey(n, file) : frameKey(n, r.uint());
  };
  while (r.more()) {
    const head = r.uint();
    if (head === 8192) {
      const was = [number, file], at = reference();
      [number, file] = [at % 2 ** 40, Math.floor(at / 2 ** 40)];
      const marks = r.uint(), original = reference();
      [number, file] = was;
      amended.push([at, marks, original === at ? 0 : original]);
      continue;
    }
    time += r.int();
    const side = head & 1;
    number++;
    let seq = next[side];
    if (head & 2) number += r.int();
    if (head & 4) seq += r.int();
    if (head & 8) len[side] = r.uint();
    if (head & 16) ack[side] += r.int();
    if (head & 32) win[side] += r.int();
    const sampledAt = r.at();
    if (head & 64 && r.int() % 2 !== 0) r.uint();
    if (head & 128) flags[side] = r.uint();
    if (head & 256) s.marks[i] = r.uint();
    if (head & 512) {
      const before = sack[side].slice();
      for (let k = 0, n = r.byte(); k < n; k++) {
        const code = r.byte(), known = before[code % 4];
        const from = code < 8 ? known[0] : ack[side] + r.int();
        const to = code < 4 ? known[1] : code < 8 ? known[1] + r.int() : from + r.int();
        sack[side][k] = [from, to];
        s.sack.push(from, to);
      }
    }
    s.sackAt[i + 1] = s.sack.length;
    if (head & 1024) {
      wait = r.byte();
      if (wait > accounts.length) for (let k = r.byte(); k > 0; k--) { const a = r.byte(); book(a, r.uint()); }
    }
    if (wait > 0 && wait <= accounts.length) book(wait - 1, time - spent);
    if (head & 2048) file = r.uint();
    if (head & 4096) s.original[i] = reference();
    if (head & 64) {
      const behind = r.at();
      r.to(sampledAt);
      sampled[i] = reference();
      r.to(behind);
    }
    s.frame[i] = frameKey(number, file);
    if (i > 0 && s.frame[i] <= s.frame[i - 1]) s.ordered = false;
    s.time[i] = time;
    s.from[i] = side;
    s.flags[i] = flags[side];
    s.seq[i] = seq;
    s.ack[i] = ack[side];
    s.len[i] = len[side];
    s.window[i] = win[side];
    next[side] = seq + len[side] + (flags[side] & SYN ? 1 : 0) + (flags[side] & FIN ? 1 : 0);
    i++;
  }
  if (!cut) { i = n + closing; book(rest, restTime); }
  if (!spentKnown) s.waitAccount = s.waitUntil = [];
  for (let k = 0; k < n; k++) if (sampled[k] !== 0) s.sampled[k] = pointOf(s, sampled[k]);
  for (const [at, marks, original] of amended) {
    const p = pointOf(s, at);
    if (p < 0) continue;
    for (let bit = 0; bit < meta.labels.length; bit++) if (hasBit(marks, bit) && !hasBit(s.marks[p], bit)) s.marks[p] += 2 ** bit;
    if (original) s.original[p] = original;
  }
  return s;
}

// hasBit looks at a number of up to 53 bits.
const hasBit = (v, bit) => Math.floor(v / 2 ** bit) % 2 === 1;
const marked = (s, i, label) => s.marks[i] !== 0 && hasBit(s.marks[i], labelBit[label]);
const labelsOf = (s, i) => s.marks[i] === 0 ? [] : meta.labels.filter((_, bit) => hasBit(s.marks[i], bit));

// pointOf returns the index of a frame's point, or −1.
function pointOf(s, key) {
  if (!s.ordered) {
    if (!s.byFrame) {
      s.byFrame = new Map();
      for (let i = s.n - 1; i >= 0; i--) s.byFrame.set(s.frame[i], i);
    }
    return s.byFrame.has(key) ? s.byFrame.get(key) : -1;
  }
  let low = 0, high = s.n - 1;
  while (low <= high) {
    const mid = (low + high) >> 1;
    if (s.frame[mid] === key) return mid;
    if (s.frame[mid] < key) low = mid + 1; else high = mid - 1;
  }
  return -1;
}

// atTime returns the index of the first point at or after a time, in nanoseconds. Where
// times go backwards it is near to that.
function atTime(s, time) {
  let low = 0, high = s.n;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (s.time[mid] < time) low = mid + 1; else high = mid;
  }
  return low;
}

function transitionOf(t, s) {
  const kind = meta.transitions[t[0]];
  const x = { endpoint: kind.endpoint, from: kind.from, to: kind.to, event: kind.event, cause: kind.cause, rule: kind.rule };
  if (t[1] >= 0) {
    x.frame = s.frame[t[1]];
    x.time = s.time[t[1]];
    x.proof = t[2] >= 0 ? s.frame[t[2]] : 0;
  } else {
    x.frame = frameKey(t[2], t[3]);
    x.time = t[4];
    x.proof = t[5] === 0 ? 0 : frameKey(t[5], t[6]);
  }
  x.proved = x.proof !== 0 || x.cause !== "received" && x.from !== "CLOSE-WAIT";
  return x;
}

// stateBars returns how long a side was in each state: {state, from, to, proved, expected}.
function stateBars(c, side) {
  const bars = [], end = Math.max(c.detail.until, c.duration);
  for (const t of c.transitions) {
    if (t.endpoint !== sideNames[side]) continue;
    const last = bars[bars.length - 1];
    const from = last ? Math.max(last.from, t.time) : t.time;
    if (last) last.to = from;
    bars.push({ state: t.to, from, to: end, proved: t.proved, transition: t });
  }
  const last = bars[bars.length - 1];
  if (last && last.state === "TIME-WAIT") {
    const hold = (c.detail.time_wait || []).filter((h) => h[0] === side).pop();
    if (hold && hold[3] === "expected") last.expected = Math.max(hold[2], last.to);
  }
  if (last && last.state === "CLOSED") last.to = Math.max(last.from, c.duration);
  return bars;
}
