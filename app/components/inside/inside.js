// Listen inside as one drawing: bars of the answer, the sound, the heads. Choosing a head or moving the veil asks nobody.

let look = null; // layer and head the person chose, from 0; the last layer's first head where nobody chose
let veil = 0.7;

class Inside {
  constructor(root) {
    this.root = root;
    const part = (name) => root.querySelector(`.${name}`);
    const tip = new Tip(root);
    const choose = (layer, head) => this.choose(layer, head);
    this.parts = { title: part("title"), bars: part("bars"), rest: part("rest"), through: part("through"), select: part("select"), veil: part("veil"), heads: part("heads"), one: part("one"), numbers: part("numbers") };
    this.stage = new Stage(part("sound"), tip);
    this.strips = new Strips(part("strips"), tip, choose);
    this.matrix = new Matrix(root.querySelector(".matrix canvas"), tip);
    this.parts.select.addEventListener("change", (event) => choose(...event.target.value.split(" ").map(Number)));
    this.parts.veil.addEventListener("input", (event) => {
      veil = event.target.value / 100;
      this.showVeil();
      this.drawStage();
    });
    this.observer = new ResizeObserver(() => root.clientWidth !== this.width && this.data && this.draw());
    this.observer.observe(root);
  }

  update(data, setStateValue) {
    this.setStateValue = setStateValue;
    if (data.id === this.data?.id) return;
    this.data = data;
    this.palette = paletteOf(data.palette);
    for (const layer of data.layers)
      for (const head of layer.heads) {
        Object.assign(head, { edges: floatsOf(layer.edges), bands: layer.bands, cls: layer.cls, profile: [...floatsOf(head.profile)], grid: bytesOf(head.grid) });
        head.matrix &&= bytesOf(head.matrix);
      }
    this.showBars();
    this.draw();
  }

  get look() {
    const { layers } = this.data;
    const layer = Math.min(look?.layer ?? layers.length - 1, layers.length - 1);
    return { layer, head: Math.min(look?.head ?? 0, layers[layer].heads.length - 1) };
  }

  choose(layer, head) {
    look = { layer, head };
    this.draw();
  }

  /** No matrix of this layer is here: none is shown, and the server sends it. It is asked once, or this would never end. */
  wait(layer) {
    this.matrix.clear();
    const asked = `${this.data.id} ${layer}`;
    if (this.data.layers[layer].once || this.asked === asked) return;
    this.asked = asked;
    this.setStateValue("layer", layer);
  }

  draw() {
    const { data, parts } = this;
    this.width = this.root.clientWidth;
    const attends = data.layers.length > 0;
    for (const name of ["through", "heads", "one"]) parts[name].hidden = !attends;
    if (attends) {
      const { layer, head } = this.look;
      this.chosen = data.layers[layer].heads[head];
      this.fillSelect(layer, head);
      this.strips.draw(data.layers, this.look, data.sound, data.ink);
      this.root.dataset.look = `${layer + 1} ${head + 1}`;
      this.matrix.canvas.parentElement.hidden = data.layers[layer].once;
      if (this.chosen.matrix) this.matrix.draw(this.chosen, data.ink);
      else this.wait(layer);
      this.matrix.canvas.setAttribute("aria-label", `Query by key matrix of ${data.layers[layer].names[head]}, in seconds`);
      this.showNumbers(layer, head);
    } else this.chosen = null;
    this.showVeil();
    this.drawStage();
    this.root.dataset.drawn = data.id;
  }

  drawStage() {
    this.stage.draw(this.data.sound, this.chosen, veil, this.data.ink, this.palette);
    this.stage.canvas.setAttribute("aria-label", this.data.sound.alt);
  }

  showBars() {
    const { bars, rest, title } = this.parts;
    const folded = this.data.bars.filter((bar) => bar.folded);
    bars.replaceChildren(...this.data.bars.filter((bar) => !bar.folded).map((bar) => this.bar(bar)));
    rest.hidden = !folded.length;
    rest.querySelector("summary").textContent = `The other ${folded.length} classes`;
    rest.querySelector("ol").replaceChildren(...folded.map((bar) => this.bar(bar)));
    title.textContent = this.data.title;
    title.hidden = !this.data.title;
  }

  bar(bar) {
    const row = document.createElement("li");
    const add = (name, text = "", to = row) => to.appendChild(Object.assign(document.createElement("span"), { className: name, textContent: text }));
    const label = add("label");
    label.title = bar.label;
    add("name", bar.short, label);
    if (bar.truth) add("tick", "\u00a0✓", label); // beside the name, so that no cut takes it away
    const fill = add("track").appendChild(document.createElement("span"));
    fill.style.width = `${bar.percent}%`;
    fill.style.background = bar.colour;
    add("value", bar.text);
    row.classList.toggle("truth", bar.truth);
    return row;
  }

  fillSelect(layer, head) {
    const { select } = this.parts;
    const shape = namesOf(this.data.layers);
    if (select.dataset.shape !== shape) {
      select.dataset.shape = shape;
      select.replaceChildren(...this.data.layers.flatMap((one, l) => one.names.map((name, h) => new Option(name, `${l} ${h}`))));
    }
    select.value = `${layer} ${head}`;
  }

  showVeil() {
    const percent = Math.round(100 * veil);
    this.parts.veil.value = percent;
    this.parts.veil.style.setProperty("--done", `${percent}%`);
    this.root.querySelector(".percent").textContent = `${percent} %`;
  }

  showNumbers(layer, head) {
    const { numbers } = this.parts;
    const { names, words } = this.data.layers[layer];
    numbers.querySelector("h3").textContent = names[head];
    for (const [name, sentence] of Object.entries(words)) this.root.querySelector(`.say-${name}`).textContent = sentence;
    numbers.querySelector(".entropy").textContent = this.chosen.entropy;
    numbers.querySelector(".reach").textContent = this.chosen.reach;
    numbers.querySelector(".entropy-help").textContent = this.chosen.entropyHelp;
  }

  close() {
    this.observer.disconnect();
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".inside");
  root.earshot ??= new Inside(root);
  root.earshot.update(data, setStateValue);
  return () => {
    root.earshot?.close();
    root.earshot = null;
  };
}
