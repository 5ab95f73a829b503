// One press is one step of the browser's history. Of the changes that a press makes to the address, Streamlit makes a step
// of each (the page is another, then its script adds what it shows; two filters go) or of none (a filter's own field). A
// step back led to a state that nobody had seen, to one that the script left again at once, or over a filter away. Here what
// a person's press changes first is a step, and what follows without another press belongs to it.

const PRESSES = ["pointerdown", "click", "keydown", "change", "drop"];
const CHANGE_NOTHING = ["Escape", "Tab", "Shift", "Control", "Alt", "Meta"]; // keys that may come between a press and its answer

export default function () {
  if (window.earshotOneStep) return;
  window.earshotOneStep = true;
  let pressed = false;
  const note = ({ key }) => (pressed ||= !CHANGE_NOTHING.includes(key));
  for (const kind of PRESSES) window.addEventListener(kind, note, { capture: true });
  window.addEventListener("popstate", () => (pressed = false), { capture: true }); // the browser's own keys are presses too
  const history = window.history;
  const [push, replace] = [history.pushState.bind(history), history.replaceState.bind(history)];
  history.pushState = history.replaceState = (state, title, address) => {
    const another = new URL(address ?? "", window.location.href).href !== window.location.href;
    (another && pressed ? push : replace)(state, title, address);
    if (another) pressed = false;
  };
}
