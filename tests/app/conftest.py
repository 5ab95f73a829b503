"""What all tests of pages share."""

import threading

import pytest
import streamlit as st
from streamlit.testing.v1 import local_script_runner

from app import ahead, measuring, state

DO = ahead._do


@pytest.fixture(autouse=True)
def whole_page(monkeypatch):
    """Every interaction draws the whole page. AppTest knows no element but those of the last drawing, which in the browser are
    those of a few parts; what the parts have to be is a matter of the browser tests."""
    monkeypatch.setattr("app.components.redrawing.rerun", lambda *keys: None)


@pytest.fixture(autouse=True, scope="module")
def no_data_of_other_files():
    """Every file has its own data sets, some of the same name, and the app looks once a minute what is there."""
    state.dataset_named.clear()
    state._default.clear()


@pytest.fixture(autouse=True)
def no_head_start(monkeypatch):
    """There is no browser that has to load anything."""
    monkeypatch.setattr("app.components.frame.HEAD_START", 0)


@pytest.fixture(autouse=True)
def no_copies_for_parts(monkeypatch):
    """Streamlit copies, for each part, what it takes to draw it by itself later: a seventh of these tests' time, and none of
    them ever draws one."""
    monkeypatch.setattr("streamlit.runtime.fragment.deepcopy", lambda kept: kept)


@pytest.fixture(autouse=True)
def every_figure_of_lists(monkeypatch):
    """No page shows a figure that Plotly would draw twice (``app.charts.palette.new_figure`` says when it does)."""
    show = st.plotly_chart

    def plotly_chart(figure, *given, **how):
        arrays = [f"{axis} of {trace.type}" for trace in figure.data for axis in ("x", "y")
                  if axis in trace and hasattr(trace[axis], "tolist")]
        assert not arrays, f"lists are expected in figure {how.get('key')}, found arrays: {', '.join(arrays)}"
        return show(figure, *given, **how)

    monkeypatch.setattr(st, "plotly_chart", plotly_chart)


@pytest.fixture(autouse=True)
def every_table_says_what_it_is(monkeypatch):
    """To those who cannot see it."""
    show = st.dataframe

    def dataframe(table, *given, **how):
        assert how.get("alt"), f"alt is expected for the table {how.get('key')}"
        return show(table, *given, **how)

    monkeypatch.setattr(st, "dataframe", dataframe)


@pytest.fixture(autouse=True)
def nothing_is_made_ready(monkeypatch):
    """Nobody looks at these pages for long: what the next press may ask for would take the processor from this test."""
    monkeypatch.setattr(ahead, "_do", lambda *works: None)


@pytest.fixture
def made_ready_at_once(monkeypatch, nothing_is_made_ready):
    """For the tests of just that."""
    monkeypatch.setattr(ahead, "_do", DO)
    monkeypatch.setattr(ahead, "SOON", 0.0)


@pytest.fixture(autouse=True)
def no_pace_is_measured(monkeypatch):
    """Where a price is shown a trial of some seconds would begin beside the test; ``test_costs.py`` has real ones."""
    monkeypatch.setattr("app.views.train_cost.start_trial", lambda config: True)


@pytest.fixture(autouse=True)
def only_what_a_test_made_is_measured(monkeypatch, tmp_path_factory):
    """Without data of its own a page shows what this machine has: four hundred real clips, which would be decoded beside the
    tests to come. Their measuring never ends, for whoever looks."""
    measure, made = measuring.clip_facts, tmp_path_factory.getbasetemp().resolve()

    def clip_facts(dataset, on_progress):
        if not dataset.root.resolve().is_relative_to(made):
            threading.Event().wait()  # in a thread that ends with this process
        return measure(dataset, on_progress)

    monkeypatch.setattr(measuring, "clip_facts", clip_facts)


@pytest.fixture(autouse=True)
def no_looking_whether_it_is_done(monkeypatch):
    """AppTest looks a thousand times a second whether the page is done, and takes the interpreter from it each time."""
    look = local_script_runner.require_widgets_deltas

    def wait(runner, timeout: float) -> None:
        runner._script_thread.join(timeout)
        look(runner, timeout)

    monkeypatch.setattr(local_script_runner, "require_widgets_deltas", wait)
