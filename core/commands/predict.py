"""``python -m core predict``: which class is it, for every clip named, and what the model attended to."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from core.errors import UserError
from core.files import replacing

SHOWN = 5  # classes printed for people; --json has all of them


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser(
        "predict", help="name the class of a sound",
        description="Name the class of each clip (wav, flac, ogg or mp3), with probabilities.")
    parser.add_argument("clips", nargs="+", metavar="CLIP", help="a sound file")
    parser.add_argument("--checkpoint", metavar="C",
                        help="RUN, RUN:fold or a .safetensors file; without it the best shipped run")
    parser.add_argument("--json", action="store_true", help="print one JSON document with every class")
    parser.add_argument("--attention", metavar="FILE.npz", type=Path,
                        help="save what every head attended to (one clip; of a longer clip, its surest window)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer every clip; 2 when one could not be read."""
    from core.models.layers import attention_layers
    from core.predict import load_predictor
    from core.runs import resolve_checkpoint

    if args.attention and len(args.clips) > 1:
        raise UserError(f"--attention expects one clip, found {len(args.clips)}")
    checkpoint = load_predictor(resolve_checkpoint(args.checkpoint))
    if args.attention and not attention_layers(checkpoint.model):
        raise UserError(f"the model {checkpoint.config.model} has no attention to save; choose a transformer model")
    answers = []
    for number, clip in enumerate(args.clips):
        _progress(number, len(args.clips))
        answer = _answered(checkpoint, clip, args.attention)
        answers.append(answer)
        if not args.json and "error" not in answer:
            _print(answer)
        if "error" in answer:
            print(f"error: {clip}: {answer['error']}", file=sys.stderr)
    _progress(len(args.clips), len(args.clips))
    if args.json:
        print(json.dumps(answers, ensure_ascii=False, indent=2))
    return 2 if any("error" in answer for answer in answers) else 0


def _answered(checkpoint, clip: str, attention_file: Path | None) -> dict:
    """One entry of the JSON document."""
    from core.predict import explain, predict, read_clip

    try:
        waveform, sample_rate = read_clip(clip)
        answer = predict(checkpoint, waveform, sample_rate)
        explanation = explain(checkpoint, waveform, sample_rate, answer.surest_window) if attention_file else None
    except UserError as error:
        return {"path": clip, "error": str(error)}
    if explanation:
        _save(attention_file, attention_arrays(explanation))
    return {"path": clip, "seconds": round(answer.seconds, 6), "unknown": answer.unknown, "model": answer.model,
            "predictions": [{"label": label, "probability": prob} for label, prob in answer.ranked]}


def attention_arrays(explanation) -> dict[str, np.ndarray]:
    """The arrays of ``--attention``: of every layer the weights and the seconds and Hz of each key, and the log-mel.

    ``window`` (start, end) and ``log_mel_time`` (of each frame) are seconds of the clip, as all times are.
    """
    arrays: dict[str, np.ndarray] = {}
    for attention in explanation.maps:
        name, layout = f"layer{attention.layer}", attention.layout
        arrays |= {name: attention.weights, f"{name}_start": layout.start, f"{name}_end": layout.end,
                   f"{name}_low": layout.low, f"{name}_high": layout.high}
    window = explanation.window
    return arrays | {"clip_time": np.array(all(attention.layout.clip_time for attention in explanation.maps)),
                     "log_mel": explanation.log_mel, "log_mel_time": explanation.times,
                     "log_mel_frequency": explanation.frequencies, "window": np.array([window.start, window.end])}


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Under the very name that was asked for, whole or not at all."""
    try:
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
    except OSError as error:
        raise UserError(f"{path} could not be written: {error.strerror}") from None


def _print(answer: dict) -> None:
    seen = "nothing to name: digitally silent" if answer["unknown"] else answer["predictions"][0]["label"]
    print(f"{answer['path']}  {answer['seconds']:.2f} s  {answer['model']}: {seen}")
    for entry in answer["predictions"][:SHOWN]:
        bar = "█" * round(30 * entry["probability"])
        print(f"  {entry['probability']:7.1%}  {entry['label']:<20} {bar}".rstrip())


def _progress(done: int, total: int) -> None:
    if total > 1 and sys.stderr.isatty():
        print(f"\r{done} of {total} clips\033[K", end="\n" if done == total else "\r", file=sys.stderr, flush=True)
