"""Rows of small pictures with a caption each, to be clicked; where they do not fit they are pushed aside (a phone)."""

import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

COLUMNS, ROW = 5, 104  # in a row (the rule below says it too), and px of one with its caption
CSS = """
.strip {
  display: grid; grid-template-columns: repeat(5, minmax(136px, 1fr)); gap: 12px 8px; align-content: start;
  height: 100%; padding: 3px; margin: -3px; overflow: auto hidden;
}
button {
  display: block; padding: 0; border: 0; background: none; color: var(--st-text-color); cursor: pointer;
  font: inherit; font-family: var(--st-font); font-size: 0.85rem; text-align: left; min-width: 0;
}
img {
  display: block; width: 100%; height: 72px; border-radius: 6px; box-sizing: border-box; image-rendering: auto;
  outline: 2px solid transparent; outline-offset: 1px;
}
button:hover img { outline-color: var(--st-border-color); }
button:focus-visible img { outline-color: var(--st-primary-color); }
button:focus-visible { outline: none; }
.caption { display: flex; align-items: center; gap: 6px; margin-top: 4px; line-height: 1.3; }
.chip { flex: none; width: 9px; height: 9px; border-radius: 3px; }
.text { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
"""
JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const strip = parentElement.querySelector(".strip");
  strip.replaceChildren(...data.map((item, number) => {
    const make = (tag, name, parent) => {
      const element = document.createElement(tag);
      if (name) element.className = name;
      parent?.append(element);
      return element;
    };
    const button = make("button");
    button.type = "button";
    button.title = item.hint;
    button.addEventListener("click", () => setTriggerValue("opened", number));
    const image = make("img", "", button);
    image.src = `data:image/png;base64,${item.picture}`;
    image.alt = item.hint;
    const caption = make("span", "caption", button);
    if (item.colour) make("span", "chip", caption).style.background = item.colour;
    make("span", "text", caption).textContent = item.caption;
    return button;
  }));
}
"""

_component = st.components.v2.component("earshot_thumbnails", html='<div class="strip"></div>', css=CSS, js=JS)


@dataclass(frozen=True)
class Thumbnail:
    """A PNG with the caption under it; ``hint`` says what it is to those who hover or cannot see it."""

    picture: bytes
    caption: str
    hint: str
    colour: str = ""


def thumbnails(items: Sequence[Thumbnail], *, key: str, on_open: Callable[[int], None]) -> None:
    """Draw them, :data:`COLUMNS` in a row. A click calls ``on_open(number)``, a callback."""
    shown = [{"picture": base64.b64encode(item.picture).decode(), "caption": item.caption, "hint": item.hint,
              "colour": item.colour} for item in items]
    _component(key=key, data=shown, height=thumbnails_height(len(shown)),
               on_opened_change=lambda: on_open(int(st.session_state[key]["opened"])))


def thumbnails_height(count: int) -> int:
    """Pixels that so many take, with their captions."""
    return max(1, math.ceil(count / COLUMNS)) * ROW
