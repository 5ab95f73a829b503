// What every canvas of ours needs: sharp pixels, axes with round numbers, heat maps by pixel, arrays from base64.

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const floatsOf = (text) => new Float32Array(bytesOf(text).buffer);

/** A context in CSS pixels on a canvas of that many; what was there is gone. */
function blank(canvas, width, height) {
  const ratio = Math.min(3, window.devicePixelRatio || 1);
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.ratio = ratio;
  context.font = `12px ${getComputedStyle(canvas).fontFamily}`;
  return context;
}

/** A name that `fits`, of a long one its beginning and its end, as core.wording.cut does. */
function cut(name, fits) {
  let text = name;
  for (let longest = name.length; longest > 4 && !fits(text); longest--) {
    const end = Math.floor((longest - 2) / 3);
    text = `${name.slice(0, longest - 2 - end)}…${name.slice(-end)}`;
  }
  return text;
}

/** Round numbers between low and high, about `count` of them, with the digits that tell them apart. */
function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let n = Math.ceil(low / step - 0.01) || 0; n * step <= high + step * 0.01; n++) found.push([n * step, (n * step).toFixed(digits)]);
  return found.map(([value, text]) => [value, text.replace("-", "−")]);
}

/** Names under a box's lower edge, and a title below them. `place` maps a value to a pixel. */
function axisBelow(context, box, marks, place, title, ink) {
  context.fillStyle = ink.muted;
  context.textAlign = "center";
  context.textBaseline = "top";
  const most = context.canvas.width / context.ratio;
  for (const [value, text] of marks) {
    const half = context.measureText(text).width / 2;
    context.fillText(text, Math.min(Math.max(half, place(value)), most - half), box.top + box.height + 6);
  }
  if (title) context.fillText(title, box.left + box.width / 2, box.top + box.height + 24);
}

function axisLeft(context, box, marks, place, title, ink, depth = 48) {
  context.fillStyle = ink.muted;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const [value, text] of marks) context.fillText(text, box.left - 6, place(value));
  if (!title) return;
  context.save();
  context.translate(box.left - depth, box.top + box.height / 2);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillText(title, 0, 0);
  context.restore();
}

/** For every pixel of `count` the cell it lies in: `cellOf(share)` is told how far along it is, 0 to 1; -1 is none. */
const cells = (count, cellOf) => Int32Array.from({ length: count }, (_, pixel) => cellOf((pixel + 0.5) / count));

/** Index of the stretch of `edges` (rising) that holds `value`, -1 outside. */
function within(edges, value) {
  if (!(value >= edges[0] && value < edges[edges.length - 1])) return -1;
  let [low, high] = [0, edges.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** Paint codes (0 to 255, rows of `stride`) into a box through a palette of 256 colours, pixel by pixel. */
function heat(context, box, columnOf, rowOf, codes, stride, palette) {
  const width = Math.max(1, Math.round(box.width * context.ratio));
  const height = Math.max(1, Math.round(box.height * context.ratio));
  const [columns, rows] = [cells(width, columnOf), cells(height, rowOf)];
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let y = 0; y < height; y++) {
    if (rows[y] < 0) continue;
    if (y && rows[y] === rows[y - 1]) {
      pixels.copyWithin(y * width, (y - 1) * width, y * width);
      continue;
    }
    for (let x = 0; x < width; x++) if (columns[x] >= 0) pixels[y * width + x] = palette[codes[rows[y] * stride + columns[x]]];
  }
  const buffer = new OffscreenCanvas(width, height);
  buffer.getContext("2d").putImageData(image, 0, 0);
  context.drawImage(buffer, box.left, box.top, box.width, box.height);
}

const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const packedColour = (red, green, blue, alpha = 255) => ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
const faded = (colour, opacity) => `rgba(${rgb(colour).join(",")},${opacity})`;

/** 256 colours that run evenly through the given ones. */
function blend(colours) {
  const stops = colours.map(rgb);
  return Uint32Array.from({ length: 256 }, (_, code) => {
    const along = (code / 255) * (stops.length - 1);
    const at = Math.min(stops.length - 2, Math.floor(along));
    return packedColour(...stops[at].map((value, i) => Math.round(value + (stops[at + 1][i] - value) * (along - at))));
  });
}

/** 256 colours from three bytes each. */
const paletteOf = (text) => {
  const bytes = bytesOf(text);
  return Uint32Array.from({ length: 256 }, (_, code) => packedColour(...bytes.subarray(3 * code, 3 * code + 3)));
};

/** A line that is flat over every token, its ends at the edges; `place` maps percent to a pixel. */
function steps(context, edges, values, across, place) {
  context.beginPath();
  context.moveTo(across(edges[0]), place(0));
  values.forEach((value, i) => {
    context.lineTo(across(edges[i]), place(value));
    context.lineTo(across(edges[i + 1]), place(value));
  });
  context.lineTo(across(edges[edges.length - 1]), place(0));
}

const number = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");

/** A small text beside the pointer. It belongs to one canvas: `say(event, "")` or leaving the canvas hides it. */
class Tip {
  constructor(root) {
    this.root = root;
    this.box = root.appendChild(Object.assign(document.createElement("div"), { className: "tip", hidden: true }));
  }

  listen(canvas, words) {
    canvas.addEventListener("pointermove", (event) => this.say(event, words(event.offsetX, event.offsetY) ?? ""));
    canvas.addEventListener("pointerleave", () => (this.box.hidden = true));
  }

  say(event, text) {
    this.box.hidden = !text;
    if (!text) return;
    this.box.textContent = text;
    const frame = this.root.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    const flip = x + this.box.offsetWidth + 16 > frame.width;
    this.box.style.transform = `translate(${flip ? x - this.box.offsetWidth - 12 : x + 12}px, ${y + 14}px)`;
  }
}
