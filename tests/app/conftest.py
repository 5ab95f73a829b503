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
def no_copies_for_parts(monkeypatch):
    """Streamlit copies, for each part, what it takes to draw it by itself later: a seventh of these tests' time, and none of
    them ever draws one."""
    monkeypatch.setattr("streamlit.runtime.fragment.deepcopy", lambda kept: kept)
