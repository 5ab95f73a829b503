"""How quickly Explore answers, in a real browser: ``python tests/benchmarks/explore_speed.py [--dataset ESC-10]``.

One row per thing a person does: median and worst of twenty, from the press (or from asking for the page) until the new
picture of the clip is drawn; the processor time that browser and server spent on one, which other work on the machine
hardly changes; and by how much the page jumped (the browser's layout shift: 0 is still, above 0.1 disturbs). Then the
bytes that came over the network. "First visit" is in a new browser, which compiles Streamlit's and Plotly's scripts, "first
picture" in a tab that has them compiled. ``--url`` twice compares two servers that already run, turn by turn.
"""

import argparse
import contextlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from shots import browser, serve, settle
from stopwatch import JUMPED, SHIFTS, wait_after_press

VISITS = 5  # at most; each starts a browser
FIGURE = ".st-key-explore_clip_figure .js-plotly-plot"
# the one that can be seen: Streamlit hides a figure until it knows its width, if app/components/frame.py does not show it
PICTURE = (f"[...document.querySelectorAll('{FIGURE} .heatmaplayer image')]"
           ".filter(node => getComputedStyle(node).visibility === 'visible').map(node => node.getAttribute('href'))[0]")
DRAWN = f"() => {PICTURE} !== undefined"


class Meter:
    """What one open page costs: network bytes, processor time of the page's main thread and of the server, jumps."""

    def __init__(self, page, url: str):
        self.page, self.bytes, self.server = page, 0, _server_of(url)
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("Network.enable")
        self.cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.cdp.on("Network.loadingFinished", lambda event: self._count(event["encodedDataLength"]))
        self.cdp.on("Network.webSocketFrameReceived", lambda event: self._count(_frame_bytes(event["response"])))

    def _count(self, size: float) -> None:
        self.bytes += size

    def browser_seconds(self) -> float:
        return next(metric["value"] for metric in self.cdp.send("Performance.getMetrics")["metrics"]
                    if metric["name"] == "TaskDuration")

    def server_seconds(self) -> float:
        times = self.server.cpu_times()
        return times.user + times.system

    def jumped(self) -> float:
        """The layout shift since the last call."""
        return self.page.evaluate(JUMPED)


def _server_of(url: str) -> psutil.Process:
    port = int(url.rsplit(":", 1)[1])
    return next(psutil.Process(found.pid) for found in psutil.net_connections("tcp")
                if found.status == "LISTEN" and found.laddr.port == port)


def _frame_bytes(response: dict) -> int:
    return len(response["payloadData"]) * (3 if response["opcode"] == 2 else 4) // 4  # binary frames come as base64


@contextlib.contextmanager
def opened(url: str, address: str) -> Iterator[tuple]:
    with browser() as page:
        page.add_init_script(SHIFTS)
        meter = Meter(page, url)
        page.goto(address)
        page.wait_for_function(DRAWN, timeout=120_000)
        settle(page)
        page.wait_for_timeout(1_000)
        yield page, meter


def first_picture(page, address: str) -> float:
    """Milliseconds from asking for the page until the clip's spectrogram is drawn."""
    started = time.perf_counter()
    page.goto(address)
    page.wait_for_function(DRAWN, timeout=120_000)
    return 1000 * (time.perf_counter() - started)


def first_visit(address: str) -> float:
    with browser() as page:
        return first_picture(page, address)


def press(page, act: Callable[[], None]) -> float:
    """Milliseconds from the press in ``act`` until the clip's picture is another one, by the browser's own clock."""
    page.evaluate(f"() => {{ window.before = {PICTURE} }}")
    return wait_after_press(page, act, f"() => {PICTURE} && {PICTURE} !== window.before")


def choose(page, key: str, option: str) -> float:
    """Open a select box first, then press the option."""
    page.locator(f".st-key-{key} input").click()
    place = page.get_by_role("option", name=option, exact=True)
    place.wait_for()
    return press(page, place.click)


def bar(page, number: int) -> None:
    point = page.locator(".st-key-explore_bar .barlayer .point").nth(number)
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.click(box["x"] + 8, box["y"] + box["height"] / 2)


def actions(page) -> dict[str, Callable[[int], float]]:
    """What a person does -> the milliseconds of the turn-th time."""
    def pick(key: str, options: tuple[str, ...]) -> Callable[[int], float]:
        return lambda turn: choose(page, key, options[turn % len(options)])

    scales, thumb = ("log", "linear", "mel"), page.locator(".st-key-range input[type=range]").first
    return {
        "frequency scale": lambda turn: press(
            page, page.locator(".st-key-scale").get_by_role("radio", name=scales[turn % 3]).click),
        "colour range": lambda turn: press(page, lambda: thumb.press("ArrowLeft" if turn % 2 else "ArrowRight")),
        "window": pick("window", ("80", "40")),
        "hop": pick("hop", ("20", "10")),
        "colours": pick("colours", ("Viridis", "Grey", "Magma")),
        "next clip": lambda turn: press(page, page.locator(".st-key-explore_next button").first.click),
        "row click": lambda turn: press(page, lambda: page.locator("[data-testid=stDataFrame]").first.click(
            position={"x": 60, "y": 35 * (1 + (turn + 1) % 10) + 17})),
        "class filter": lambda turn: press(page, lambda: bar(page, (turn + 1) % 10)),
        "gallery click": lambda turn: press(
            page, page.locator(".st-key-explore_gallery button").nth(9 - turn % 10).click),
    }


def line(name: str, times: list[float], browser_ms: float, server_ms: float, jump: float) -> str:
    return (f"{name:<24}{statistics.median(times):7.0f}{max(times):8.0f}{browser_ms:9.0f}{server_ms:9.0f}"
            f"{jump:8.3f}")


def measure(url: str, address: str, times: int, only: str) -> None:
    print(f"\n{url}\n{'':<24}{'median':>7}{'worst':>8}{'browser':>9}{'server':>9}{'jump':>8}\n"
          f"{'':<24}{'ms':>7}{'ms':>8}{'CPU ms':>9}{'CPU ms':>9}{'':>8}")
    with opened(url, address) as (page, meter):
        weight = meter.bytes
        page.wait_for_timeout(3_000)  # the warm-up thread goes on a little
        if not only:
            meter.jumped()
            spent, server, jumps, taken = 0.0, meter.server_seconds(), [], []
            for _ in range(times):
                taken.append(first_picture(page, address))
                settle(page)
                page.wait_for_timeout(300)
                jumps.append(meter.jumped())
                spent += meter.browser_seconds()  # counted anew from each navigation on
            print(line("first picture", taken, 1000 * spent / times,
                       1000 * (meter.server_seconds() - server) / times, max(jumps)))
        for name, act in actions(page).items():
            if only and only not in name:
                continue
            act(0)
            page.wait_for_timeout(500)
            meter.jumped()
            spent, server, taken = meter.browser_seconds(), meter.server_seconds(), []
            before = meter.bytes
            for turn in range(1, times + 1):
                taken.append(act(turn))
                page.wait_for_timeout(300)
            print(line(name, taken, 1000 * (meter.browser_seconds() - spent) / times,
                       1000 * (meter.server_seconds() - server) / times, meter.jumped() / times), flush=True)
            if name == "next clip":
                heard = (meter.bytes - before) / times
                print(f"{'':<4}over the network: {heard / 1e6:.2f} MB a clip")
        print(f"over the network: {weight / 1e6:.2f} MB at the first visit, Streamlit's and Plotly's scripts included")
    if not only:
        visits = [first_visit(address) for _ in range(min(times, VISITS))]
        print(f"{'first visit':<24}{statistics.median(visits):7.0f}{max(visits):8.0f}   ({len(visits)} new browsers)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="", help="a data set's name; the default one otherwise")
    parser.add_argument("--times", type=int, default=20, help="how often each thing is done")
    parser.add_argument("--only", default="", help="part of the name of one thing to do")
    parser.add_argument("--url", action="append", help="a server that already runs, to be given twice for a comparison")
    args = parser.parse_args()
    query = f"?dataset={args.dataset}" if args.dataset else ""
    with contextlib.ExitStack() as stack:
        for url in args.url or [stack.enter_context(serve())]:
            measure(url, f"{url}/explore{query}", args.times, args.only)


if __name__ == "__main__":
    main()
