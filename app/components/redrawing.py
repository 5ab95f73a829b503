"""After a choice only the parts of the page that it changes are drawn again: the rest is neither sent nor drawn."""

from collections.abc import Callable

import streamlit as st
from streamlit.errors import StreamlitAPIException

rerun = st.rerun  # a name of our own, so that the tests of whole pages can stand in for it


def redraw(*keys: str) -> None:
    """The callback of a widget: draw the fragments of these keys again, in this order, in place of the one the widget is in.

    Each of them reads what it shows from the session's state: its arguments are those of the last whole drawing. Where one
    of them is not on the page, the whole page is drawn.
    """
    try:
        rerun(list(keys))
    except StreamlitAPIException:  # one of the parts is not there
        rerun()


def with_whole_page(action: Callable) -> Callable:
    """``action`` as a callback after which the whole page is drawn again, from wherever its widget is."""
    def act(*args) -> None:
        action(*args)
        rerun()

    return act
