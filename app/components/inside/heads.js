// The heads: small strips side by side to choose from, and the chosen one in full, query by key.

const STRIP = 56;
const CLS_SHARE = 0.045; // of the matrix: the class token's row and column
const GAP = 0.012;

const namesOf = (layers) => layers.map((layer) => layer.names.join()).join(";");

class Strips {
  constructor(holder, tip, choose) {
    Object.assign(this, { holder, tip, choose });
    holder.addEventListener("keydown", (event) => this.key(event));
  }

  /** One button with a canvas for every head, layers below each other. */
  draw(layers, look, sound, ink) {
    this.layers = layers;
    if (this.made !== namesOf(layers)) this.make(layers);
    const buttons = this.holder.querySelectorAll("button");
    layers.forEach((layer, l) => layer.heads.forEach((head, h) => {
      const button = buttons[this.place(l, h)];
      const on = l === look.layer && h === look.head;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
      button.querySelector(".peak").textContent = head.peak;
      this.strip(button.querySelector("canvas"), head, on, sound.axis, ink);
    }));
  }

  make(layers) {
    this.made = namesOf(layers);
    this.holder.replaceChildren(...layers.map((layer, l) => {
      const row = document.createElement("div");
      row.className = "layer";
      row.append(...layer.names.map((name, h) => {
        const button = document.createElement("button");
        button.type = "button";
        button.setAttribute("role", "radio");
        button.setAttribute("aria-label", name);
        button.innerHTML = `<span class="name"></span><span class="peak"></span><canvas></canvas>`;
        button.querySelector(".name").textContent = name;
        button.addEventListener("click", () => this.choose(l, h));
        const canvas = button.querySelector("canvas");
        this.tip.listen(canvas, (x) => this.words(canvas.view, x));
        return button;
      }));
      return row;
    }));
  }

  strip(canvas, head, on, axis, ink) {
    const width = canvas.clientWidth;
    const context = blank(canvas, width, STRIP + 20);
    const across = (time) => ((time - axis.low) / (axis.high - axis.low)) * width;
    const most = Math.max(...head.profile, 1e-9);
    const colour = on ? ink.accent : ink.muted;
    steps(context, head.edges, head.profile, across, (value) => STRIP - (value / most) * (STRIP - 3));
    context.fillStyle = faded(colour, on ? 0.3 : 0.14);
    context.fill();
    context.strokeStyle = colour;
    context.lineWidth = on ? 1.5 : 1;
    context.stroke();
    context.fillStyle = ink.grid;
    context.fillRect(0, STRIP, width, 1);
    const inside = ticks(axis.low, axis.high, Math.max(1, width / 60)).filter(([time]) => across(time) > 6 && across(time) < width - 8);
    axisBelow(context, { left: 0, width, top: 0, height: STRIP - 1 }, inside, across, "", ink);
    canvas.view = { head, axis, width };
  }

  words(view, x) {
    const time = view.axis.low + (x / view.width) * (view.axis.high - view.axis.low);
    const at = within(view.head.edges, time);
    return at < 0 ? "" : `${number(time, 2)} s · ${number(view.head.profile[at], 2)} %`;
  }

  key(event) {
    const buttons = [...this.holder.querySelectorAll("button")];
    const now = buttons.indexOf(event.target.closest("button"));
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (now < 0 || !move) return;
    event.preventDefault();
    let layer = 0, head = now;
    while (head >= this.layers[layer].heads.length) head -= this.layers[layer++].heads.length;
    if (move[1]) { // to the side: on through all strips
      const next = now + move[1];
      if (next < 0 || next >= buttons.length) return;
      head += move[1];
      if (head < 0) head = this.layers[--layer].heads.length - 1;
      else if (head >= this.layers[layer].heads.length) [layer, head] = [layer + 1, 0];
    } else {
      layer += move[0];
      if (layer < 0 || layer >= this.layers.length) return;
      head = Math.min(head, this.layers[layer].heads.length - 1);
    }
    buttons[this.place(layer, head)].focus();
    this.choose(layer, head);
  }

  /** Which of all buttons a head has. */
  place(layer, head) {
    return this.layers.slice(0, layer).reduce((sum, one) => sum + one.heads.length, head);
  }
}

const heightOf = (width) => Math.min(520, Math.max(300, width));

class Matrix {
  constructor(canvas, tip) {
    this.canvas = canvas;
    tip.listen(canvas, (x, y) => this.words(x, y));
  }

  /** Nothing, in the room of a matrix that is still to come. */
  clear() {
    this.head = null;
    const width = this.canvas.parentElement.clientWidth;
    blank(this.canvas, width, heightOf(width));
  }

  /** Codes are square roots of shares of the largest cell, so that faint cells keep their digits. */
  draw(head, ink) {
    const width = this.canvas.parentElement.clientWidth;
    const height = heightOf(width);
    const context = blank(this.canvas, width, height);
    const body = { left: 60, top: 26, width: width - 60 - 64, height: height - 26 - 48 };
    const cls = head.cls ? CLS_SHARE + GAP : 0;
    const count = head.edges.length - 1;
    const among = { left: body.left + cls * body.width, top: body.top + cls * body.height, width: (1 - cls) * body.width, height: (1 - cls) * body.height };
    const [low, high] = [head.edges[0], head.edges[count]];
    const timeAt = (share) => low + share * (high - low);
    const scale = blend([ink.raised, ink.accent, ink.text]);
    const palette = Uint32Array.from({ length: 256 }, (_, code) => scale[Math.min(255, Math.round((255 * this.percent(head, code)) / head.top))]);
    const place = (share) => within(head.edges, timeAt(share));
    const size = count + (head.cls ? 1 : 0);
    const first = size - count; // the class token's row and column come first
    const shiftedPlace = (share) => { const at = place(share); return at < 0 ? -1 : at + first; };
    heat(context, among, shiftedPlace, shiftedPlace, head.matrix, size, palette);
    if (head.cls) {
      const [thick, tall] = [CLS_SHARE * body.width, CLS_SHARE * body.height];
      const zero = () => 0;
      heat(context, { left: among.left, top: body.top, width: among.width, height: tall }, shiftedPlace, zero, head.matrix, size, palette);
      heat(context, { left: body.left, top: among.top, width: thick, height: among.height }, zero, shiftedPlace, head.matrix, size, palette);
      heat(context, { left: body.left, top: body.top, width: thick, height: tall }, zero, zero, head.matrix, size, palette);
      context.fillStyle = ink.muted;
      context.textAlign = "center";
      context.textBaseline = "bottom";
      context.fillText("CLS", body.left + thick / 2, body.top - 4);
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.fillText("CLS", body.left - 6, body.top + tall / 2);
    }
    const across = (time) => among.left + ((time - low) / (high - low)) * among.width;
    const down = (time) => among.top + ((time - low) / (high - low)) * among.height;
    axisBelow(context, among, ticks(low, high, among.width / 60), across, "Looked at: key (s)", ink);
    axisLeft(context, { ...among, left: body.left }, ticks(low, high, among.height / 50), down, "Who looks: query (s)", ink);
    this.bar(context, body, scale, head.top, ink);
    Object.assign(this, { head, body, among, timeAt, place, size, first });
  }

  percent = (head, code) => head.most * (code / 255) ** 2;

  bar(context, body, scale, top, ink) {
    const box = { left: body.left + body.width + 14, top: body.top + body.height * 0.2, width: 10, height: body.height * 0.6 };
    heat(context, box, () => 0, (share) => Math.floor((1 - share) * 255), Uint8Array.from({ length: 256 }, (_, i) => i), 1, scale);
    context.fillStyle = ink.muted;
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (const [value, text] of ticks(0, top, 4)) context.fillText(text, box.left + 15, box.top + box.height * (1 - value / top));
    context.fillText("%", box.left, box.top - 12);
  }

  words(x, y) {
    const { head, body, among } = this;
    if (!head || x < body.left || y < body.top || x > body.left + body.width || y > body.top + body.height) return "";
    const [key, query] = [(x - among.left) / among.width, (y - among.top) / among.height];
    if ((key < 0 && !head.cls) || (query < 0 && !head.cls)) return "";
    const column = key < 0 ? 0 : this.place(key) + this.first;
    const row = query < 0 ? 0 : this.place(query) + this.first;
    if (column < 0 || row < 0) return "";
    const percent = this.percent(head, head.matrix[row * this.size + column]);
    const who = query < 0 ? "class token" : `at ${number(this.timeAt(query), 2)} s`;
    const what = key < 0 ? (query < 0 ? "itself" : "the class token") : `${number(this.timeAt(key), 2)} s`;
    return `${who} looks at ${what}: ${number(percent, 2)} %`;
  }
}
