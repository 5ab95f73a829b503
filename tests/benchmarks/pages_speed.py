"""How quickly Home, Train, Tune, Results and Listen inside answer, and the ways between the pages:
``python tests/benchmarks/pages_speed.py``.

Median and worst of twenty, in milliseconds, from the press until what it is to change stands on the page (looked for at
every frame, in Chromium, on ESC-10 with the runs that come with Earshot). Then by how much each page jumps while it loads, on
a desk and on a phone (the browser's layout shift: 0 is still). ``--url`` measures a server that already runs, and starts no
training there.
"""

import argparse
import io
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from shots import browser, serve, settle  # noqa: E402
from stopwatch import JUMPED, SHIFTS, seen, wait_after_press  # noqa: E402

from core.config import TrainConfig  # noqa: E402
from core.presets import PRESETS  # noqa: E402

PAGES = {  # how a page says that it is there: text that only it has, or a figure of it
    "Explore": seen(".st-key-explore_clip_figure .heatmaplayer image"),
    "Train": "document.body.textContent.includes('20 trainings in 8 runs')",
    "Results": seen("[class*=st-key-results_matrix] .js-plotly-plot .main-svg"),
    "Home": "document.body.textContent.includes('Best model here')",
}
RUNS = ("cnn_transformer_h4-split-s0-esc10-assignment", "cnn_transformer_h2-split-s0-esc10-assignment")
MATRIX = "[class*='st-key-results_matrix'] .js-plotly-plot"
CELL = f"""place => {{
  const {{ _size, xaxis, yaxis }} = document.querySelector("{MATRIX}")._fullLayout
  return {{ x: _size.l + xaxis.d2p(place), y: _size.t + yaxis.d2p(place) }} }}"""
HEARD = "[...document.querySelectorAll('[data-testid=stText]')].find(node => node.innerText.includes(', heard '))?.innerText"
DRAWN = "document.querySelector('.inside[data-drawn]')?.dataset.drawn"
TEXT = "document.querySelector('[data-testid=stMain]').textContent.includes({!r})"  # unlike innerText it makes no layout


def timed(page, act: Callable[[], None], there: str) -> float:
    """Milliseconds from the press in ``act`` until the JavaScript expression ``there`` holds."""
    return wait_after_press(page, act, f"() => {there}")


def ways(page) -> dict[str, Callable[[int], float]]:
    """Each leads to its page; the others are passed on the way, and not counted."""
    def to(name: str, start: str) -> Callable[[int], float]:
        def go(turn: int) -> float:
            link(start)
            page.wait_for_function(f"() => {PAGES[start]}", timeout=60_000)
            settle(page)
            return timed(page, lambda: link(name), PAGES[name])
        return go

    def link(name: str) -> None:
        page.get_by_role("link", name=name, exact=True).first.click()

    return {f"from {start} to {name}": to(name, start)
            for start, name in (("Home", "Explore"), ("Explore", "Train"), ("Train", "Results"), ("Results", "Home"))}


def on_train(page) -> dict[str, Callable[[int], float]]:
    start = page.get_by_role("button", name="Start training").or_(page.get_by_role("button", name="Start 2 runs"))
    start.first.wait_for()

    def model(turn: int) -> float:
        label = "Start training" if turn % 2 else "Start 2 runs"
        return timed(page, page.get_by_text("cnn1d", exact=True).first.click, TEXT.format(label))

    def preset(turn: int) -> float:
        name, epochs = (("Quick", str(PRESETS["quick"].values["epochs"])), ("Standard", str(TrainConfig().epochs)))[turn % 2]
        return timed(page, page.get_by_text(name, exact=True).first.click,
                     "Array.from(document.querySelectorAll('input[aria-label=Epochs]')).pop().value === '" + epochs + "'")

    return {"Train: a model more or less": model, "Train: a preset": preset}


def starting(page) -> dict[str, Callable[[int], float]]:
    """In folders of its own: every training that is begun is cancelled at once."""
    def start(turn: int) -> float:
        cancel = page.get_by_role("button", name="Cancel run")
        taken = timed(page, page.get_by_role("button", name="Start training").click,
                      "[...document.querySelectorAll('button')].some(button => button.innerText.includes('Cancel run'))")
        settle(page)
        cancel.click()
        page.get_by_role("button", name="Resume").wait_for()
        return taken

    return {"Train: a training is started": start}


def on_results(page) -> dict[str, Callable[[int], float]]:
    def run(turn: int) -> float:
        name = RUNS[turn % 2]
        page.get_by_label("Run to look into").first.fill(name)  # of a long list only the part in view is there
        option = page.get_by_role("option").filter(has_text=name).first
        option.wait_for()
        return timed(page, option.click, f"[...document.querySelectorAll('h2, h3')].some("
                     f"node => node.innerText.trim() === '{name}')")

    def cost(turn: int) -> float:
        name, title = (("size", "Trainable parameters"), ("compute", "Multiply-accumulates per clip"))[turn % 2]
        return timed(page, page.locator(".st-key-results_cost").get_by_text(name, exact=True).click,
                     seen(".xtitle", title))

    def cell(turn: int) -> float:
        place = page.evaluate(CELL, turn % 2)
        return timed(page, lambda: page.locator(MATRIX).first.click(position=place),
                     f"document.querySelector('input[aria-label=Cell]')?.value.startsWith('{('dog', 'rain')[turn % 2]} heard')")

    def row(turn: int) -> float:
        before = page.evaluate(HEARD)
        table = page.locator("[class*=st-key-results_clips] [data-testid=stDataFrame]").first
        return timed(page, lambda: table.click(position={"x": 60, "y": 35 * (1 + (turn + 1) % 2) + 17}),
                     f"({HEARD}) && ({HEARD}) !== {before!r}")

    return {"Results: another run": run, "Results: accuracy against another cost": cost, "Results: a cell of the matrix": cell,
            "Results: a clip behind a cell": row}


def on_listen(page) -> dict[str, Callable[[int], float]]:
    def model(turn: int) -> float:
        name = ("cnn_transformer_h4-assignment-s0", "earshot-wary-published-s0")[turn % 2]
        before = page.evaluate(DRAWN)
        page.get_by_label("Model").first.click()
        option = page.get_by_role("option").filter(has_text=name).first
        option.wait_for()
        return timed(page, option.click, f"({DRAWN}) && ({DRAWN}) !== {before!r}")

    return {"Listen inside: another model": model}


def on_home(page) -> dict[str, Callable[[int], float]]:
    def drop(turn: int) -> float:
        page.get_by_role("link", name="Home", exact=True).first.click()
        page.wait_for_function(f"() => {PAGES['Home']}", timeout=60_000)
        settle(page)
        content = io.BytesIO()
        soundfile.write(content, 0.1 * np.random.default_rng(turn).standard_normal(5 * 44_100), 44_100, format="WAV")
        sound = {"name": f"dropped {turn}.wav", "mimeType": "audio/wav", "buffer": content.getvalue()}
        chooser = page.locator(".st-key-home_upload input[type=file]")
        return timed(page, lambda: chooser.set_input_files([sound]),
                     f"({DRAWN}) && {TEXT.format('Listening to ' + sound['name'])}")

    return {"Home: a dropped sound, to its answer": drop}


def on_tune(page) -> dict[str, Callable[[int], float]]:
    def trials(turn: int) -> float:
        number = str(20 + turn % 2)
        field = page.get_by_label("Trials", exact=True).first
        field.fill(number)
        return timed(page, lambda: field.press("Enter"), TEXT.format(number + " trials"))

    return {"Tune: more trials, to their price": trials}


def jumps(url: str) -> None:
    """The second load of each page counts: the first compiles the scripts."""
    print(f"{'layout shift while it loads':<42}{'1440 px':>8}{'390 px':>8}")
    found: dict[str, list[float]] = {}
    for width, height in ((1440, 900), (390, 844)):
        with browser(width, height) as page:
            page.add_init_script(SHIFTS)
            for name in ("", "explore", "train", "tune", "results", "listen?dataset=ESC-10"):
                for _ in range(2):
                    page.goto(f"{url}/{name}")
                    settle(page)
                    page.wait_for_timeout(1_500)
                found.setdefault(name.partition("?")[0] or "home", []).append(page.evaluate(JUMPED))
    for name, (desk, phone) in found.items():
        print(f"{name:<42}{desk:8.3f}{phone:8.3f}", flush=True)


def measure(url: str, times: int, only: str) -> None:
    with browser() as page:
        for address, actions in (("", ways), ("train", on_train), ("tune", on_tune),
                                 ("results", on_results), ("listen?dataset=ESC-10", on_listen), ("", on_home)):
            measure_on(page, f"{url}/{address}", actions, times, only)
    if not only:
        jumps(url)


def measure_on(page, address: str, actions: Callable[[object], dict], times: int, only: str) -> None:
    """One page: each of its actions twice to warm it, then so many times."""
    page.goto(address)
    settle(page)
    for name, act in actions(page).items():
        if only not in name:
            continue
        for turn in (0, 1):
            act(turn)
        taken = []
        for turn in range(times):
            taken.append(act(turn))
            settle(page)
        print(f"{name:<42}{statistics.median(taken):8.0f}{max(taken):8.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often each thing is done")
    parser.add_argument("--only", default="", help="part of the names of the things to do")
    parser.add_argument("--url", help="a server that already runs")
    args = parser.parse_args()
    print(f"{'':<42}{'median':>8}{'worst':>8}   ms")
    if args.url:
        measure(args.url, args.times, args.only)
        return
    with serve() as url:
        measure(url, args.times, args.only)
    with tempfile.TemporaryDirectory() as runs, serve(EARSHOT_CHECKPOINTS=runs) as url, browser() as page:
        measure_on(page, f"{url}/train", starting, args.times, args.only)


if __name__ == "__main__":
    main()
