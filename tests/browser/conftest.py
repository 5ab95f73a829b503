"""A real Streamlit server with folders of its own and a real Chromium, for tests that use the pages as a person does.

``server`` is one server per test module with no runs yet; ``start_server(EARSHOT_DATA=…)`` makes others.
Every test opens its pages through ``server.open(page, "/train?run=…")`` and waits by ``server.settled(page)``.
"""

import contextlib
import os
import shutil
import socket
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
from core.processes import start_detached
from core.run_folder import Run
from tests.warm_start import ADDRESS, WarmStart

ROOT = Path(__file__).resolve().parents[2]
# what the journeys pass on their way through the form
SIZES = ({"sample_rate": 8_000}, {"sample_rate": 4_000}, {"sample_rate": 4_000, "clip_seconds": 0.25}, {"clip_seconds": 0.25},
         {"sample_rate": 32_000, "clip_seconds": 0.25})
DEADLINE = 120.0  # s, for a machine that is busy; a quiet one needs a few
CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync",
                 # what is compiled once more to run faster is seldom run again: a fifth of its time
                 "--js-flags=--always-sparkplug --no-maglev --no-turbofan"]
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
    begin: Callable[..., int]  # as core.processes.start_detached
    root: Path = ROOT  # of the project, or of a copy
    process: psutil.Process | None = field(default=None, repr=False)

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
        pid = self.begin(command, cwd=self.root, env=self.environment, log=self.folder / "server.txt")
        self.process = psutil.Process(pid)
        deadline = time.monotonic() + DEADLINE
        while not self._healthy():
            if not self.process.is_running() or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the server did not start:\n{self.log[-3000:]}")
            time.sleep(0.05)  # the port opens when the server is up

    def stop(self) -> None:
        """At once, as a crash does."""
        if self.process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
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


@dataclass
class Tab:
    """The tab of all tests: it keeps the app's scripts compiled, so pages open in a third of the time a new one takes."""

    browser: object
    page: object = None

    def fresh(self):
        """The page as a new one would be: 1440 × 900, light, with nothing stored. Without animations, as people may wish it:
        the processor draws each of their pictures."""
        if self.page is None:
            self.page = self.browser.new_context(reduced_motion="reduce").new_page()
            self.page.set_default_timeout(DEADLINE * 1000)
        self.page.set_viewport_size({"width": 1440, "height": 900})
        self.page.emulate_media(color_scheme="light")
        return self.page

    def leave(self) -> None:
        """Leave the app, and forget what it has stored in the browser. What answers here is no page: nothing goes on."""
        for other in self.page.context.pages:
            if other is not self.page:
                other.close()
        if self.page.url.startswith("http"):
            self.page.goto(self.page.evaluate("location.origin") + "/_stcore/health")
            self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
        self.page.context.clear_cookies()

    def close(self) -> None:
        if self.page is not None:
            self.page.context.close()
            self.page = None


@pytest.fixture(scope="session")
def tab(browser) -> Iterator[Tab]:
    tab = Tab(browser)
    yield tab
    tab.close()


@pytest.fixture
def page(tab, request, tmp_path) -> Iterator:
    """A window of 1440 × 900; when the test fails, the last picture of it is kept and named, and the next test gets another."""
    page = tab.fresh()
    yield page
    report = getattr(request.node, "report_call", None)
    if report is not None and report.failed:
        picture = tmp_path / "last.png"
        with contextlib.suppress(Exception):  # a page that hangs shows no picture, and the tests after it wait for it
            page.screenshot(path=picture, full_page=True, timeout=10_000)
            print(f"the last picture of the page: {picture}")
        tab.close()
        return
    try:
        tab.leave()
    except Exception:  # whatever it was: the next test gets another, and this one's teardown says it
        tab.close()
        raise


@pytest.fixture(scope="session")
def browser_cache(tmp_path_factory) -> Path:
    """One decoded-clip cache for all servers of the session: no data set is decoded twice. The machine has trained the usual
    models before; what a test sets otherwise it still has to measure, as the journey of Train does."""
    place = tmp_path_factory.mktemp("browser-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARSHOT_CACHE", str(place))
        for model in ("cnn1d", "conv_transformer", *(f"cnn_transformer_h{heads}" for heads in (1, 2, 4))):
            for values in (*(preset.values for preset in PRESETS.values()), *SIZES):
                keep_pace(TrainConfig(model=model).replace(**values), 0.01)
    return place


@pytest.fixture(scope="session")
def port() -> int:
    """Where one server after another listens: to the browser the scripts of all of them are the same."""
    return free_port(0)


@pytest.fixture(scope="session")
def warm_server(browser) -> Iterator[Callable[..., int]]:
    """Starts servers that have their imports behind them, as their trainings have, where the system forks safely (Linux)."""
    if sys.platform != "linux":
        yield start_detached
        return
    start = WarmStart()
    yield start
    start.close()


@pytest.fixture(scope="module")
def start_server(tmp_path_factory, browser_cache, port, warm_server) -> Iterator[Callable[..., Server]]:
    """``start_server(EARSHOT_DATA=…)``: one more server with empty checkpoints; all stop after the module."""
    servers: list[Server] = []

    def start(root: Path = ROOT, **environment: str | Path) -> Server:
        folder = tmp_path_factory.mktemp("server")
        own = {"EARSHOT_DATA": os.environ.get("EARSHOT_DATA", folder / "data"), "EARSHOT_CHECKPOINTS": folder / "checkpoints",
               "EARSHOT_CACHE": browser_cache, "EARSHOT_THREADS": 1, "WANDB_MODE": "disabled"} | environment
        if root == ROOT and isinstance(warm_server, WarmStart):
            own[ADDRESS] = warm_server.address
        Path(own["EARSHOT_CHECKPOINTS"]).mkdir(parents=True, exist_ok=True)
        server = Server(free_port(port), folder, {**os.environ, **{name: str(value) for name, value in own.items()}},
                        warm_server if root == ROOT else start_detached, root)
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


def free_port(wanted: int) -> int:
    """``wanted`` where nobody listens there, else any other."""
    for port in (wanted, 0):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")  # as servers do
            listener.bind(("127.0.0.1", port))
            return listener.getsockname()[1]
    raise RuntimeError("no port is free")


def _end_trainings(checkpoints: Path) -> None:
    """Trainings outlive their server on purpose; those of a test must not outlive the test."""
    for folder in checkpoints.iterdir():
        if folder.is_dir() and (status := Run(folder.name, folder).status).active and status.pid:
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(status.pid).kill()
