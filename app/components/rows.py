"""Tables: how high they are, and how a row is chosen by a click anywhere in it, not only on the small box at its left."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

ROW = 33  # px of a row: Streamlit's 2.1875 rem in this app's 15 px type
SIX = 247  # px: six rows and a half under the heading, so that one sees that there are more


def table_height(rows: int, most: int | None = None) -> int:
    """Pixels of a table of so many rows and its heading, ``most`` of them at most."""
    whole = ROW * (rows + 1) + 2
    return whole if most is None else min(most, whole)


def row_table(table: pd.DataFrame, row: int | None, on_pick: Callable[[int], None], *, key: str, **options) -> None:
    """Draw the table with ``row`` marked, if any; ``on_pick(row)`` is called when a row is clicked, the marked one too.
    ``options`` are those of ``st.dataframe``."""
    def picked() -> None:
        selection = st.session_state[key]["selection"]
        rows = [place for place, _ in selection["cells"]] or selection["rows"]
        if rows:
            on_pick(rows[0])

    st.session_state[key] = {"selection": {"rows": [] if row is None else [row], "columns": [], "cells": []}}
    mode = "single-row" if row is None else "single-row-required"
    st.dataframe(table, key=key, hide_index=True, on_select=picked, selection_mode=[mode, "single-cell"], **options)


def picked_row(table: pd.DataFrame, *, key: str, first: int | None = 0, **options) -> int | None:
    """Draw the table and return the row that was picked in it last; ``first`` before anything was."""
    kept = _kept(key)
    row = st.session_state.get(kept, first)
    if row is not None and row >= len(table):
        row = first
    row_table(table, row, lambda place: st.session_state.update({kept: place}), key=key, **options)
    return row


def forget_row(key: str) -> None:
    """What was picked in the table of :func:`picked_row` counts no more: it shows something else now."""
    st.session_state.pop(_kept(key), None)


def _kept(key: str) -> str:
    return f"{key}_row"
