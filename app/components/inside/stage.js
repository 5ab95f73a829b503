// What was heard, on one time axis: waveform, mel spectrogram under the veil of the chosen head, that head's attention.

const MARGIN = { left: 60, right: 12, top: 8, bottom: 44 };
const SPAN_DB = 70; // how far below its loudest moment the spectrogram is drawn; one code is SPAN_DB / 255 dB

class Stage {
  constructor(holder, tip) {
    this.holder = holder;
    this.canvas = holder.querySelector("canvas");
    tip.listen(this.canvas, (x, y) => this.words(x, y));
  }

  /** `sound` as the server sent it; `head` with edges, profile, grid, bands and rows, or null without attention. */
  draw(sound, head, veil, ink, palette) {
    const width = this.holder.clientWidth;
    const height = sound.looks ? 430 : 340;
    const context = blank(this.canvas, width, height);
    const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
    const row = (from, to) => ({ left: MARGIN.left, width: inner.width, top: MARGIN.top + from * inner.height, height: (to - from) * inner.height });
    const rows = sound.looks ? [row(0, 0.2), row(0.225, 0.765), row(0.805, 1)] : [row(0, 0.24), row(0.27, 1)];
    const [low, high] = sound.span;
    const across = (time) => MARGIN.left + ((time - low) / (high - low)) * inner.width;
    Object.assign(this, { sound, head, rows, across, timeAt: (x) => low + ((x - MARGIN.left) / inner.width) * (high - low) });
    this.waveform(context, rows[0], ink);
    this.spectrogram(context, rows[1], head, veil, ink, palette);
    if (sound.looks && head) this.profile(context, rows[2], head, ink);
    this.padding(context, inner, ink);
    const last = rows[rows.length - 1];
    axisBelow(context, last, ticks(low, high, Math.max(2, Math.min(10, inner.width / 70))), across, "Time in the clip (s)", ink);
    this.holder.dataset.timeAxis = JSON.stringify({ low, high, left: MARGIN.left, width: inner.width, top: MARGIN.top, height: inner.height });
  }

  waveform(context, box, ink) {
    const { outline } = this.sound;
    const [lows, highs] = (outline.ready ??= [floatsOf(outline.low), floatsOf(outline.high)]);
    const peak = Math.max(0.01, outline.peak);
    const down = (value) => box.top + box.height / 2 - (value / peak) * (box.height / 2) * 0.95;
    context.fillStyle = context.strokeStyle = ink.wave;
    context.lineWidth = 1;
    context.beginPath();
    const place = (i) => this.across(outline.start + i * outline.step);
    for (let i = 0; i < highs.length; i++) context.lineTo(place(i), down(highs[i]));
    for (let i = lows.length - 1; i >= 0; i--) context.lineTo(place(i), down(lows[i]) + 0.6);
    context.fill();
    context.stroke();
    const mark = ticks(0, peak, 2).filter(([value]) => value > 0 && value <= peak).pop();
    const marks = [[0, "0"], ...(mark ? [mark, [-mark[0], `−${mark[1]}`]] : [])];
    axisLeft(context, box, marks, down, "Amplitude", ink);
  }

  spectrogram(context, box, head, veil, ink, palette) {
    const { mel } = this.sound;
    const codes = (mel.codes ??= bytesOf(mel.data));
    const [low, high] = this.sound.span;
    const frame = (share) => {
      const at = Math.round((low + share * (high - low) - mel.start) / mel.step);
      return at >= 0 && at < mel.frames ? at : -1;
    };
    heat(context, box, frame, (share) => Math.min(mel.bands - 1, Math.floor((1 - share) * mel.bands)), codes, mel.frames, palette);
    if (head?.grid && veil > 0 && this.sound.looks) {
      const fog = Uint32Array.from({ length: 256 }, (_, code) => packedColour(...rgb(ink.fog), Math.round(veil * (255 - code))));
      const column = (share) => within(head.edges, low + share * (high - low));
      const band = (share) => (head.bands.length ? within(head.bands, (1 - share) * mel.bands) : 0);
      heat(context, box, column, band, head.grid, head.edges.length - 1, fog);
    }
    const down = (band) => box.top + box.height * (1 - (band + 0.5) / mel.bands);
    axisLeft(context, box, mel.ticks, down, "Frequency (Hz)", ink);
  }

  profile(context, box, head, ink) {
    const most = Math.max(...head.profile, 1e-6);
    const down = (percent) => box.top + box.height * (1 - percent / (1.08 * most));
    context.strokeStyle = ink.grid;
    const marks = ticks(0, most, 3);
    for (const [value] of marks) {
      context.beginPath();
      context.moveTo(box.left, down(value));
      context.lineTo(box.left + box.width, down(value));
      context.stroke();
    }
    steps(context, head.edges, head.profile, this.across, down);
    context.fillStyle = faded(ink.accent, 0.25);
    context.fill();
    context.strokeStyle = ink.accent;
    context.lineWidth = 1.5;
    context.stroke();
    axisLeft(context, box, marks, down, box.height > 60 ? "Attention (%)" : "", ink);
  }

  padding(context, inner, ink) {
    const { span, heard } = this.sound;
    for (const [start, end] of [[span[0], Math.min(heard[0], span[1])], [Math.max(heard[1], span[0]), span[1]]]) {
      if (end - start <= 0.02) continue;
      const [left, width] = [this.across(start), this.across(end) - this.across(start)];
      context.fillStyle = faded(ink.surface, 0.55);
      context.fillRect(left, MARGIN.top, width, inner.height);
      if (width < 72) continue;
      context.fillStyle = ink.muted;
      context.textAlign = "left";
      context.textBaseline = "top";
      context.fillText("silence added", left + 4, MARGIN.top + 2);
    }
  }

  words(x, y) {
    const row = this.rows?.findIndex((box) => x >= box.left && x <= box.left + box.width && y >= box.top && y <= box.top + box.height);
    const time = row >= 0 ? this.timeAt(x) : 0;
    if (row === 1) {
      const { mel } = this.sound;
      const frame = Math.round((time - mel.start) / mel.step);
      const band = Math.min(mel.bands - 1, Math.floor((1 - (y - this.rows[1].top) / this.rows[1].height) * mel.bands));
      if (frame < 0 || frame >= mel.frames || band < 0) return "";
      const level = mel.floor + (mel.codes[band * mel.frames + frame] / 255) * SPAN_DB;
      return `${number(time, 2)} s · ${number(mel.hertz[band], 0)} Hz · ${number(level, 0)} dB`;
    }
    if (row === 2 && this.head) {
      const at = within(this.head.edges, time);
      return at < 0 ? "" : `${number(time, 2)} s · ${number(this.head.profile[at], 2)} % of the attention`;
    }
    return row === 0 ? `${number(time, 2)} s` : "";
  }
}
