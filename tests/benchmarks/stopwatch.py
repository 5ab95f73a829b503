"""The time from a press to what it brings, by the browser's own clock (what Playwright does before it presses is not in it),
and by how much a page jumps."""

from collections.abc import Callable

WATCH = """there => {
  let pressed = null;  // the first press of what is done counts: a click is a pointerdown and a click
  for (const kind of ['pointerdown', 'keydown', 'click', 'change'])
    window.addEventListener(kind, () => (pressed ??= performance.now()), { capture: true, once: true });
  const isThere = eval(there);
  window.waited = new Promise((done, failed) => {
    const began = performance.now();
    const look = () => {
      if (pressed && isThere()) done(performance.now() - pressed);
      else if (performance.now() - began > 60000) failed(new Error('nothing came within a minute'));
      else requestAnimationFrame(look);
    };
    look();
  });
}"""
SHIFTS = """window.shifts = []; new PerformanceObserver(list => list.getEntries().forEach(entry => window.shifts.push(entry)))
.observe({ type: 'layout-shift', buffered: true });"""
# Since the last call, shifts that a press caused as well. Streamlit's frame, which is narrow until the page says that it is
# wide, is not counted: nothing stands in it yet.
JUMPED = """() => window.shifts.splice(0).filter(entry => entry.sources.some(source =>
  source.node?.dataset?.testid !== 'stMainBlockContainer')).reduce((sum, entry) => sum + entry.value, 0)"""


def seen(selector: str, text: str = "") -> str:
    """JavaScript: whether anything of this selector, with this text, is drawn and can be seen."""
    return (f"[...document.querySelectorAll({selector!r})].some(node => node.textContent.includes({text!r})"
            " && getComputedStyle(node).visibility === 'visible')")


def wait_after_press(page, act: Callable[[], None], there: str) -> float:
    """Milliseconds from the press in ``act`` until ``there``, a JavaScript function, is true, looked at in every frame."""
    page.evaluate(WATCH, there)
    act()
    return page.evaluate("() => window.waited")
