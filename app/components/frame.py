"""The parts of a page that are the same everywhere. Text from outside is shown as text, never as Markdown."""

import contextlib
import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import sleep
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import UserError

if TYPE_CHECKING:
    import plotly.graph_objects as go

FIELD, TICK = 64, 24  # px of a field with its label, and of a checkbox
HEAD_START = 0.1  # s
LINKED = re.compile(r"(?<=www)(?=\.)|(?<=[-.\w+]@)(?=[-\w]+\.[-\w])", re.IGNORECASE)  # within what Markdown takes for a link
FIRST_WORDS = {  # of sentences of core
    "a", "an", "another", "class", "classes", "clips", "every", "expected", "files", "fold", "folder", "leaving", "no", "of",
    "one", "only", "somebody", "sounds", "source", "the", "there", "these", "this", "with"}
STYLED = "frame.styled"  # key of the session's state
CSS = """
[data-testid=stMain] { font-variant-numeric: tabular-nums; }
[data-testid=stMainBlockContainer] { max-width: 1440px; }
[data-testid=stMain] h1 { letter-spacing: -0.01em; }
[data-testid=stCaptionContainer] { opacity: 0.68; }  /* Streamlit's 0.6 is too faint to read: 4.2 to 1 */
[data-testid=stCaptionContainer]:has(.stMarkdownColoredText) { opacity: 1; }  /* what is wrong, before all */
[data-testid=stLayoutWrapper]:has(> .st-key-earshot_theme, > .st-key-earshot_mends) {
  position: absolute; visibility: hidden;
}
[data-testid=stLayoutWrapper]:has(> .st-key-earshot_shortcuts) { position: absolute; }
.earshot-playhead {
  position: absolute; left: -0.75px; width: 1.5px; pointer-events: none; z-index: 5; display: none;
  background: #ff5a36; box-shadow: 0 0 0 0.5px rgba(0, 0, 0, 0.35);
}
[data-testid=stFullScreenFrame]:has(> .stPlotlyChart) { width: round(down, 100%, 1px); }  /* it is told in whole pixels */
.stPlotlyChart .js-plotly-plot { visibility: inherit !important; }  /* it has its width before Streamlit knows that */
[class*="st-key-player_"] > [data-testid=stElementContainer]:first-child {  /* the audio, or what stands for it */
  height: 0; overflow: hidden; animation: earshot-fallback 0s 6s forwards;
}
[class*="st-key-player_"]:has([data-player-ready]) > [data-testid=stElementContainer]:first-child { animation: none; }
@keyframes earshot-fallback { to { height: 40px; } }
[data-testid=stSkeleton] {  /* what is there within a second needs nothing to stand for it, and every frame of that costs */
  visibility: hidden; animation: earshot-late 0s 1s forwards !important;
}
@keyframes earshot-late { to { visibility: visible; } }
@media (hover: none) { [data-testid=stMain] button kbd { display: none; } }  /* there is no key to press */
@media (max-width: 640px) { [data-testid=stElementToolbar] { display: none; } }  /* it lies over what stands above the table */
"""


# What lies on the accent: Streamlit writes in white there, which nobody can read on the light accent of the dark theme.
ON_ACCENT = """[data-testid^=stBaseButton-primary]:not(:disabled, :active),
[data-testid=stMultiSelect]:not(:has(input:disabled)) [data-tag] :is(span, button) { color: %s; }"""


def css(rules: str) -> None:
    """Rules for the page."""
    st.html(f"<style>{rules}</style>")


def style(dark: bool) -> None:
    """The few rules that the theme has no setting for; called once, by the frame.

    A browser that has just come loads the script that applies rules only when it is sent some. It gets these and a moment
    before the page: sent together, the page stood there without its rules for a third of a second, and jumped when they
    came. Nobody waits longer for it, since the browser is what takes long.
    """
    css(CSS + ON_ACCENT % st.get_option("theme.dark.backgroundColor") * dark)
    if STYLED not in st.session_state:
        st.session_state[STYLED] = True
        sleep(HEAD_START)


def hold_places(heights: Mapping[str, int], *, phone: Mapping[str, int] | None = None) -> None:
    """Keep the height in pixels of what comes late (figures, tables), by the beginning of its key: the page never jumps.
    ``phone``: another height where the columns lie under each other."""
    def rules(heights: Mapping[str, int]) -> str:
        return "".join(f'[data-testid=stMain] [class*="st-key-{key}"] {{ min-height: {height}px; }}'
                       for key, height in heights.items())

    css(rules(heights) + (f"@media (max-width: 640px) {{ {rules(phone)} }}" if phone else ""))


def hold_fields(*keys: str, ticks: Sequence[str] = ()) -> None:
    """The same for fields with a label and for ``ticks`` (checkboxes), which Streamlit stands in for by a box of another
    height until it has them."""
    hold_places(dict.fromkeys(keys, FIELD))
    if ticks:
        css("".join(f'[data-testid=stMain] [class*="st-key-{key}"]:has(> [data-testid=stSkeleton]) {{ height: {TICK}px; '
                    "overflow: hidden; }" for key in ticks))


def page_header(title: str, subtitle: str = "") -> None:
    """A page's title in sentence case, and one sentence on what it is for."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="header"):
        st.title(title, anchor=False, width="content")
        if subtitle:
            st.caption(escape(subtitle), width="content")


def show_error(error: UserError | str) -> None:
    """The sentence of a :class:`UserError`, where the person is looking."""
    st.error(escape(begun(str(error))), icon=":material/error:")


def say_wrong(sentence: str | None) -> None:
    """A sentence beneath the field it is about. Its place is kept without one, so that what follows stays itself."""
    place = st.empty()
    if sentence:
        place.caption(f":red[{escape(begun(sentence))}]")


def begun(sentence: str) -> str:
    """With a capital letter, as text on a page has, where it begins with a word of ours; a name stays as it is."""
    return sentence[:1].upper() + sentence[1:] if sentence.split(" ", 1)[0] in FIRST_WORDS else sentence


def empty_state(sentence: str, button: str | None = None, *, key: str, page: str | None = None, icon: str = "",
                on_press: Callable[[], None] | None = None) -> bool:
    """One sentence and one button. ``page`` (such as ``"views/train.py"``) is opened by it, ``on_press`` is its callback; else
    True when pressed."""
    with st.container(border=True, horizontal_alignment="center", key=f"empty_{key}"):
        st.markdown(escape(sentence), text_alignment="center")
        if not button:
            return False
        pressed = st.button(button, key=key, type="primary", icon=icon or None, on_click=on_press)
    if pressed and page:
        st.switch_page(page)
    return pressed


@contextlib.contextmanager
def guard() -> Iterator[None]:
    """What went wrong inside is said as its sentence; the rest of the page goes on."""
    try:
        yield
    except UserError as error:
        show_error(error)


def guarded_fragment(run_every: float | None = None, *, key: str | None = None) -> Callable[[Callable], Callable]:
    """``st.fragment`` that says what went wrong inside it, drawn again every ``run_every`` seconds, and by
    :func:`~app.components.redrawing.redraw` under its ``key``.

    Streamlit handles what a fragment raises itself, so a :func:`guard` around the call never sees it.
    """
    def decorate(draw: Callable) -> Callable:
        @functools.wraps(draw)
        def guarded(*args, **options):
            with guard():
                return draw(*args, **options)

        return st.fragment(guarded, run_every=run_every, key=key)

    return decorate


def show_figure(figure: "go.Figure", key: str, *, alt: str = "", **options):
    """A figure of :mod:`app.charts` as it was drawn, without Plotly's tools except where it is zoomed."""
    config = {"displaylogo": False, "displayModeBar": False, "responsive": True, "showTips": False, **options.pop("config", {})}
    return st.plotly_chart(figure, key=key, theme=None, config=config, alt=alt or None, **options)


def escape(text: str) -> str:
    """``text`` so that Streamlit's Markdown shows it letter by letter.

    No backslash keeps it from making a link of ``www.a.wav`` and ``a@b.wav``, so a sign that nobody sees stands in these. It
    does make one of ``https://…``: the addresses in our own sentences are there to be opened and copied.
    """
    text = LINKED.sub("\N{WORD JOINER}", text)
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|$~:&^=\"'/" else c for c in text)
