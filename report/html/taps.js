"use strict";
// With two taps: each segment's way from the one to the other.

const fateTexts = {
  arrived: "arrived", resized: "arrived, cut otherwise", partly: "arrived in part", lost: "lost on the way, or missed by the other tap", unseen: "arrived, missed by the other tap",
  unjudged: "not seen at the other tap, which may not have been running", extra: "seen near the receiver only", outside: "seen near the receiver only, while the other tap may not have been running", doubled: "came twice",
};

function tapsPanel(panels, c) {
  const list = c.detail.passages;
  if (!list || !list.length) return;
  const counts = {};
  for (const p of list) counts[p[5]] = (counts[p[5]] || 0) + 1;
  const legend = legendOf([["client", "by the client"], ["server", "by the server"], ["bad", "× lost"], ["dim", "not seen at the other tap, for another reason"]], (k) => `var(--${k})`);
  // Where a passage begins and ends: 1 is the tap near the client, 0 that near the server.
  const ends = (p) => {
    const late = p[5] === "extra" || p[5] === "outside" || p[5] === "doubled", from = p[0] === CLIENT ? 1 : 0;
    return late ? [1 - from, from] : [from, 1 - from];
  };
  const times = Float64Array.from(list, (p) => p[3] / 1e9);
  const first = (t) => { let a = 0, b = times.length; while (a < b) { const m = (a + b) >> 1; if (times[m] < t) a = m + 1; else b = m; } return a; };
  let slowest = 0;
  for (const p of list) if (p[4] !== null) slowest = Math.max(slowest, (p[4] - p[3]) / 1e9);
  panels.add({
    title: "Between the taps", note: `tap ${c.detail.client_tap} is near the client; ` + Object.entries(counts).map(([k, n]) => count(n) + " " + fateTexts[k]).join("; "), height: 150, legend, axis: false,
    names: ["client's tap", "server's tap"], top: () => ({ low: -0.08, high: 1.08 }),
    nearest: (v, x) => {
      const at = v.from + (x * v.ratio) / v.width * (v.to - v.from);
      let k = first(at);
      if (k > 0 && (k === times.length || at - times[k - 1] < times[k] - at)) k--;
      return list[k] ? pointOf(c.series, frameKey(list[k][1], list[k][2])) : -1;
    },
    paint: (v) => {
      const x = v.ctx, dash = [3 * v.ratio, 3 * v.ratio];
      x.strokeStyle = palette.dim;
      x.lineWidth = v.ratio;
      for (const y of [0, 1]) { x.beginPath(); x.moveTo(v.left, v.y(y)); x.lineTo(v.left + v.width, v.y(y)); x.stroke(); }
      const a = first(v.from - slowest), b = first(v.to);
      for (let k = a; k < b; k++) {
        const p = list[k], [from, to] = ends(p), x0 = v.x(p[3] / 1e9), y0 = v.y(from);
        x.setLineDash([]);
        x.strokeStyle = palette[sideNames[p[0]]];
        x.beginPath();
        x.moveTo(x0, y0);
        if (p[4] !== null) {
          x.lineTo(v.x(p[4] / 1e9), v.y(to));
          x.stroke();
          continue;
        }
        // Where and when it ended is not known: the line is cut.
        const lost = p[5] === "lost" || p[5] === "partly", yEnd = v.y(from + (to - from) * 0.35), xEnd = x0 + 4 * v.ratio;
        if (!lost) { x.strokeStyle = palette.dim; x.setLineDash(dash); }
        x.lineTo(xEnd, yEnd);
        x.stroke();
        if (!lost) continue;
        x.setLineDash([]);
        x.strokeStyle = palette.bad;
        x.lineWidth = 1.6 * v.ratio;
        const r = 3.5 * v.ratio;
        x.beginPath();
        x.moveTo(xEnd - r, yEnd - r); x.lineTo(xEnd + r, yEnd + r);
        x.moveTo(xEnd + r, yEnd - r); x.lineTo(xEnd - r, yEnd + r);
        x.stroke();
        x.lineWidth = v.ratio;
      }
      x.setLineDash([]);
      paintChosen(v, c.series, c.chosen);
    },
  });
}

// passageOf returns what became of a frame between the taps, or null.
function passageOf(c, key) {
  const p = (c.detail.passages || []).find((x) => frameKey(x[1], x[2]) === key);
  return p ? fateTexts[p[5]] + (p[4] !== null ? ", " + span((p[4] - p[3]) / 1e9) + " later by the estimated offset of the clocks" : "") : null;
}
