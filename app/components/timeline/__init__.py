"""The drawing of a long sound: its outline, a strip for every class below it, events underlined; a click picks a moment."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
KEY = "listen_timeline"
HTML = '<div class="timeline"><div class="along"><canvas role="img"></canvas></div></div>'
CSS = """
.timeline, .timeline .along { position: relative; min-height: 160px; font-family: var(--st-font); color: var(--st-text-color); }
.timeline canvas { display: block; width: 100%; cursor: pointer; }
.timeline .tip {
  position: absolute; left: 0; top: 0; z-index: 10; padding: 3px 8px; border-radius: 4px; pointer-events: none;
  white-space: nowrap; font-size: 0.85rem; background: var(--st-background-color); border: 1px solid var(--st-border-color);
  box-shadow: 0 1px 4px rgba(0, 0, 0, 0.2);
}
"""

_component = st.components.v2.component(
    "earshot_timeline", html=HTML, css=CSS, isolate_styles=False,
    js="\n".join(path.read_text("utf-8") for path in (HERE.parent / "draw.js", HERE / "timeline.js")))


def timeline(view: dict, on_pick: Callable[[float], None]) -> None:
    """Draw a view of :func:`app.charts.timeline.timeline_view`; ``on_pick`` is called, before the next run, with the
    second that was clicked."""
    def picked() -> None:
        time = st.session_state[f"{KEY}_drawing"].get("picked")
        if time is not None:
            on_pick(float(time))

    with st.container(key=KEY):
        _component(key=f"{KEY}_drawing", data=view, on_picked_change=picked)
