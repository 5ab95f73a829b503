"""Rows of small pictures with a caption each, to be clicked: five in a row, two on a phone."""

import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.wording import cut

COLUMNS, PHONE_COLUMNS, ROW = 5, 2, 104  # in a row (the rules below say it too), and px of one with its caption
LONGEST = 20  # letters of a caption
CSS = """
.strip {
  display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 12px 8px; align-content: start;
  padding: 3px; margin: -3px;
}
@media (max-width: 640px) { .strip { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
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
// On a phone what is opened lies a long way down: it is brought into sight, once it is there.
function bring(name, tries = 50) {
  const place = document.querySelector(`.st-key-${name}`);
  if (place) place.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  else if (tries) setTimeout(bring, 100, name, tries - 1);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const strip = parentElement.querySelector(".strip");
  strip.replaceChildren(...data.items.map((item, number) => {
    const make = (tag, name, parent) => {
      const element = document.createElement(tag);
      if (name) element.className = name;
      parent?.append(element);
      return element;
    };
    const button = make("button");
    button.type = "button";
    button.title = item.hint;
    button.addEventListener("click", () => {
      setTriggerValue("opened", number);
      if (matchMedia("(max-width: 640px)").matches) bring(data.opens);
    });
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


def thumbnails(items: Sequence[Thumbnail], *, key: str, opens: str, on_open: Callable[[int], None]) -> None:
    """Draw them. A click calls ``on_open(number)``, a callback; a phone then scrolls to the element of the key ``opens``.
    The page holds their place, of :func:`thumbnails_height`."""
    shown = [{"picture": base64.b64encode(item.picture).decode(), "caption": cut(item.caption, LONGEST), "hint": item.hint,
              "colour": item.colour} for item in items]
    _component(key=key, data={"items": shown, "opens": opens},
               on_opened_change=lambda: on_open(int(st.session_state[key]["opened"])))


def thumbnails_height(count: int, columns: int = COLUMNS) -> int:
    """Pixels that so many take, with their captions."""
    return max(1, math.ceil(count / columns)) * ROW
