"""Answers for many files: which files a person means, each one's answer or what is wrong with it, and the table of all."""

import csv
import io
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.audio import AUDIO_EXTENSIONS
from core.errors import UserError
from core.predict import Prediction
from core.readers import as_text

if TYPE_CHECKING:
    from core.checkpoint import Checkpoint

COLUMNS = ("path", "seconds", "label", "probability", "unknown", "error")


@dataclass(frozen=True)
class Answer:
    """One file's answer, or the sentence that says why there is none."""

    path: str
    prediction: Prediction | None = None
    error: str | None = None

    def to_dict(self) -> dict:
        """As ``predict --json`` prints it."""
        if self.prediction is None:
            return {"path": as_text(self.path), "error": self.error}
        heard = self.prediction
        return {"path": as_text(self.path), "seconds": round(heard.seconds, 6), "unknown": heard.unknown, "model": heard.model,
                "predictions": [{"label": label, "probability": prob} for label, prob in heard.ranked]}


def sounds_in(paths: Iterable[str | Path]) -> list[str]:
    """The files themselves, and for a folder every sound below it, sorted by path.

    Raises :class:`UserError` for a folder without a sound, or one that cannot be read.
    """
    files: list[str] = []
    for path in paths:
        if not str(path).strip():
            raise UserError("expected a sound file or a folder of them, found an empty name")
        if not os.path.isdir(path):  # of a name that is too long it says no, where a Path raises
            files.append(str(path))
            continue
        try:
            found = sorted(str(file) for file in Path(path).rglob("*")
                           if file.suffix.lower() in AUDIO_EXTENSIONS and file.is_file() and not file.name.startswith("."))
        except OSError as error:
            raise UserError(f"the folder {path} could not be read: {error.strerror}") from None
        if not found:
            raise UserError(f"the folder {path} has no sound in it or below; expected files that end in "
                            f"{', '.join(AUDIO_EXTENSIONS)}")
        files += found
    return files


def answer_file(checkpoint: "Checkpoint", source: str | Path | bytes, name: str | None = None,
                on_progress: Callable[[float, float], None] | None = None) -> Answer:
    """The answer for one file, or for a file's bytes called ``name``; what cannot be read is said, not raised."""
    from core.recordings import listen_through

    name = name or str(source)
    try:
        return Answer(name, listen_through(checkpoint, source, name, on_progress).prediction)
    except UserError as error:
        return Answer(name, error=str(error))


def answers_csv(answers: Sequence[Answer], class_names: Sequence[str]) -> str:
    """One row per file: :data:`COLUMNS`, then a column per class with its probability. A file without an answer has
    its sentence in ``error`` and nothing else, digital silence its length and that it is unknown besides; what cannot be
    written down in a file's name is shown as ``�``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *class_names])
    for answer in answers:
        name, heard = as_text(answer.path), answer.prediction
        if heard is None:
            writer.writerow([name, "", "", "", "", answer.error, *[""] * len(class_names)])
            continue
        if heard.silent:
            writer.writerow([name, f"{heard.seconds:.6f}", "", "", "true", heard.remark, *[""] * len(class_names)])
            continue
        label, probability = heard.ranked[0]
        writer.writerow([name, f"{heard.seconds:.6f}", label, f"{probability:.6f}", str(heard.unknown).lower(), "",
                         *[f"{probability:.6f}" for probability in heard.probs]])
    return text.getvalue()
