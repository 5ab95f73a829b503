// The player: plays the <audio> of its own container, draws a playhead over the figures it follows, seeks on a click in
// them and reports a zoom along their time axis as the region. Streamlit calls the default export on every data change.

const ICONS = { play: "M8 5.1v13.8L19 12z", pause: "M6.5 5h4v14h-4zM13.5 5h4v14h-4z" };
const TYPING = "input:not([type=range]), textarea, select, [contenteditable]";
const PRESSED = "button, a, summary, [role=button], [role=radio], [role=option], [role=checkbox], [role=tab]";
const MODAL = "dialog, [aria-modal=true]";
const players = new Set(); // those on the page
let lastUsed = null; // the player that the space bar speaks to
let tabbed = false; // whether what has the focus was reached with the Tab key: then the space bar presses it
window.addEventListener("pointerdown", () => (tabbed = false), true);
window.addEventListener("keydown", (event) => event.key === "Tab" && (tabbed = true), true);

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
    window.addEventListener("keydown", this.onKey, true); // before a button that was just clicked takes the space bar
    this.timer = setInterval(() => this.attend(), 200);
    this.host.setAttribute("data-player-ready", "");
    players.add(this);
    lastUsed ??= this;
  }

  update(data, setTriggerValue) {
    const before = this.data;
    const another = before && before.sound !== data.sound;
    this.data = data;
    // A trigger and no state: to end a zoom that came with the link is news, though nobody has reported that zoom
    this.report = (region) => data.zoomable && setTriggerValue("zoomed", { region });
    this.part("player").setAttribute("aria-label", data.label);
    this.part("seek").max = data.seconds;
    if (another) {
      this.pressed = null;
      this.place(0);
    }
    this.attend();
    if (before && !another && before.play !== data.play) this.playRegion();
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
    if (audio && this.pressed) {
      const act = this.pressed;
      this.pressed = null;
      act();
    }
    for (const key of this.data.follow) {
      const inside = `.st-key-${CSS.escape(key)}`;
      const figure = document.querySelector(`${inside} .js-plotly-plot, ${inside} [data-time-axis]`);
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
    const watched = figure.earshotPlayer;
    figure.earshotPlayer = this; // a player that was drawn anew takes over the figure that was not
    if (watched) return;
    // Plotly covers the page while a button is down, so a click never reaches the figure: take the pointer's word
    figure.addEventListener("pointerdown", (down) => {
      const time = figure.earshotPlayer.timeAt(figure, down);
      if (time === null || down.button) return;
      window.addEventListener("pointerup", (up) => {
        if (Math.hypot(up.clientX - down.clientX, up.clientY - down.clientY) < 4) figure.earshotPlayer.seek(time);
      }, { capture: true, once: true });
    }, true);
    figure.on?.("plotly_doubleclick", () => figure.earshotPlayer.report(null));
    figure.on?.("plotly_relayout", (change) => {
      const [low, high] = change["xaxis.range"] ?? [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      if (low === undefined || high === undefined) return;
      const { data } = figure.earshotPlayer;
      const region = [Math.max(0, low), Math.min(data.seconds, high)];
      const whole = region[1] - region[0] > 0.995 * data.seconds;
      figure.earshotPlayer.report(whole ? null : region.map((time) => Math.round(time * 1e5) / 1e5));
    });
  }

  // Where a figure's time axis lies, in its own pixels: Plotly knows, and drawings of ours say so in an attribute.
  axisOf(figure) {
    if (figure.dataset.timeAxis) return JSON.parse(figure.dataset.timeAxis);
    const layout = figure._fullLayout;
    if (!layout?.xaxis) return null;
    const [low, high] = layout.xaxis.range;
    return { low, high, left: layout.xaxis._offset, width: layout.xaxis._length, top: layout._size.t, height: layout._size.h };
  }

  timeAt(figure, event) {
    const axis = this.axisOf(figure);
    if (!axis) return null;
    const box = figure.getBoundingClientRect();
    const across = event.clientX - box.left - axis.left;
    const down = event.clientY - box.top - axis.top;
    if (across < 0 || across > axis.width || down < 0 || down > axis.height) return null;
    return axis.low + (across / axis.width) * (axis.high - axis.low);
  }

  toggle() {
    lastUsed = this;
    const audio = this.audio;
    if (!audio) return this.whenHere(() => this.toggle());
    if (!audio.paused) return audio.pause();
    for (const other of document.querySelectorAll("audio")) other !== audio && other.pause();
    const [start, end] = this.span;
    if (audio.currentTime < start - 0.01 || audio.currentTime >= end - 0.02) audio.currentTime = start;
    audio.play().catch((problem) => (this.part("time").textContent = `cannot play: ${problem.message}`));
  }

  playRegion() {
    if (this.audio) this.audio.currentTime = this.span[0];
    if (this.audio?.paused) this.toggle();
  }

  seek(time) {
    lastUsed = this;
    if (!this.audio) return this.whenHere(() => this.seek(time));
    this.audio.currentTime = time;
    this.place(time);
  }

  // What is pressed before Streamlit has brought the sound is done when it is here.
  whenHere(act) {
    this.pressed = act;
  }

  key(event) {
    if (event.code !== "Space" || lastUsed !== this || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    if (target instanceof Element && target.closest(tabbed ? `${TYPING}, ${PRESSED}` : TYPING)) return;
    if (event.composedPath().some((node) => node.matches?.(MODAL))) return; // nothing plays behind a dialog
    event.preventDefault();
    event.stopImmediatePropagation();
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
      const { low, high, left, width, top, height } = this.axisOf(figure) ?? { low: 0, high: 0 };
      const seen = high > low && time >= low && time <= high;
      line.style.display = seen ? "block" : "none";
      if (!seen) continue;
      line.style.height = `${height}px`;
      line.style.top = `${top}px`;
      line.style.transform = `translateX(${left + ((time - low) / (high - low)) * width}px)`;
    }
  }

  close() {
    clearInterval(this.timer);
    this.timer = null;
    window.removeEventListener("keydown", this.onKey, true);
    for (const line of this.lines.values()) line.remove();
    players.delete(this);
    if (lastUsed === this) lastUsed = [...players].at(-1) ?? null;
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.earshot ??= new Player(parentElement);
  parentElement.earshot.update(data, setTriggerValue);
  return () => {
    parentElement.earshot?.close();
    parentElement.earshot = null;
  };
}
