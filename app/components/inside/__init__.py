"""The drawing of Listen inside: bars, sound and heads in one component, on canvases of its own.

Several Plotly figures took half a second from a click to the last of them; this takes a tenth, and another head or veil
asks no server at all. Text from outside reaches the page as text content only.
"""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
KEY = "listen_inside"
HTML = """
<div class="inside">
  <div class="answer">
    <h3 class="title"></h3>
    <ol class="bars" aria-label="Probability of every class"></ol>
    <details class="rest"><summary></summary><ol class="bars" aria-label="Probability of the other classes"></ol></details>
    <div class="through">
      <label>Look through<select class="select" aria-label="Look through"></select></label>
      <label>Veil over what this head does not look at <span class="percent"></span>
        <input class="veil" type="range" min="0" max="100" step="5"></label>
    </div>
  </div>
  <div class="sound"><canvas class="stage" role="img"></canvas></div>
  <section class="heads">
    <h3>Where each head looks</h3>
    <p class="say-strips"></p>
    <div class="strips" role="radiogroup" aria-label="Heads"></div>
  </section>
  <section class="one">
    <div class="matrix"><canvas role="img"></canvas></div>
    <div class="numbers">
      <h3></h3>
      <div class="facts">
        <div>Entropy<strong class="entropy"></strong></div>
        <div>Reach<strong class="reach"></strong></div>
      </div>
      <p><span class="say-entropy"></span> <span class="entropy-help"></span> Reach is how far a moment looks: the distance in
        time to what it attends to, on average.</p>
      <p class="say-matrix"></p>
      <p class="say-caveat"></p>
    </div>
  </section>
</div>
"""
SCRIPTS = ("../draw.js", "stage.js", "heads.js", "inside.js")  # one script: a component has room for one

_component = st.components.v2.component(
    "earshot_inside", html=HTML, css=(HERE / "inside.css").read_text("utf-8"),
    js="\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS), isolate_styles=False)


def inside_drawing(view: dict) -> None:
    """Draw a view of :func:`app.views.listen_inside.view_of`. The layer a person looks through, where the server has to
    send it, is in :func:`layer_in_sight` of the next run."""
    with st.container(key=KEY):
        _component(key=f"{KEY}_drawing", data=view, on_layer_change=lambda: None)


def layer_in_sight() -> int | None:
    """The layer that the browser asked for, from 0; None where it asked for none."""
    return st.session_state.get(f"{KEY}_drawing", {}).get("layer")
