"""A real Streamlit server with folders of its own and a real Chromium, for tests that use the pages as a person does.

``server`` is one server per test module with no runs yet; ``start_server(EARSHOT_DATA=…)`` makes others.
Every test opens its pages through ``server.open(page, "/train?run=…")`` and waits by ``server.settled(page)``.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from core.config import TrainConfig
from core.costs import keep_pace
from core.presets import PRESETS

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 120.0  # s, for a machine that is busy; a quiet one needs a few
CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync"]
CHROMIUM_PLACES = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
                   "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
                   "/Applications/Chromium.app/Contents/MacOS/Chromium")


def find_chromium() -> str | None:
    """Path of a Chromium or Chrome on this machine; ``CHROMIUM`` names one."""
    places = (os.environ["CHROMIUM"],) if os.environ.get("CHROMIUM") else CHROMIUM_PLACES
    return next((path for path in map(shutil.which, places) if path), None)


def _missing() -> str | None:
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "the package playwright is not installed"
    return None if find_chromium() else "no Chromium found (install chromium, or set CHROMIUM to its path)"


def pytest_runtest_setup(item: pytest.Item) -> None:
    if "browser" in item.fixturenames and (reason := _missing()):
        if os.environ.get("EARSHOT_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{item.name}: {reason}", pytrace=False)
        pytest.skip(f"{item.name}: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    setattr(item, f"report_{report.when}", report)
    return report


@dataclass
class Server:
    """One running app; ``url`` has no slash at its end."""

    port: int
    folder: Path
    environment: dict[str, str]
    root: Path = ROOT  # of the project, or of a copy
    process: subprocess.Popen | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def checkpoints(self) -> Path:
        return Path(self.environment["EARSHOT_CHECKPOINTS"])

    @property
    def log(self) -> str:
        return (self.folder / "server.txt").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(self.port),
                   "--server.address", "127.0.0.1", "--server.headless", "true", "--server.fileWatcherType", "none",
                   "--browser.gatherUsageStats", "false"]
        with (self.folder / "server.txt").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.root, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + DEADLINE
        while not self._healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the server did not start:\n{self.log[-3000:]}")
            time.sleep(0.05)  # the port opens when the server is up

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)

    def restart(self) -> None:
        """Stop and start on the same address, as after a crash of the machine's server."""
        self.stop()
        self.start()

    def open(self, page, path: str = "/") -> None:
        """Go to a page and wait until its script has run to the end."""
        page.goto(self.url + path)
        self.settled(page)

    def settled(self, page) -> None:
        """Wait until the script is not running. After a click, expect what the click should show instead."""
        page.wait_for_selector("[data-testid=stApp][data-test-connection-state=CONNECTED]"
                               "[data-test-script-state=notRunning]", timeout=DEADLINE * 1000)

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """A Chromium for the whole session."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=DEADLINE * 1000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, request, tmp_path) -> Iterator:
    """A fresh window of 1440 × 900; when the test fails, the last picture of it is kept and named."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(DEADLINE * 1000)
    yield page
    report = getattr(request.node, "report_call", None)
    if report is not None and report.failed:
        picture = tmp_path / "last.png"
        with contextlib.suppress(Exception):  # a page that hangs shows no picture, and the tests after it wait for it
            page.screenshot(path=picture, full_page=True, timeout=10_000)
            print(f"the last picture of the page: {picture}")
    context.close()


@pytest.fixture(scope="session")
def browser_cache(tmp_path_factory) -> Path:
    """One decoded-clip cache for all servers of the session: no data set is decoded twice. The machine has trained the usual
    models before; what a test sets otherwise it still has to measure."""
    place = tmp_path_factory.mktemp("browser-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARSHOT_CACHE", str(place))
        for model in ("cnn1d", "cnn_transformer_h4"):
            for preset in PRESETS.values():
                keep_pace(TrainConfig(model=model).replace(**preset.values), 0.01)
    return place


@pytest.fixture(scope="module")
def start_server(tmp_path_factory, browser_cache) -> Iterator[Callable[..., Server]]:
    """``start_server(EARSHOT_DATA=…)``: one more server with empty checkpoints; all stop after the module."""
    servers: list[Server] = []

    def start(root: Path = ROOT, **environment: str | Path) -> Server:
        folder = tmp_path_factory.mktemp("server")
        own = {"EARSHOT_DATA": os.environ.get("EARSHOT_DATA", folder / "data"), "EARSHOT_CHECKPOINTS": folder / "checkpoints",
               "EARSHOT_CACHE": browser_cache, "EARSHOT_THREADS": 1, "WANDB_MODE": "disabled"} | environment
        Path(own["EARSHOT_CHECKPOINTS"]).mkdir(parents=True, exist_ok=True)
        server = Server(_free_port(), folder, {**os.environ, **{name: str(value) for name, value in own.items()}}, root)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()
        _end_trainings(server.checkpoints)


@pytest.fixture(scope="module")
def server(start_server) -> Server:
    """A server with no runs yet, which finds the data sets that the tests find."""
    return start_server()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _end_trainings(checkpoints: Path) -> None:
    """Trainings outlive their server on purpose; those of a test must not outlive the test."""
    for process in psutil.process_iter(["environ"]):
        environment = process.info["environ"] or {}
        if environment.get("EARSHOT_CHECKPOINTS") == str(checkpoints):
            process.kill()
