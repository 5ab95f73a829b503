"""A timer of the page before does not empty the page that is open."""

from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from app.late_reruns import forget_late_reruns, is_late


@pytest.mark.parametrize(("rerun", "current", "late"), [
    (RerunData(fragment_id_queue=["a"], page_script_hash="train"), "results", True),
    (RerunData(fragment_id_queue=["a"], page_script_hash="results"), "results", False),
    (RerunData(page_script_hash="train"), "results", False),  # the person goes there
    (RerunData(fragment_id_queue=["a"], page_script_hash="train"), "", False),  # nothing was drawn yet
    (RerunData(fragment_id_queue=["a"]), "results", False),
])
def test_late_is_a_fragment_of_another_page(rerun, current, late):
    assert is_late(rerun, current) is late


def test_only_late_reruns_are_dropped_and_it_is_wrapped_once(monkeypatch):
    seen = []
    monkeypatch.setattr(ScriptRunner, "_run_script", lambda self, rerun: seen.append(rerun.page_script_hash))
    forget_late_reruns()
    forget_late_reruns()
    runner = SimpleNamespace(_pages_manager=SimpleNamespace(current_page_script_hash="results"))
    for page, fragments in (("train", ["a"]), ("results", ["b"]), ("train", [])):
        ScriptRunner._run_script(runner, RerunData(fragment_id_queue=fragments, page_script_hash=page))
    assert seen == ["results", "train"]
