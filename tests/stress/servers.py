"""Kill -9 of a real server whose page launched three runs; two servers on one folder of runs."""

import os
import random
import sys
from collections.abc import Callable

from harness import (
    LIMIT,
    MARK,
    PATIENCE,
    TINY,
    Figures,
    family,
    finish,
    kill,
    no_orphan,
    results,
    seconds_until,
    unreadable,
)

from core.config import checkpoints_dir
from core.processes import start_detached
from core.run_folder import Run
from core.runs import create_run, launch, list_runs, resume
from tests.browser.conftest import CHROMIUM_ARGS, Server, find_chromium, free_port

EPOCHS = 40  # long enough that something is left to do at the fifth kill
OPEN = f"/train?dataset={TINY.dataset}"


def kill_servers(figures: Figures, chance: random.Random) -> None:
    if not find_chromium():
        print("error: the part about servers needs a Chromium: install one, or name it with CHROMIUM", file=sys.stderr)
        sys.exit(2)
    from playwright.sync_api import sync_playwright

    mark = os.environ.pop(MARK)  # the browser is not of the family that is looked after
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        os.environ[MARK] = mark
        try:
            _three_runs_and_five_kills(browser, figures, chance)
            _two_servers(browser, figures)
        finally:
            browser.close()


def new_server(name: str) -> Server:
    folder = checkpoints_dir().parent / name
    folder.mkdir()
    return Server(free_port(0), folder, dict(os.environ), start_detached)


def _three_runs_and_five_kills(browser, figures: Figures, chance: random.Random) -> None:
    server, before = new_server("server"), {run.name for run in list_runs()}
    server.start()
    page = browser.new_page()
    page.set_default_timeout(60_000)
    launch_three(server, page)

    def ours() -> list[Run]:
        return sorted((run for run in list_runs() if run.name not in before), key=lambda run: run.config.seed)

    def trial() -> bool:
        return any("core.costs" in process.cmdline() for process in family())

    def measured_anew() -> None:  # another clip length: this machine has no pace for it yet
        server.open(page, OPEN)
        page.get_by_text("Clips and machine").click()
        fill(page, "Clip length (s)", "0.75")

    for what, prepare, moment in (
            ("just after a launch", lambda: None, lambda: len(ours()) > 0),
            ("while one trains", lambda: server.open(page, "/explore?dataset=demo"), lambda: True),
            ("while it measures a pace", measured_anew, trial),
            ("in the middle of the queue", lambda: server.open(page, OPEN), lambda: ours()[0].state == "finished"),
            ("at any time", lambda: None, lambda: True)):
        prepare()
        came = seconds_until(moment, PATIENCE)
        figures.check(came is not None, f"a server could be killed {what}")
        seconds_until(lambda: False, chance.uniform(0, 0.6))
        _kill_server(server, page, figures, what, ours)
    runs = ours()
    figures.check(len(runs) == 3, f"the page made {len(runs)} runs, not 3")
    for run in runs:
        if seconds_until(lambda run=run: not run.status.active, PATIENCE, 0.1) is None:
            figures.check(False, f"the queue stands still at {run.name}: {run.status}")
    reference = create_run(runs[0].config, "undisturbed-page")
    launch(reference)
    seconds_until(lambda: not reference.status.active, PATIENCE, 0.1)
    finish(runs[0], results(reference), 0, figures)
    for run in runs:
        figures.check(run.state == "finished", f"{run.name} did not finish: {run.status}")
        server.open(page, f"/train?run={run.name}")
        _shown(page, run, figures, "after its end")
    server.stop()
    page.close()


def launch_three(server: Server, page) -> None:
    """Three seeds of a tiny cnn1d, by the page's own fields and button."""
    server.open(page, OPEN)
    page.get_by_text("cnn1d", exact=True).click()
    page.get_by_role("button", name="Start 2 runs").wait_for()
    page.get_by_text("cnn_transformer_h4", exact=True).click()
    page.get_by_role("button", name="Start training").wait_for()
    page.get_by_text("Clips and machine").click()
    for label, value in (("Clips per class", str(TINY.limit)), ("Sample rate (Hz)", str(TINY.sample_rate)),
                         ("Clip length (s)", str(TINY.clip_seconds)), ("Epochs", str(EPOCHS)), ("Seeds", "0, 1, 2")):
        fill(page, label, value)
    page.get_by_role("button", name="Start 3 runs").click()


def fill(page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True).and_(page.locator(":not(.st-key-whole *)"))  # the form's, not the card's
    field.fill(value)
    field.press("Enter")


def _kill_server(server: Server, page, figures: Figures, what: str, runs: Callable[[], list[Run]]) -> None:
    """SIGKILL; its runs are right, nothing of it is left, and a new server shows them right."""
    kill(server.process.pid)
    server.process.wait()
    figures.server_kills += 1
    took = seconds_until(lambda: all(run.state in ("queued", "running", "finished") or not run.status.pid for run in runs()))
    figures.within_limit(took, figures.state_seconds, f"a server killed {what}: the right states")
    no_orphan(figures, f"a server killed {what}", trainings=False)
    for run in runs():
        unreadable(run, figures)
        figures.check(run.state != "failed", f"{run.name} failed when the server was killed {what}: {run.status.message}")
        if run.state == "interrupted":  # the server was killed before it had started the run's process
            resume(run)
    server.start()
    run = runs()[-1]
    server.open(page, f"/train?run={run.name}")
    shown = _shown(page, run, figures, f"by the new server after one was killed {what}")
    print(f"  server killed {what}: {[run.state for run in runs()]}, shown right after {shown:.2f} s", flush=True)


def _shown(page, run: Run, figures: Figures, what: str) -> float:
    """Seconds until the page shows the state that the run has."""
    head = page.locator(".st-key-run_head")
    took = seconds_until(lambda: head.count() > 0 and run.state in head.first.inner_text(), pause=0.05)
    figures.within_limit(took, figures.state_seconds, f"showing {run.name} as {run.state} {what}")
    return LIMIT if took is None else took


def _two_servers(browser, figures: Figures) -> None:
    """One folder, two servers: both show one queue, either cancels, and a killed training is seen by both."""
    servers = [new_server("one"), new_server("two")]
    first, second = (create_run(TINY.replace(epochs=100_000), name) for name in ("shared-1", "shared-2"))
    for server in servers:
        server.start()
    pages = [browser.new_page() for _ in servers]
    for run in (first, second):
        launch(run)
    figures.check(seconds_until(lambda: first.state == "running" and second.status.pid, 60) is not None, "two runs started")
    for server, page in zip(servers, pages, strict=True):
        server.open(page, f"/train?run={second.name}")
        _shown(page, second, figures, "by both servers")
        queue = page.locator(".st-key-queue").inner_text()
        figures.check(first.name in queue and second.name in queue, f"a server shows another queue: {queue!r}")
    pages[1].get_by_role("button", name="Cancel run").click()
    for page in pages:
        took = seconds_until(lambda page=page: "stopped" in page.locator(".st-key-run_head").inner_text(), pause=0.05)
        figures.within_limit(took, figures.cancel_seconds, "seeing on both servers that one of them cancelled a run")
    figures.cancels += 1
    for server, page in zip(servers, pages, strict=True):
        server.open(page, f"/train?run={first.name}")
    kill(first.status.pid)
    figures.kills += 1
    figures.moments["watched by two servers"] = 1
    for page in pages:
        _shown(page, first, figures, "by two servers, when its process was killed")
    figures.check(first.state == "interrupted", f"a killed run is {first.state}")
    for server, page in zip(servers, pages, strict=True):
        page.close()
        server.stop()
    no_orphan(figures, "two servers")
