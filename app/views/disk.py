"""Disk: what the runs, the bin and the cache take; delete several runs at once, restore them, clear the cache.

:func:`disk_panel` is for the foot of a page: nothing is measured before it is opened, and then once a minute at most.
"""

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import pandas as pd
import streamlit as st

from app.components import guarded_fragment, show_error, table_height
from app.components.frame import escape
from app.state import dataset_named
from app.views.run_menu import PROBLEM, Moved, delete_runs, restore_runs, where_it_goes
from core.disk import CachePart, cache_parts, clear_cache, free_bytes, places, size_of
from core.errors import UserError
from core.manage import Deleted, delete_for_good, deleted_runs
from core.runs import Run, list_runs

SAID, WRONG, CHANGED = "disk.said", "disk.wrong", "disk.changed"  # keys of the session's state


@dataclass(frozen=True)
class Usage:
    """What was found on the disk, sizes and free room in bytes."""

    runs: tuple[tuple[Run, str, int], ...]  # with state and size, the largest first
    bin: tuple[tuple[Deleted, int], ...]
    cache: tuple[CachePart, ...]
    free: dict[str, int]


def disk_panel(moved: Moved = lambda name, new: None) -> None:
    """A folded panel. ``moved(name, new name or None)`` is called for every run that is deleted or restored here."""
    with st.expander("Disk and bin", icon=":material/hard_drive:", key="disk_open", on_change="rerun") as panel:
        if panel.open:
            _contents(moved)


@guarded_fragment()
def _contents(moved: Moved) -> None:
    if st.session_state.pop(CHANGED, False):
        st.rerun()  # the whole page: it shows runs too
    usage = _usage(*(str(path) for path in places().values()))
    if said := st.session_state.pop(SAID, None):
        st.info(escape(said), icon=":material/info:")
    if wrong := st.session_state.pop(WRONG, None):
        show_error(wrong)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _runs(usage, moved)
        _bin(usage, moved)
    with right:
        _cache(usage)


@st.cache_data(ttl=60, max_entries=4, show_spinner="Measuring")
def _usage(runs_place: str, cache_place: str) -> Usage:
    runs = [(run, run.status.state, size_of(run.path)) for run in list_runs()]
    return Usage(tuple(sorted(runs, key=lambda row: -row[2])),
                 tuple((deleted, size_of(deleted.path)) for deleted in deleted_runs()), tuple(cache_parts()),
                 {name: free_bytes(path) for name, path in places().items()})


def _runs(usage: Usage, moved: Moved) -> None:
    st.subheader("Runs", anchor=False)
    _place(sum(size for *_, size in usage.runs), "runs", usage)
    if not usage.runs:
        return
    chosen = _table({"Run": [run.name for run, *_ in usage.runs], "State": [state for _, state, _ in usage.runs],
                     "Size": [in_bytes(size) for *_, size in usage.runs]}, "disk_runs", "Runs with state and size")
    runs = [usage.runs[row][0] for row in chosen]
    many = f"{len(runs)} runs" if len(runs) > 1 else "run"
    st.button(f"Delete {many}", icon=":material/delete:", key="disk_delete", disabled=not runs,
              help=where_it_goes(runs) if runs else "Select one run or several first",
              on_click=_measured(lambda: delete_runs([run.name for run in runs], moved)))


def _bin(usage: Usage, moved: Moved) -> None:
    if not usage.bin:
        return
    st.subheader("Bin", anchor=False)
    chosen = _table({"Run": [deleted.name for deleted, _ in usage.bin],
                     "Deleted": [deleted.when for deleted, _ in usage.bin],
                     "Size": [in_bytes(size) for _, size in usage.bin]}, "disk_bin", "What lies in the bin, with size")
    runs = [usage.bin[row][0] for row in chosen]
    with st.container(horizontal=True):
        st.button("Restore", icon=":material/undo:", key="disk_restore", disabled=not runs,
                  on_click=_measured(lambda: restore_runs(runs, moved)))
        with st.popover("Delete for good", icon=":material/delete_forever:", disabled=not runs):
            st.text(f"{_listed(runs)} will be gone from this disk. This cannot be undone.")
            st.button("Delete for good", type="primary", key="disk_for_good", on_click=_measured(lambda: _for_good(runs)))


def _cache(usage: Usage) -> None:
    st.subheader("Cache", anchor=False)
    _place(sum(part.size for part in usage.cache), "cache", usage)
    for part in usage.cache:
        with st.container(horizontal=True, horizontal_alignment="distribute", gap="small", wrap=False):
            st.markdown(f"{part.name}  \n:gray[:small[{escape(part.sentence)}]]", width="stretch")
            st.markdown(in_bytes(part.size), width="content")
    st.button("Clear cache", icon=":material/mop:", key="disk_clear", on_click=_measured(_clear),
              disabled=not any(part.entries for part in usage.cache),
              help="All of it is made again when it is needed; the next training decodes its clips first")


def _clear() -> None:
    cleared = clear_cache()
    dataset_named.clear()  # demo sounds that were opened are made again when they are wanted
    st.session_state[SAID] = f"{in_bytes(cleared.freed)} freed." + bool(cleared.kept) * (
        f" {len(cleared.kept)} of the entries stay: they are being written or are in use just now.")


def _for_good(runs: list[Deleted]) -> None:
    try:
        for deleted in runs:
            delete_for_good(deleted)
    except UserError as error:
        st.session_state[WRONG] = str(error)


def _measured(action):
    """The action as a callback after which the disk is measured anew, and what it could not do is said here: Home has no
    other place for that."""
    def done() -> None:
        st.session_state.pop(PROBLEM, None)
        action()
        if problem := st.session_state.pop(PROBLEM, None):
            st.session_state[WRONG] = problem[1]
        _usage.clear()
        st.session_state[CHANGED] = True

    return done


def _table(columns: dict, key: str, alt: str) -> list[int]:
    """A table of runs in which rows are selected; their numbers. With other runs in it, nothing stays selected."""
    table = pd.DataFrame(columns)
    state = st.dataframe(table, hide_index=True, height=table_height(len(table), 300), on_select="rerun",
                         selection_mode="multi-row", alt=alt, key=f"{key}_{crc32(repr(columns['Run']).encode())}",
                         column_config={"Deleted": st.column_config.DatetimeColumn(format="distance")})
    return [row for row in state["selection"]["rows"] if row < len(table)]


def _place(size: int, name: str, usage: Usage) -> None:
    st.caption(f"{in_bytes(size)} in {escape(str(_short(places()[name])))} · {in_bytes(usage.free[name])} free on its disk")


def _short(path: Path) -> str:
    """A path in the person's own folder begins with ``~``."""
    return f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)


def _listed(runs: list[Deleted]) -> str:
    return runs[0].name if len(runs) == 1 else f"{len(runs)} runs"


def in_bytes(size: int) -> str:
    """``840 kB``, ``12.3 MB``, ``1.2 GB``."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size / 1e3:.0f} kB" if size >= 1000 else f"{size} B"
