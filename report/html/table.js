"use strict";
// The table of connections: sorted, searched and filtered.

const concerns = ["fine", "unknown", "trouble", "failure"];

class ConnectionTable {
  constructor(parent, rows, open) {
    this.rows = rows;
    this.open = open;
    this.order = Int32Array.from(rows.id, (_, i) => i);
    this.key = "cost";
    this.down = true;
    this.words = [];
    this.concern = "";
    this.selected = -1;
    const r = rows, t = r.texts, ns = (v) => v < 0 ? "" : span(v / 1e9), both = (a, i) => a[i];
    const ends = (ip, port) => ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
    this.client = (i) => ends(t[r.client[i]], r.client_port[i]);
    this.server = (i) => ends(t[r.server[i]], r.server_port[i]);
    const state = (i, side) => t[r["state_" + side][i]] + (r["proved_" + side][i] ? "" : " ?");
    this.columns = [
      { key: "id", name: "#", num: true, value: (i) => r.id[i], text: (i) => r.id[i] },
      { key: "client", name: "Client", value: this.client, text: this.client },
      { key: "server", name: "Server", value: this.server, text: (i) => this.server(i) + (t[r.service[i]] ? " " + t[r.service[i]] : "") },
      { key: "verdict", name: "Verdict", value: (i) => r.concern[i] * 1000 + r.verdict[i], text: (i) => meta.verdicts[t[r.verdict[i]]] || t[r.verdict[i]], cls: (i) => "concern-" + concerns[r.concern[i]] },
      { key: "finding", name: "Worst finding", value: (i) => r.severity[i] * 1000 + r.findings[i], text: (i) => t[r.finding[i]] + (r.findings[i] > 1 ? ` +${r.findings[i] - 1}` : ""), cls: (i) => "severity-" + ["none", "capture", "note", "warning", "error"][r.severity[i]] },
      { key: "cost", name: "Lost", num: true, value: (i) => r.cost[i], text: (i) => r.cost[i] > 0 ? ns(r.cost[i]) : "" },
      { key: "first", name: "Start", num: true, value: (i) => r.first[i], text: (i) => span(r.first[i] / 1e9) },
      { key: "duration", name: "Lasted", num: true, value: (i) => r.duration[i], text: (i) => ns(r.duration[i]) },
      { key: "bytes", name: "Sent → ←", num: true, value: (i) => r.bytes_client[i] + r.bytes_server[i], text: (i) => size(r.bytes_client[i]) + " → " + size(r.bytes_server[i]) },
      { key: "resent", name: "Resent", num: true, value: (i) => r.resent[i] / Math.max(1, r.packets_client[i] + r.packets_server[i]), text: (i) => r.resent[i] ? percent(r.resent[i] / (r.packets_client[i] + r.packets_server[i])) : "" },
      { key: "rtt", name: "RTT", num: true, value: (i) => Math.max(r.rtt_client[i], r.rtt_server[i]), text: (i) => ns(Math.max(r.rtt_client[i], r.rtt_server[i])) },
      { key: "handshake", name: "Handshake", num: true, value: (i) => r.handshake[i], text: (i) => ns(r.handshake[i]) },
      { key: "answer", name: "Answer, max", num: true, value: (i) => r.answer[i], text: (i) => ns(r.answer[i]) },
      { key: "goodput", name: "Goodput", num: true, value: (i) => r.goodput[i], text: (i) => r.goodput[i] ? size(r.goodput[i]) + "/s" : "" },
      { key: "states", name: "Final states", value: (i) => t[r.state_client[i]], text: (i) => state(i, "client") + " / " + state(i, "server") },
    ];
    this.build(parent);
    this.update();
  }

  build(parent) {
    this.search = el("input", { type: "search", placeholder: "search: address, port, verdict, finding, state, #number", "aria-label": "search the connections", spellcheck: "false" });
    this.search.addEventListener("input", () => this.find(this.search.value));
    this.choice = el("select", { "aria-label": "which connections" }, el("option", { value: "" }, "all"), el("option", { value: "failure" }, "failed"), el("option", { value: "trouble" }, "trouble"), el("option", { value: "findings" }, "with findings"), el("option", { value: "resent" }, "with retransmissions"));
    this.choice.addEventListener("change", () => { this.concern = this.choice.value; this.update(); });
    this.counted = el("span.facts", { "aria-live": "polite" });
    const left = meta.of > meta.shown ? el("p.left-out", `This page holds ${count(meta.shown)} of ${count(meta.of)} connections: those that lost most time, then those with the worst findings.`) : null;
    this.head = el("div.row.head", { role: "row" }, ...this.columns.map((c) => {
      const b = el("button.plain", { type: "button" }, c.name);
      b.addEventListener("click", () => this.sort(c.key));
      c.head = el("span." + c.key + (c.num ? ".num" : ""), { role: "columnheader" }, b);
      return c.head;
    }));
    this.body = el("div.body", { tabindex: "0", role: "rowgroup", "aria-label": "connections; arrows choose, Enter opens" });
    this.body.addEventListener("keydown", (e) => this.keys(e));
    this.table = el("div.table", { role: "table", "aria-label": "connections" }, this.head, this.body);
    replace(parent, el("div.bar", el("h2", "Connections"), this.search, this.choice, this.counted), left, el("div.scroll", this.table));
  }

  sort(key) {
    this.down = this.key === key ? !this.down : !["id", "client", "server", "first", "states"].includes(key);
    this.key = key;
    this.update();
  }

  find(text) {
    this.words = text.toLowerCase().split(/\s+/).filter(Boolean);
    this.update();
  }

  matches(i) {
    const r = this.rows;
    switch (this.concern) {
      case "failure": case "trouble": if (concerns[r.concern[i]] !== this.concern) return false; break;
      case "findings": if (!r.findings[i]) return false; break;
      case "resent": if (!r.resent[i]) return false;
    }
    if (!this.words.length) return true;
    if (!this.texts) this.texts = new Array(r.id.length);
    let text = this.texts[i];
    if (!text) {
      const t = r.texts;
      text = this.texts[i] = ` #${r.id[i]} ${this.client(i)} ${this.server(i)} ${t[r.service[i]]} ${t[r.verdict[i]]} ${meta.verdicts[t[r.verdict[i]]]} ${t[r.finding[i]]} ${t[r.state_client[i]]} ${t[r.state_server[i]]} `.toLowerCase();
    }
    return this.words.every((w) => text.includes(/^#\d+$/.test(w) ? " " + w + " " : w));
  }

  update() {
    const c = this.columns.find((x) => x.key === this.key), n = this.rows.id.length, list = [];
    for (let i = 0; i < n; i++) if (this.matches(i)) list.push(i);
    const values = list.length && typeof c.value(list[0]) === "string" ? new Array(n) : new Float64Array(n);
    for (const i of list) values[i] = c.value(i);
    const by = typeof values[list[0]] === "string" ? (a, b) => values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : 0 : (a, b) => values[a] - values[b];
    const sign = this.down ? -1 : 1;
    const tie = this.key === "cost" ? (a, b) => this.rows.severity[b] - this.rows.severity[a] || this.rows.concern[b] - this.rows.concern[a] : () => 0;
    this.order = Int32Array.from(list).sort((a, b) => sign * by(a, b) || tie(a, b) || a - b);
    this.counted.textContent = list.length === n ? counted(n, "connection", "connections") : count(list.length) + " of " + count(n);
    for (const x of this.columns) x.head.setAttribute("aria-sort", x !== c ? "none" : this.down ? "descending" : "ascending");
    this.body.style.height = Math.min(Math.max(1, list.length), 12) * 26 + 2 + "px";
    this.list = virtualList(this.body, this.order.length, 26, (k) => this.row(k));
    if (!this.order.length) this.body.append(el("p.none", "no connection matches"));
  }

  row(k) {
    const i = this.order[k];
    const e = el("div.row" + (i === this.selected ? ".chosen" : ""), { role: "row", "data-id": this.rows.id[i] }, ...this.columns.map((c) =>
      el("span." + c.key + (c.num ? ".num" : "") + (c.cls ? "." + c.cls(i) : ""), { role: "cell" }, c.text(i))));
    e.addEventListener("click", () => this.choose(i, true));
    return e;
  }

  choose(i, open) {
    this.selected = i;
    const k = this.order.indexOf(i);
    if (k >= 0) this.list.show(k); else this.list.draw(true);
    if (open) this.open(i);
  }

  keys(e) {
    const k = this.order.indexOf(this.selected), page = 11;
    const to = { ArrowDown: k + 1, ArrowUp: k - 1, PageDown: k + page, PageUp: k - page, Home: 0, End: this.order.length - 1 }[e.key];
    if (e.key === "Enter" && k >= 0) { e.preventDefault(); this.open(this.selected); return; }
    if (to === undefined || !this.order.length) return;
    e.preventDefault();
    this.choose(this.order[Math.max(0, Math.min(this.order.length - 1, to))], false);
  }
}
