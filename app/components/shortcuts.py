"""The keys that work on every page, and the list of them: the round button in the corner, or ``?``."""

from pathlib import Path

import streamlit as st

ROWS = (
    (("Space",), "Play or pause, anywhere but in a field"),
    (("←", "→"), "Previous and next clip (in Explore also P and N)"),
    (("Tab",), "To the next control; Enter or Space presses it"),
    (("?",), "This list; Esc closes it"),
    (("Click",), "In a picture of a sound: go to that moment"),
    (("Drag",), "In a picture of a sound: look closer"),
    (("Double click",), "In a picture of a sound: all of it again"),
)
PRESS = {  # key -> the buttons that it presses
    "ArrowLeft": ["explore_previous", "listen_previous"], "ArrowRight": ["explore_next", "listen_next"]}
HTML = """
<button class="open" type="button" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)">?</button>
<dialog aria-label="Keyboard shortcuts" tabindex="-1"><h2>Keyboard and mouse</h2><dl></dl>
<form method="dialog"><button class="close">Close</button></form></dialog>
"""
CSS = """
.open {
  position: fixed; right: 16px; bottom: 16px; z-index: 90; width: 32px; height: 32px; border-radius: 50%; cursor: pointer;
  border: 1px solid var(--st-border-color); background: var(--st-background-color); color: var(--st-text-color);
  font: 600 15px var(--st-font);
}
.open:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
.open:focus-visible, .close:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
@media (hover: none) { .open { display: none; } }
dialog {
  width: min(440px, calc(100vw - 32px)); box-sizing: border-box; padding: 20px 24px; font-family: var(--st-font);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
  background: var(--st-background-color); color: var(--st-text-color);
}
dialog::backdrop { background: rgba(0, 0, 0, 0.35); }
h2 { margin: 0 0 12px; font-size: 1.15rem; font-weight: 620; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 8px 16px; margin: 0 0 16px; line-height: 1.5; }
dd { margin: 0; }
dt { display: flex; gap: 4px; align-items: start; }
kbd {
  min-width: 14px; padding: 1px 7px; border: 1px solid var(--st-border-color); border-radius: 5px; text-align: center;
  background: var(--st-secondary-background-color); font: 0.85rem/1.5 var(--st-font);
}
.close {
  padding: 6px 16px; border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); cursor: pointer;
  background: none; color: inherit; font: inherit;
}
"""
_component = st.components.v2.component(
    "earshot_shortcuts", html=HTML, css=CSS, js=(Path(__file__).parent / "shortcuts.js").read_text("utf-8"))


def shortcuts() -> None:
    """Listen for the keys; called once, by the frame."""
    with st.container(key="earshot_shortcuts", height=1, border=False):
        _component(key="earshot_keys", data={"rows": ROWS, "press": PRESS}, height=1)
