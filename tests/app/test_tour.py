"""The tour: a bar over the real pages that says one sentence a stop, and leaves everything as it was."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import tour
from core.runs import list_runs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bar(isolated, monkeypatch):
    """The bar alone on a page; where it goes is noted instead of opened."""
    gone, started = [], []
    monkeypatch.setattr(tour.st, "switch_page", lambda page, query_params: gone.append((page, query_params)))
    monkeypatch.setattr(tour, "launch", started.append)

    def opened(page: str, **query: str) -> AppTest:
        def draw(page):
            from app import tour
            tour.bar(page)

        app = AppTest.from_function(draw, args=(page,), default_timeout=30)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception
        app.gone, app.started = gone, started
        return app
    return opened


def said(app) -> str:
    return " ".join(element.value for element in app.markdown)


def test_without_a_tour_there_is_no_bar(bar):
    assert not bar("explore").button and not bar("explore", tour="9").button and not bar("train", tour="x").button


@pytest.mark.parametrize("number", range(len(tour.STOPS)))
def test_the_link_opens_any_stop(bar, number):
    app = bar(tour.STOPS[number].page, tour=str(number + 1))
    assert f"Tour, {number + 1} of {len(tour.STOPS)}" in said(app) and tour.STOPS[number].sentence in said(app)
    assert (ROOT / "app" / "views" / f"{tour.STOPS[number].page}.py").exists()


def test_next_opens_the_next_page_with_its_query(bar):
    app = bar("explore", tour="2")
    app.button(key="tour_next").click().run()
    assert app.gone == [("views/train.py", {"tour": "3"})]


def test_on_another_page_it_offers_the_way_back(bar):
    app = bar("results", tour="1")
    assert [button.key for button in app.button] == ["tour_here", "tour_end"]
    app.button(key="tour_here").click().run()
    assert app.gone == [("views/explore.py", {"tour": "1", "dataset": "demo"})]


def test_the_quick_training_is_a_real_run_started_once(bar):
    app = bar("train", tour="3")
    app.button(key="tour_train").click().run()
    names = [run.name for run in list_runs()]
    assert [run.name for run in app.started] == names and names[0] in app.query_params["run"]
    assert list_runs()[0].config.epochs == tour.QUICK["epochs"]
    assert "tour_train" not in [button.key for button in app.button]


def test_who_begins_anew_in_the_middle_still_gets_the_own_data_back(bar, tiny_folder, monkeypatch):
    def draw():
        import streamlit as st

        from app import tour
        if st.button("begin"):
            tour.begin()
        tour.bar("explore")

    app = AppTest.from_function(draw, default_timeout=30)
    own = {"dataset": str(tiny_folder), "label": "speaker", "sources": "auto"}
    monkeypatch.setattr(tour, "chosen_data", lambda: dict(own))
    app.session_state[tour.DATASET_KEY] = str(tiny_folder)
    app.run().button[0].click().run()
    own["dataset"] = "demo"  # which the tour has chosen
    app.button[0].click().run()
    assert not app.exception and app.session_state[tour.BEFORE]["dataset"] == str(tiny_folder)
    monkeypatch.setattr(tour.st, "session_state", {tour.BEFORE: app.session_state[tour.BEFORE]})
    assert tour._answered().items() >= {"dataset": str(tiny_folder), "label": "speaker"}.items()


def test_the_end_takes_the_bar_away_and_brings_the_data_back(bar, tiny_folder):
    app = bar("listen", tour="5")
    app.session_state[tour.BEFORE] = {"dataset": str(tiny_folder), "label": "label", "sources": "auto"}
    app.button(key="tour_end").click().run()
    assert not app.button and "tour" not in app.query_params
    assert app.session_state["earshot_dataset"] == str(tiny_folder)
