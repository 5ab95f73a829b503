// Figures come to rest. Streamlit keeps what a Plotly figure shows in two places, its own state and the drawing, and each
// change of one is written into the other. Where two changes are under way at once (a double click while a new picture is
// being set up, on a busy machine) they are handed round for ever, within one task: the page never answers again. A figure
// that is drawn again and again without a pause is told that its drawing failed: what it shows is right, and what follows
// from a drawing (the change of the other place) does not happen.

const MANY = 12; // drawings; a person's doing takes three or four
const PAUSE = 400; // ms

function steady(figure) {
  if (figure.earshotSteady || !figure.on) return;
  figure.earshotSteady = true;
  let [drawn, timer] = [0, null];
  figure.on("plotly_afterplot", () => {
    clearTimeout(timer);
    timer = setTimeout(() => (drawn = 0), PAUSE);
    if (++drawn > MANY) throw new Error("drawn again and again: Streamlit is not told of this drawing");
  });
}

function look(changes) {
  for (const { target } of changes) if (target.classList?.contains("js-plotly-plot")) steady(target);
}

export default function () {
  if (window.earshotSteady) return;
  window.earshotSteady = new MutationObserver(look);
  window.earshotSteady.observe(document.body, { subtree: true, attributeFilter: ["class"] });
  document.querySelectorAll(".js-plotly-plot").forEach(steady);
}
