"""How long an answer with its attention takes: ``python tests/benchmarks/predict_speed.py [--checkpoint C] [--page]``.

Prints medians in milliseconds. ``answer`` is what the server computes for a new clip of 5 s: read the file, predict,
record the attention, mel spectrogram. ``view`` is making the drawing's arrays of it (with ``kilobytes``, what is sent).
``--page`` adds what a person waits for in Chromium on ESC-10, by the browser's own clock, median and worst of 20:
``next`` from "Next" until the new clip is drawn, ``head`` and ``veil`` until another head or veil is, ``upload`` from a
chosen file until its answer is drawn; and the bytes of a first visit and of one more clip. ``--url`` measures a server
that already runs. Without a trained model an untrained ``cnn_transformer_h4`` is measured: the arithmetic is the same.
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

from stopwatch import wait_after_press  # noqa: E402

from app.charts.attention import heads_view  # noqa: E402
from app.charts.stage import sound_view  # noqa: E402
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


def view_bytes(waveform: np.ndarray, rate: int, heard: Explanation) -> int:
    """Bytes of all that a clip's drawing is sent."""
    return len(json.dumps({"sound": sound_view(envelope(waveform, rate, 1200), heard, len(waveform) / rate),
                           "layers": heads_view(heard.maps, heard.frequencies)}))


def measure(checkpoint: Checkpoint, file: Path) -> dict[str, float]:
    answers, views = [], []
    for _ in range(WARM_UP + REPEATS):
        started = time.perf_counter()
        waveform, rate = read_clip(file)
        predict(checkpoint, waveform, rate)
        heard = explain(checkpoint, waveform, rate)
        answered = time.perf_counter()
        size = view_bytes(waveform, rate, heard)
        answers.append(answered - started)
        views.append(time.perf_counter() - answered)
    return {"answer": median_ms(answers), "view": median_ms(views), "kilobytes": round(size / 1024, 1)}


def median_ms(seconds: list[float]) -> float:
    return round(1000 * statistics.median(seconds[WARM_UP:]), 1)


WAIT = """([act, changed]) => new Promise((done, failed) => {
  const root = () => document.querySelector('.inside[data-drawn]');
  const stage = () => { const canvas = document.querySelector('.inside .stage'); return canvas && canvas.toDataURL(); };
  const state = () => (changed === 'drawn' ? root()?.dataset.drawn : stage());
  const [before, started] = [state(), performance.now()];
  const look = () => {
    const now = state();
    if (now && now !== before) requestAnimationFrame(() => done(performance.now() - started));
    else if (performance.now() - started > 60000) failed(new Error('nothing was drawn within a minute'));
    else requestAnimationFrame(look);
  };
  eval(act)();
  look();
})"""
NEXT = "() => document.querySelector('.st-key-listen_next button').click()"
HEAD = "() => document.querySelector('.inside [role=radio]:not([aria-checked=true])').click()"
VEIL = """() => { const veil = document.querySelector('.inside .veil'); veil.value = veil.value > 50 ? 20 : 80;
  veil.dispatchEvent(new Event('input')); }"""

ANSWERED = """() => document.body.innerText.includes('Listening to %s')
  && (document.querySelector('.inside[data-drawn]')?.dataset.drawn ?? window.lastDrawn) !== window.lastDrawn"""


def page_milliseconds(url: str | None, repeats: int = 20) -> dict:
    """Median and worst of what a person waits for, and the weight of the page in megabytes."""
    import contextlib

    import shots

    with contextlib.nullcontext(url) if url else shots.serve() as address, shots.browser() as page:
        traffic = {"http": 0, "socket": 0}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", lambda event: _add(traffic, "http", event["encodedDataLength"]))
        session.on("Network.webSocketFrameReceived",  # binary frames are told in base64
                   lambda event: _add(traffic, "socket", len(event["response"]["payloadData"]) * 3 // 4))
        page.goto(f"{address}/listen?dataset=ESC-10")
        page.wait_for_selector(".inside[data-drawn]", timeout=120_000)
        shots.settle(page)
        weight = {"first_visit_mb": megabytes(traffic)}
        numbers = {}
        for name, act, changed in (("next", NEXT, "drawn"), ("head", HEAD, "pixels"), ("veil", VEIL, "pixels")):
            traffic.update(http=0, socket=0)
            waits = []
            for _ in range(WARM_UP + repeats):
                waits.append(page.evaluate(WAIT, [f"({act})", changed]) / 1000)
                shots.settle(page)
            numbers[name] = {"median": median_ms(waits), "worst": round(1000 * max(waits[WARM_UP:]))}
            if name == "next":
                weight["one_more_clip_mb"] = round(megabytes(traffic) / (WARM_UP + repeats), 3)
        numbers["upload"] = uploads(page, repeats)
        return numbers | weight


def uploads(page, repeats: int) -> dict:
    """From choosing a file until its answer is drawn, each time another sound."""
    page.get_by_role("radio", name="Upload").click()
    chooser = page.locator("[data-testid=stFileUploader] input[type=file]")
    waits = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(3 + repeats):
            file = Path(folder) / f"{number}.wav"
            soundfile.write(file, 0.1 * np.random.default_rng(number).standard_normal(5 * 44_100), 44_100)
            page.wait_for_timeout(200)
            waits.append(wait_after_press(page, lambda file=file: chooser.set_input_files(file), ANSWERED % f"{number}.wav"))
            page.evaluate("() => { window.lastDrawn = document.querySelector('.inside').dataset.drawn }")
    return {"median": round(statistics.median(waits[3:])), "worst": round(max(waits[3:]))}


def _add(traffic: dict[str, int], name: str, size: float) -> None:
    traffic[name] += int(size)


def megabytes(traffic: dict[str, int]) -> float:
    return round(sum(traffic.values()) / 1e6, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", help="RUN, RUN:fold or a .safetensors file of a model with attention")
    parser.add_argument("--page", action="store_true", help="measure the page in Chromium too; needs a trained model")
    parser.add_argument("--url", help="a server that already runs, for --page")
    args = parser.parse_args()
    checkpoint = listener(args.checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.ogg"
        soundfile.write(file, 0.1 * np.random.default_rng(0).standard_normal(5 * 44_100), 44_100)
        numbers = {"model": checkpoint.config.model, **measure(checkpoint, file)}
    if args.page:
        numbers["page"] = page_milliseconds(args.url)
    print(json.dumps(numbers))


if __name__ == "__main__":
    main()
