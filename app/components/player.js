// The player: plays the <audio> of its own container, draws a playhead over the figures it follows, seeks on a click in
// them and reports a zoom along their time axis as the region. Streamlit calls the default export on every data change.

const ICONS = { play: "M8 5.1v13.8L19 12z", pause: "M6.5 5h4v14h-4zM13.5 5h4v14h-4z" };
const TYPING = "input:not([type=range]), textarea, select, button, a, [contenteditable], [role=button], [role=grid]";
let lastUsed = null; // the player that the space bar speaks to

const clock = (seconds) => {
  const tenths = Math.max(0, Math.round(seconds * 10));
  return `${Math.floor(tenths / 600)}:${String(Math.floor((tenths % 600) / 10)).padStart(2, "0")}.${tenths % 10}`;
};

class Player {
  constructor(shadow) {
    this.host = shadow.host;
    this.part = (name) => shadow.querySelector(`.${name}`);
    this.lines = new Map(); // figure -> its playhead
    this.part("toggle").addEventListener("click", () => this.toggle());
    this.part("seek").addEventListener("input", (event) => this.seek(Number(event.target.value)));
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.timer = setInterval(() => this.attend(), 200);
    this.host.setAttribute("data-player-ready", "");
    lastUsed ??= this;
  }

  update(data, setStateValue) {
    const another = this.data && this.data.sound !== data.sound;
    this.data = data;
    this.report = (region) => data.zoomable && setStateValue("region", region);
    this.part("player").setAttribute("aria-label", data.label);
    this.part("seek").max = data.seconds;
    if (another) this.place(0);
    this.attend();
  }

  get audio() {
    return this.host.closest('[class*="st-key-player_"]')?.querySelector("audio");
  }

  get span() {
    return this.data.region ?? [0, this.data.seconds];
  }

  // Streamlit may replace the audio element or a figure at any time: look again, and listen where we do not yet.
  attend() {
    const audio = this.audio;
    if (audio && audio !== this.listened) {
      this.listened = audio;
      audio.preload = "auto";
      for (const name of ["play", "pause", "ended", "seeked", "loadedmetadata"])
        audio.addEventListener(name, () => this.draw());
      audio.addEventListener("play", () => this.follow());
    }
    for (const key of this.data.follow) {
      const figure = document.querySelector(`.st-key-${CSS.escape(key)} .js-plotly-plot`);
      if (figure && !this.lines.has(figure)) this.watch(figure);
    }
    for (const [figure, line] of this.lines)
      if (!figure.isConnected) {
        line.remove();
        this.lines.delete(figure);
      }
    this.draw();
  }

  watch(figure) {
    const line = document.createElement("div");
    line.className = "earshot-playhead";
    figure.append(line);
    this.lines.set(figure, line);
    if (figure.earshotWatched) return;
    figure.earshotWatched = true;
    // Plotly covers the page while a button is down, so a click never reaches the figure: take the pointer's word
    figure.addEventListener("pointerdown", (down) => {
      const time = this.timeAt(figure, down);
      if (time === null || down.button) return;
      window.addEventListener("pointerup", (up) => {
        if (Math.hypot(up.clientX - down.clientX, up.clientY - down.clientY) < 4) this.seek(time);
      }, { capture: true, once: true });
    }, true);
    figure.on?.("plotly_doubleclick", () => this.report(null));
    figure.on?.("plotly_relayout", (change) => {
      const [low, high] = change["xaxis.range"] ?? [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      if (low === undefined || high === undefined) return;
      const region = [Math.max(0, low), Math.min(this.data.seconds, high)];
      const whole = region[1] - region[0] > 0.995 * this.data.seconds;
      this.report(whole ? null : region.map((time) => Math.round(time * 1e5) / 1e5));
    });
  }

  timeAt(figure, event) {
    const layout = figure._fullLayout;
    if (!layout?.xaxis) return null;
    const box = figure.getBoundingClientRect();
    const across = event.clientX - box.left - layout.xaxis._offset;
    const down = event.clientY - box.top - layout._size.t;
    if (across < 0 || across > layout.xaxis._length || down < 0 || down > layout._size.h) return null;
    const [low, high] = layout.xaxis.range;
    return low + (across / layout.xaxis._length) * (high - low);
  }

  toggle() {
    lastUsed = this;
    const audio = this.audio;
    if (!audio) return;
    if (!audio.paused) return audio.pause();
    for (const other of document.querySelectorAll("audio")) other !== audio && other.pause();
    const [start, end] = this.span;
    if (audio.currentTime < start - 0.01 || audio.currentTime >= end - 0.02) audio.currentTime = start;
    audio.play().catch((problem) => (this.part("time").textContent = `cannot play: ${problem.message}`));
  }

  seek(time) {
    lastUsed = this;
    if (this.audio) this.audio.currentTime = time;
    this.place(time);
  }

  key(event) {
    if (event.code !== "Space" || lastUsed !== this || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    if (target instanceof Element && target.closest(TYPING)) return;
    event.preventDefault();
    this.toggle();
  }

  follow() {
    const audio = this.audio;
    if (!audio || audio.paused || !this.timer) return this.draw();
    if (this.data.region && audio.currentTime >= this.span[1]) audio.pause();
    this.draw();
    requestAnimationFrame(() => this.follow());
  }

  draw() {
    const audio = this.audio;
    const playing = Boolean(audio && !audio.paused && !audio.ended);
    this.part("toggle").setAttribute("aria-label", playing ? "Pause" : "Play");
    this.part("shape").setAttribute("d", playing ? ICONS.pause : ICONS.play);
    this.place(audio?.currentTime ?? 0);
  }

  place(time) {
    const { seconds } = this.data;
    const seek = this.part("seek");
    if (document.activeElement !== this.host || !seek.matches(":active")) seek.value = time;
    seek.style.setProperty("--done", `${(100 * Math.min(1, time / seconds)).toFixed(2)}%`);
    seek.setAttribute("aria-valuetext", clock(time));
    this.part("time").textContent = `${clock(Math.min(time, seconds))} / ${clock(seconds)}`;
    for (const [figure, line] of this.lines) {
      const layout = figure._fullLayout;
      const [low, high] = layout?.xaxis?.range ?? [0, 0];
      const seen = high > low && time >= low && time <= high;
      line.style.display = seen ? "block" : "none";
      if (!seen) continue;
      line.style.height = `${layout._size.h}px`;
      line.style.top = `${layout._size.t}px`;
      line.style.transform = `translateX(${layout.xaxis._offset + ((time - low) / (high - low)) * layout.xaxis._length}px)`;
    }
  }

  close() {
    clearInterval(this.timer);
    this.timer = null;
    document.removeEventListener("keydown", this.onKey);
    for (const line of this.lines.values()) line.remove();
    if (lastUsed === this) lastUsed = null;
  }
}

export default function ({ data, parentElement, setStateValue }) {
  parentElement.earshot ??= new Player(parentElement);
  parentElement.earshot.update(data, setStateValue);
  return () => {
    parentElement.earshot?.close();
    parentElement.earshot = null;
  };
}
