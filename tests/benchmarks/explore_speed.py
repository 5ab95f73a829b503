"""How quickly Explore answers, in a real browser: ``python tests/benchmarks/explore_speed.py [--dataset ESC-10]``.

Prints how long the first picture of the clip takes in a new tab of a warm server, and the median and the worst of
twenty changes of a setting, from the click until the new picture is drawn. Wants an otherwise idle machine.
"""

import argparse
import contextlib
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from shots import browser, serve, settle

FIGURE = ".st-key-explore_clip_figure .js-plotly-plot"
DRAWN = f"() => document.querySelector('{FIGURE} .heatmaplayer image') !== null"
CHANGE = f"""label => new Promise((done, failed) => {{
  const picture = () => document.querySelector('{FIGURE} .heatmaplayer image')?.getAttribute('href');
  const button = [...document.querySelectorAll('.st-key-scale [role=radio]')].find(b => b.innerText.trim() === label);
  const [before, started] = [picture(), performance.now()];
  const look = () => {{
    if (picture() && picture() !== before) done(performance.now() - started);
    else if (performance.now() - started > 60000) failed(new Error('no new picture within a minute'));
    else requestAnimationFrame(look);
  }};
  button.click();
  look();
}})"""


def first_picture(page, address: str) -> float:
    """Seconds from asking for the page until the clip's spectrogram is drawn."""
    started = time.perf_counter()
    page.goto(address)
    page.wait_for_function(DRAWN, timeout=120_000)
    return time.perf_counter() - started


def one_change(page, label: str) -> float:
    """Milliseconds from a click on a frequency scale until the new picture is drawn, by the browser's own clock."""
    return page.evaluate(CHANGE, label)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="", help="a data set's name; the default one otherwise")
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--url", help="a server that already runs")
    args = parser.parse_args()
    query = f"?dataset={args.dataset}" if args.dataset else ""
    with contextlib.nullcontext(args.url) if args.url else serve() as url:
        address = f"{url}/explore{query}"
        with browser() as page:
            print(f"cold: first picture after {first_picture(page, address):.2f} s")
            settle(page)
            page.wait_for_timeout(3_000)  # the warm-up thread goes on a little
            warm = [first_picture(page, address) for _ in range(5)]
            print(f"warm: first picture after {statistics.median(warm):.2f} s (median of 5), {max(warm):.2f} s (worst)")
            settle(page)
            scales = ["log", "linear", "mel"]
            for label in scales:
                one_change(page, label)
            times = [one_change(page, scales[number % 3]) for number in range(args.changes)]
            print(f"a changed setting: {statistics.median(times):.0f} ms (median of {len(times)}), "
                  f"{max(times):.0f} ms (worst)")
            heaviest = page.evaluate("""() => performance.getEntriesByType('resource')
                .filter(entry => entry.name.includes('/media/')).reduce((sum, entry) => sum + entry.encodedBodySize, 0)""")
            print(f"sounds of the open clip: {heaviest / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
