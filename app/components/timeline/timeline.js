// A long sound on one time axis: its outline, and below it a strip for every class, as strong as the model is sure of it.
// Events are underlined.

const SIDES = { left: 124, right: 12, top: 8, bottom: 44 };
const WAVE = 76;
const ROW = 18;

class Timeline {
  constructor(root) {
    this.root = root;
    this.holder = root.querySelector(".along");
    this.canvas = root.querySelector("canvas");
    const tip = new Tip(root);
    tip.listen(this.canvas, (x, y) => this.words(x, y));
    this.canvas.addEventListener("click", (event) => {
      const time = this.timeAt(event.offsetX);
      if (time >= 0 && time <= this.data.seconds) this.setTriggerValue("picked", time);
    });
    this.observer = new ResizeObserver(() => root.clientWidth !== this.width && this.data && this.draw());
    this.observer.observe(root);
  }

  update(data, setTriggerValue) {
    this.setTriggerValue = setTriggerValue;
    this.data = data;
    const { times, low, high, peak } = data.outline; // left as it came: another theme brings the same data once more
    this.wave = { times: floatsOf(times), low: floatsOf(low), high: floatsOf(high), peak };
    this.codes = bytesOf(data.codes);
    this.edges = floatsOf(data.edges);
    this.draw();
  }

  draw() {
    const { data } = this;
    const { ink, seconds, rows } = data;
    this.width = this.root.clientWidth;
    const left = this.width < 560 ? 84 : SIDES.left;
    const inner = this.width - left - SIDES.right;
    const context = blank(this.canvas, this.width, SIDES.top + WAVE + 8 + rows.length * ROW + SIDES.bottom);
    const across = (time) => left + (time / seconds) * inner;
    this.timeAt = (x) => ((x - left) / inner) * seconds;
    const wave = { left, width: inner, top: SIDES.top, height: WAVE };
    const strip = { left, width: inner, top: SIDES.top + WAVE + 8, height: rows.length * ROW };
    Object.assign(this, { strip, left, inner });
    const pixels = Math.max(1, Math.round(inner * context.ratio));
    this.outline(context, wave, across);
    context.textBaseline = "middle";
    rows.forEach((row, number) => {
      const box = { left, width: inner, top: strip.top + number * ROW + 1, height: ROW - 2 };
      const colour = rgb(row.colour);
      const palette = Uint32Array.from({ length: 256 }, (_, code) => packedColour(...colour, code < 3 ? 0 : Math.max(10, code)));
      context.fillStyle = faded(ink.grid, 0.5);
      context.fillRect(box.left, box.top, box.width, box.height);
      heat(context, box, (share) => Math.floor(share * pixels), () => 0, this.loudest(number, pixels), pixels, palette);
      context.fillStyle = ink.text;
      context.textAlign = "right";
      context.fillText(cut(row.label, (name) => context.measureText(name).width <= left - 12), left - 8, box.top + box.height / 2);
    });
    context.fillStyle = ink.text;
    for (const event of data.events) {
      const [from, to] = [across(event.start), across(event.end)];
      context.fillRect(from, strip.top + event.row * ROW + ROW - 3, Math.max(1, to - from), 2);
    }
    const [from, to] = data.window.map((time) => across(Math.max(0, Math.min(seconds, time))));
    context.fillStyle = faded(ink.accent, 0.22);
    context.fillRect(from, SIDES.top, Math.max(2, to - from), WAVE + 8 + strip.height);
    const clock = seconds >= 120;
    const marks = clock ? clockTicks(seconds, inner / 80) : ticks(0, seconds, inner / 70);
    axisBelow(context, strip, marks, across, clock ? "Time (min:s)" : "Time (s)", ink);
    this.holder.dataset.timeAxis = JSON.stringify({ low: 0, high: seconds, left, width: inner, top: SIDES.top, height: WAVE + 8 + strip.height });
    this.canvas.setAttribute("aria-label", data.alt);
    this.root.dataset.drawn = data.id;
  }

  /** For every pixel of a row its highest code: in an hour of sound a pixel stands for several windows, and none is left out. */
  loudest(row, pixels) {
    const [count, highest] = [this.edges.length - 1, new Uint8Array(pixels)];
    const at = (edge) => Math.round((edge / this.data.seconds) * pixels);
    for (let i = 0; i < count; i++) {
      const [from, code] = [Math.min(pixels - 1, at(this.edges[i])), this.codes[row * count + i]];
      for (let pixel = from; pixel < Math.max(from + 1, at(this.edges[i + 1])); pixel++) highest[pixel] = Math.max(highest[pixel], code);
    }
    return highest;
  }

  outline(context, box, across) {
    const { times, low, high, peak } = this.wave;
    const down = (value) => box.top + box.height / 2 - (value / Math.max(0.01, peak)) * (box.height / 2);
    context.fillStyle = context.strokeStyle = this.data.ink.wave;
    context.lineWidth = 0.75;
    context.beginPath();
    for (let i = 0; i < times.length; i++) context.lineTo(across(times[i]), down(high[i]));
    for (let i = times.length - 1; i >= 0; i--) context.lineTo(across(times[i]), down(low[i]) + 0.5);
    context.fill();
    context.stroke();
  }

  words(x, y) {
    const time = this.timeAt(x);
    const at = within(this.edges, time);
    if (at < 0 || y < SIDES.top) return "";
    const row = Math.floor((y - this.strip.top) / ROW);
    if (row < 0 || row >= this.data.rows.length) return minutes(time);
    const percent = (this.codes[row * (this.edges.length - 1) + at] / 255) * 100;
    return `${minutes(time)} · ${this.data.rows[row].label} ${number(percent, percent < 10 ? 1 : 0)} %`;
  }

  close() {
    this.observer.disconnect();
  }
}

const minutes = (time) => (time < 60 ? `${number(time, 1)} s` : `${Math.floor(time / 60)}:${String(Math.floor(time % 60)).padStart(2, "0")}`);

/** Round times of a clock, about `count` of them. */
function clockTicks(seconds, count) {
  const step = [15, 30, 60, 120, 300, 600, 900, 1800, 3600].find((one) => seconds / one <= count) ?? 7200;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => [i * step, `${Math.floor((i * step) / 60)}:${String((i * step) % 60).padStart(2, "0")}`]);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".timeline");
  root.earshot ??= new Timeline(root);
  root.earshot.update(data, setTriggerValue);
  return () => {
    root.earshot?.close();
    root.earshot = null;
  };
}
