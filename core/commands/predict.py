"""``python -m core predict``: which class is it, for every clip named, and what the model attended to."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from core.errors import UserError
from core.files import or_said, replacing, write_text

SHOWN = 5  # classes printed for people; --json has all of them


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser(
        "predict", help="name the class of a sound",
        description="Name the class of each clip (wav, flac, ogg, mp3 and more), with probabilities. A folder means every "
                    "sound in it and below. A sound may be up to an hour long.")
    parser.add_argument("clips", nargs="+", metavar="CLIP", help="a sound file, or a folder of them")
    parser.add_argument("--checkpoint", metavar="C",
                        help="RUN, RUN:fold or a .safetensors file; without it the best shipped run")
    parser.add_argument("--json", action="store_true", help="print one JSON document with every class")
    parser.add_argument("--csv", metavar="FILE.csv", type=Path, help="write one row per file with every class")
    parser.add_argument("--events", metavar="FILE.csv", type=Path,
                        help="write what was heard when, for one long clip: start, end, label, mean, peak")
    parser.add_argument("--threshold", metavar="P", type=float, help="probability at which an event begins (0.5)")
    parser.add_argument("--attention", metavar="FILE.npz", type=Path,
                        help="save what every head attended to (one clip; of a longer clip, its surest window)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer every clip; 2 when one could not be read."""
    from core.answers import answer_file, answers_csv, sounds_in
    from core.events import THRESHOLD, events_csv, find_events
    from core.models.layers import attention_layers
    from core.predict import load_predictor
    from core.runs import resolve_checkpoint

    _check_options(args)
    clips = sounds_in(args.clips)
    for option, file in (("--attention", args.attention), ("--events", args.events)):
        if file and len(clips) > 1:
            raise UserError(f"{option} expects one clip, found {len(clips)}")
    weights = resolve_checkpoint(args.checkpoint)
    checkpoint = load_predictor(weights)
    if args.attention and not attention_layers(checkpoint.model):
        raise UserError(f"the model {checkpoint.config.model} has no attention to save; choose a transformer model")
    threshold = THRESHOLD if args.threshold is None else args.threshold
    answers = []
    for number, clip in enumerate(clips):
        answer = answer_file(checkpoint, clip, on_progress=_Progress(number, len(clips)))
        answers.append(answer)
        heard = answer.prediction
        if heard is None:
            print(f"error: {clip}: {answer.error}", file=sys.stderr)
            continue
        if args.events:
            _write_text(args.events, events_csv(find_events(heard, threshold)))
        if args.attention:
            _save(args.attention, attention_arrays(_explained(checkpoint, clip, heard)))
        if not args.json:
            _print(answer.to_dict(), heard.said)
    if not (args.json or args.checkpoint):
        print(f"answered by {weights.parent.name} ({weights.stem}); --checkpoint RUN takes another model")
    if args.csv:
        _write_text(args.csv, answers_csv(answers, checkpoint.class_names))
    if args.json:
        print(json.dumps([answer.to_dict() for answer in answers], ensure_ascii=False, indent=2))
    return 2 if any(answer.error for answer in answers) else 0


def _check_options(args: argparse.Namespace) -> None:
    """Raise :class:`UserError` for what would only come to light after minutes of listening, or never."""
    if args.threshold is not None and not 0 < args.threshold < 1:
        raise UserError(f"--threshold expects a probability between 0 and 1, found {args.threshold:g}")
    if args.threshold is not None and not args.events:
        raise UserError("--threshold says where an event begins; give --events FILE.csv as well")
    for option, file in (("--csv", args.csv), ("--events", args.events), ("--attention", args.attention)):
        if file and file.is_dir():
            raise UserError(f"{option} expects a file, found the folder {file}")
        if file and not file.parent.is_dir():
            raise UserError(f"{option} expects a file in a folder that is there, found no folder {file.parent}")


def _explained(checkpoint, clip: str, heard):
    from core.recordings import explain_stretch, read_clip

    window = heard.windows[heard.surest_window]
    return explain_stretch(checkpoint, *read_clip(clip, clip, window.start, window.end), window)


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
    with or_said(path), replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _write_text(path: Path, text: str) -> None:
    with or_said(path):
        write_text(path, text)


def _print(answer: dict, said: str) -> None:
    print(f"{answer['path']}  {answer['seconds']:.2f} s  {answer['model']}: {said}")
    for entry in answer["predictions"][:SHOWN]:
        bar = "█" * round(30 * entry["probability"])
        print(f"  {entry['probability']:7.1%}  {entry['label']:<20} {bar}".rstrip())


class _Progress:
    """Which of the clips, and how much of a long one, for those who watch a terminal; the line is taken away again."""

    def __init__(self, number: int, total: int):
        self.number, self.total = number, total

    def __call__(self, heard: float, seconds: float) -> None:
        if not sys.stderr.isatty():
            return
        ended = heard >= seconds
        line = f"{self.number + 1} of {self.total} clips" if self.total > 1 else "listening"
        part = f", {heard / 60:.0f} of {seconds / 60:.0f} min" if seconds > 120 else ""
        print("\r\033[K" + ("" if ended else f"{line}{part}"), end="", file=sys.stderr, flush=True)
