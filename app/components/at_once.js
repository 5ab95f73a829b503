// What is pressed in a table is sent at once. Streamlit waits a seventh of a second for another press, so that many rows
// ticked one after the other are sent together; a row of this app opens what it stands for, and everybody would wait.
// Keys keep the wait: who holds the arrow down runs over many rows.

const WAIT = 150; // ms, of Streamlit's tables
const PRESSES = ["mousedown", "mouseup", "click", "pointerdown", "pointerup", "touchend"];

const pressed = (event) => PRESSES.includes(event?.type) && event.target.closest?.("[data-testid=stDataFrame]");

export default function () {
  if (window.earshotAtOnce) return;
  window.earshotAtOnce = true;
  const setTimer = window.setTimeout.bind(window);
  window.setTimeout = (call, wait, ...rest) => setTimer(call, wait === WAIT && pressed(window.event) ? 0 : wait, ...rest);
}
