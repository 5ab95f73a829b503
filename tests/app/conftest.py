"""What all tests of pages share."""

import pytest


@pytest.fixture(autouse=True)
def whole_page(monkeypatch):
    """Every interaction draws the whole page. AppTest knows no element but those of the last drawing, which in the browser are
    those of a few parts; what the parts have to be is a matter of the browser tests."""
    monkeypatch.setattr("app.components.redrawing.rerun", lambda *keys: None)


@pytest.fixture(autouse=True)
def no_head_start(monkeypatch):
    """There is no browser that has to load anything."""
    monkeypatch.setattr("app.components.frame.HEAD_START", 0)


@pytest.fixture(autouse=True)
def no_parts(monkeypatch):
    """What a part would need to be drawn by itself later, which takes a quarter of the time, is not copied: no test does."""
    monkeypatch.setattr("streamlit.runtime.fragment.deepcopy", lambda kept: kept)
