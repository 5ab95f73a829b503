"""How long an answer with its attention takes: ``python tests/benchmarks/predict_speed.py [--checkpoint C] [--page]``.

Prints medians in milliseconds. ``answer`` is what the server computes for a new clip of 5 s: read the file, predict,
record the attention, mel spectrogram. ``figures`` is drawing it into Plotly's JSON (with ``kilobytes``, what is sent).
``page`` (with ``--page``) is what a person waits for in Chromium: from "Next" until the new clip's last figure stands.
Without a trained model an untrained ``cnn_transformer_h4`` is measured: the arithmetic is the same.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from app.charts.attention import attention_matrix, head_strips  # noqa: E402
from app.charts.stage import stage  # noqa: E402
from core.attention_stats import over_place, over_time, over_time_pairs  # noqa: E402
from core.checkpoint import Checkpoint  # noqa: E402
from core.config import TrainConfig  # noqa: E402
from core.errors import UserError  # noqa: E402
from core.models import create_model  # noqa: E402
from core.predict import Explanation, explain, load_predictor, predict  # noqa: E402
from core.recordings import read_clip  # noqa: E402
from core.runs import resolve_checkpoint  # noqa: E402
from core.spectrogram import envelope  # noqa: E402

REPEATS, WARM_UP = 30, 5


def listener(text: str | None) -> Checkpoint:
    try:
        return load_predictor(resolve_checkpoint(text))
    except UserError:
        if text:
            raise
    config = TrainConfig()
    names = tuple(f"class {i}" for i in range(10))
    return Checkpoint(create_model(config.model, 10).eval(), config, names)


def drawn(waveform: np.ndarray, rate: int, heard: Explanation) -> int:
    """Bytes of the three figures that a chosen head sends."""
    attention = heard.maps[-1]
    weights, layout = attention.weights[0], attention.layout
    span = (heard.window.start, heard.window.end)
    figures = [
        stage(envelope(waveform, rate, 1200), heard.log_mel, heard.times, heard.frequencies, span,
              profile=over_time(weights, layout), plane=over_place(weights, layout), veil=0.7),
        head_strips([[over_time(head, m.layout) for head in m.weights] for m in heard.maps], span, (0, 0)),
        attention_matrix(over_time_pairs(weights, layout))]
    return sum(len(figure.to_json()) for figure in figures)


def measure(checkpoint: Checkpoint, file: Path) -> dict[str, float]:
    answers, figures = [], []
    for _ in range(WARM_UP + REPEATS):
        started = time.perf_counter()
        waveform, rate = read_clip(file)
        predict(checkpoint, waveform, rate)
        heard = explain(checkpoint, waveform, rate)
        answered = time.perf_counter()
        size = drawn(waveform, rate, heard)
        answers.append(answered - started)
        figures.append(time.perf_counter() - answered)
    return {"answer": median_ms(answers), "figures": median_ms(figures), "kilobytes": round(size / 1024, 1)}


def median_ms(seconds: list[float]) -> float:
    return round(1000 * statistics.median(seconds[WARM_UP:]), 1)


def page_milliseconds(clicks: int = 15) -> float:
    """Median over clicks on Next, each until the playing clip's matrix is another one and the script is at rest."""
    import shots

    ready = ("before => { const app = document.querySelector('[data-testid=stApp]');"
             " const plot = document.querySelector('.st-key-listen_matrix .js-plotly-plot');"
             " return app.dataset.testScriptState === 'notRunning' && plot && plot.data"
             " && plot.querySelector('.main-svg') && location.search !== before }")
    waits = []
    with shots.serve() as url, shots.browser() as page:
        page.goto(f"{url}/listen")
        page.wait_for_function(ready, arg="", timeout=120_000)
        for _ in range(clicks + WARM_UP):
            before = page.evaluate("() => location.search")
            started = time.perf_counter()
            page.get_by_role("button", name="Next").click()
            page.wait_for_function(ready, arg=before, timeout=60_000)
            waits.append(time.perf_counter() - started)
    return median_ms(waits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", help="RUN, RUN:fold or a .safetensors file of a model with attention")
    parser.add_argument("--page", action="store_true", help="measure the page in Chromium too; needs a trained model")
    args = parser.parse_args()
    checkpoint = listener(args.checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.ogg"
        soundfile.write(file, 0.1 * np.random.default_rng(0).standard_normal(5 * 44_100), 44_100)
        numbers = {"model": checkpoint.config.model, **measure(checkpoint, file)}
    if args.page:
        numbers["page"] = page_milliseconds()
    print(json.dumps(numbers))


if __name__ == "__main__":
    main()
