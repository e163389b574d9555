"use strict";
// Numbers as text, and elements made of text. Nothing here, and nothing elsewhere in the
// page, takes text for markup.

// el makes an element: el("td.num", {title: "…"}, "text", child, …). A null child is left out.
function el(spec, attrs, ...children) {
  const [tag, ...classes] = spec.split(".");
  const e = document.createElement(tag);
  if (classes.length) e.className = classes.join(" ");
  if (attrs instanceof Node || typeof attrs !== "object" || attrs === null) {
    children.unshift(attrs);
  } else {
    for (const [k, v] of Object.entries(attrs)) {
      if (v === null || v === undefined || v === false) continue;
      if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
      else e.setAttribute(k, v === true ? "" : v);
    }
  }
  for (const c of children) {
    if (c === null || c === undefined) continue;
    e.append(c instanceof Node ? c : visible(String(c)));
  }
  return e;
}

// visible makes characters seen that would show as nothing or turn the text around.
function visible(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g,
    (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

function replace(parent, ...children) {
  parent.replaceChildren(...children.filter((c) => c !== null && c !== undefined));
}

// significant writes a number with three figures, as the command's text has it.
function significant(v) {
  const a = Math.abs(v);
  if (a === 0) return "0";
  if (a >= 100) return Math.round(v).toString();
  const s = v.toPrecision(3);
  return s.includes(".") ? s.replace(/\.?0+$/, "") : s;
}

function count(n) {
  return Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function counted(n, one, many) {
  return count(n) + " " + (n === 1 ? one : many);
}

function size(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  while (n >= 999.5 && i < units.length - 1) { n /= 1000; i++; }
  return (i === 0 ? Math.round(n) : significant(n)) + " " + units[i];
}

// span writes seconds.
function span(s) {
  const a = Math.abs(s);
  if (a === 0) return "0 s";
  if (a < 1e-6) return significant(s * 1e9) + " ns";
  if (a < 1e-3) return significant(s * 1e6) + " µs";
  if (a < 1) return significant(s * 1e3) + " ms";
  if (a < 120) return significant(s) + " s";
  if (a < 7200) return significant(s / 60) + " min";
  if (a < 172800) return significant(s / 3600) + " h";
  return significant(s / 86400) + " d";
}

function percent(share) {
  if (share > 0 && share < 0.001) return "< 0.1 %";
  return significant(share * 100) + " %";
}

// seconds writes nanoseconds with all their digits.
function seconds(ns) {
  const negative = ns < 0;
  const digits = Math.abs(ns).toFixed(0).padStart(10, "0");
  return (negative ? "−" : "") + digits.slice(0, -9) + "." + digits.slice(-9);
}

// moment writes a time of the capture, so many nanoseconds after its first packet.
function moment(first, ns) {
  const m = /^(.*:)(\d\d)\.(\d{9})Z$/.exec(first || "");
  if (!m) return "unknown";
  const whole = BigInt(Date.parse(m[1] + m[2] + "Z")) * 1000000n + BigInt(m[3]) + BigInt(Math.round(ns));
  const s = new Date(Number(whole / 1000000n)).toISOString();
  return s.slice(0, 10) + " " + s.slice(11, 19) + "." + String(whole % 1000000000n).padStart(9, "0") + " UTC";
}

// copyButton puts text on the clipboard; without one it selects the text for the user to copy.
function copyButton(text, what) {
  const code = el("code.filter", text);
  const b = el("button.copy", { type: "button", title: "copy " + what }, "copy");
  b.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      b.textContent = "copied";
    } catch {
      const r = document.createRange();
      r.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(r);
      b.textContent = document.execCommand("copy") ? "copied" : "selected";
    }
    setTimeout(() => { b.textContent = "copy"; }, 1500);
  });
  return el("span.copyable", code, b);
}
