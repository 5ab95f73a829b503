"""Look at a page: ``python tests/browser/shots.py explore --width 390 --dark --out /tmp/explore.png``.

Starts a server of its own unless ``--url`` names one. PAGE is a path with its query, such as ``"results?run=demo"``.
The picture is as tall as the page. Also the home of what browser tests share: :func:`serve`, :func:`browser`, :func:`settle`.
"""

import argparse
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextlib.contextmanager
def serve(port: int | None = None, log: Path | None = None, **environment: str) -> Iterator[str]:
    """A server of the app in its own process; gives its address and ends it afterwards."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.headless", "true",
               "--server.port", str(port), "--server.fileWatcherType", "none"]
    with open(log or os.devnull, "ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for_health(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=20)


def wait_for_health(url: str, process: subprocess.Popen, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once with status {process.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)  # the port opens when the server is up
    raise TimeoutError(f"no server answered at {url} within {seconds:.0f} s")


@contextlib.contextmanager
def browser(width: int = 1440, height: int = 900, dark: bool = False, **options) -> Iterator:
    """A Playwright page in the system's Chromium, 30 s patience, ``page.problems`` collects what the console says."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = chromium.new_context(viewport={"width": width, "height": height},
                                       color_scheme="dark" if dark else "light", has_touch=width < 600, **options)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.problems = []
        page.on("console", lambda message: message.type == "error" and page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        try:
            yield page
        finally:
            chromium.close()


def settle(page, seconds: float = 120) -> None:
    """Wait until the script has run, no skeleton is left and every figure is drawn."""
    page.wait_for_selector('[data-testid=stApp][data-test-script-state="notRunning"]', timeout=seconds * 1000)
    page.wait_for_function(
        """() => !document.querySelector('[data-testid=stSkeleton]')
        && [...document.querySelectorAll('.js-plotly-plot')].every(plot => plot.querySelector('.main-svg'))""",
        timeout=seconds * 1000)
    page.evaluate("() => document.fonts.ready.then(() => new Promise(r => requestAnimationFrame(() => "
                  "requestAnimationFrame(r))))")


def shoot(page, out: Path, full: bool = True) -> None:
    """Save a picture; ``full`` makes the window as tall as what the page scrolls."""
    if full:
        size = page.viewport_size
        tall = page.evaluate("() => { const main = document.querySelector('[data-testid=stMain]');"
                             " return main ? main.scrollHeight + main.getBoundingClientRect().top : 0 }")
        page.set_viewport_size({"width": size["width"], "height": int(min(max(size["height"], tall), 8000))})
        settle(page)
    page.screenshot(path=out, animations="disabled")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", help="path with its query, such as explore or results?run=NAME; '' is the home page")
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--fold", action="store_true", help="only what fits the window, not the whole page")
    parser.add_argument("--out", type=Path, help="a .png; the default is named after the page, in the current folder")
    parser.add_argument("--url", help="a server that already runs, such as http://127.0.0.1:8603")
    parser.add_argument("--click", action="append", default=[], help="text of something to click first; repeatable")
    args = parser.parse_args()
    name = re.sub(r"\W+", "-", args.page) or "home"
    out = args.out or Path(f"{name}-{args.width}{'-dark' * args.dark}.png")
    with (contextlib.nullcontext(args.url) if args.url else serve()) as url, \
            browser(args.width, args.height, args.dark) as page:
        started = time.monotonic()
        page.goto(f"{url}/{args.page}")
        page.wait_for_selector("[data-testid=stMainBlockContainer]")
        settle(page)
        seconds = time.monotonic() - started
        for text in args.click:
            page.get_by_text(text, exact=True).first.click()
            page.wait_for_timeout(150)
            settle(page)
        shoot(page, out, full=not args.fold)
        sideways = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        print(f"{out}  settled in {seconds:.1f} s, {max(0, sideways)} px too wide")
        for problem in page.problems:
            print(f"console: {problem}")


if __name__ == "__main__":
    main()
