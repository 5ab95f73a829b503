"""A fetch in a process of its own: seen by anybody, stopped, gone on with, one at a time."""

import json
import os
import time

import psutil
import pytest

from core import fetching
from core.__main__ import main
from core.config import ROOT
from core.fetching import FAILED, FINISHED, RUNNING, STOPPED, Fetching, fetch_state, start_fetch, stop_fetch
from core.processes import identity
from tests.test_fetch import CLIPS, published, server, zipped  # noqa: F401 - fixtures

DEADLINE = 60.0


@pytest.fixture
def address(server, own_data, monkeypatch):  # noqa: F811
    monkeypatch.setenv("EARSHOT_ESC10_URL", server.url)
    yield server
    stop_fetch()


def until(true, what: str) -> Fetching:
    """How the fetch stands as soon as ``true(state)``."""
    deadline = time.monotonic() + DEADLINE
    while not true(state := fetch_state()):
        assert time.monotonic() < deadline, f"{what}: {state}\n{(fetching._file().with_suffix('.log')).read_text()}"
        time.sleep(0.02)  # another process writes its state; nothing announces it
    return state


def test_nothing_was_ever_fetched(isolated):
    assert fetch_state() is None
    stop_fetch()


def test_the_command_says_how_far_it_is_and_how_it_ended(address, published, own_data, isolated, capsys, monkeypatch):  # noqa: F811
    seen = []
    monkeypatch.setattr(fetching.Report, "show", lambda report, *count: seen.append((count, fetch_state().state)))
    assert main(["data", "fetch", "esc10"]) == 0
    assert {count[0] for count, _ in seen} == {"download", "unpack", "check"} and {state for _, state in seen} == {RUNNING}
    assert fetch_state().state == FINISHED and (own_data / "ESC-10").is_dir()
    assert str(own_data / "ESC-10") in capsys.readouterr().out
    assert main(["data", "fetch", "esc10", "--to", str(isolated / "other"), "--url", address.url + "x"]) == 2
    assert fetch_state().state == FAILED and "answered 404" in fetch_state().problem


def test_it_is_cancelled_at_once_and_goes_on_from_there(address, own_data, isolated):
    address.stall = 150_000
    start_fetch()
    state = until(lambda state: state.done > 0, "the first bytes")
    assert (state.state, state.stage, state.total) == (RUNNING, "download", len(address.content))
    pid = json.loads(fetching._file().read_text())["pid"]
    start_fetch()
    assert main(["data", "fetch", "esc10"]) == 2, "there is one at a time"
    assert json.loads(fetching._file().read_text())["pid"] == pid
    stop_fetch()
    assert until(lambda state: state.state != RUNNING, "the end after cancelling").state == STOPPED
    until(lambda state: not psutil.pid_exists(pid), "the end of its process")
    have = sum(part.stat().st_size for part in (isolated / "cache" / "downloads").glob("*.part"))
    assert have >= 65_536 and not own_data.exists()
    address.stall = 0
    start_fetch()
    assert fetch_state().done > 0, "the bar does not jump back"
    ended = until(lambda state: state.state != RUNNING, "the end")
    assert address.requests == [None, f"bytes={have}-"]
    assert ended.state == FAILED and "400 of 400 files are not as published" in ended.problem, "each clip is checked"
    assert list(own_data.iterdir()) == []


def test_a_process_that_was_killed_is_seen_as_stopped(address, isolated):
    address.stall = 70_000
    start_fetch()
    until(lambda state: state.done > 0, "the first bytes")
    psutil.Process(json.loads(fetching._file().read_text())["pid"]).kill()
    state = until(lambda state: state.state == STOPPED, "the end")
    assert state.done > 0 and state.total == len(address.content)


def test_a_report_that_cannot_be_read_is_none(isolated):
    for text in ("", "[]", '{"state": "running"}', "null"):
        fetching._file().write_text(text)
        assert fetch_state() is None
        stop_fetch()


def test_a_start_that_never_came_is_not_running_for_ever(isolated):
    values = {**vars(Fetching(RUNNING)), "pid": None, "pid_created": None, "updated": time.time()}
    fetching._file().write_text(json.dumps(values))
    assert fetch_state().state == RUNNING
    fetching._file().write_text(json.dumps(values | {"updated": time.time() - fetching.STARTING - 1}))
    assert fetch_state().state == STOPPED
    fetching._file().write_text(json.dumps(values | identity()))
    assert fetch_state().state == RUNNING and os.path.isdir(ROOT)
