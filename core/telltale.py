"""Is a class given away by its files? Where all dogs came as mp3 and all cats as wav, a model need not listen.

Each property of the files is asked what a model would get right that knows nothing else, and has only met other recordings.
What is no better so than always answering the commonest class is not told, nor what so few recordings do not show.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from core.clips import Clip, Dataset
from core.facts import ClipFacts
from core.intervals import wilson_by_source
from core.wording import percent

LEAD = 0.1  # of the clips that are answered rightly more than by the commonest class, from which on it is told
LOSSLESS = (".wav", ".flac", ".aif", ".aiff")
HEARD = 44_100  # Hz; what is above half of that nobody hears, so higher rates are alike
PROPERTIES: dict[str, Callable[[Clip, ClipFacts], str]] = {
    "sample rate": lambda clip, fact: f"{fact.sample_rate:,} Hz" if fact.sample_rate < HEARD else f"{HEARD:,} Hz or more",
    "number of channels": lambda clip, fact: f"{fact.channels:,}",
    "format": lambda clip, fact: "lossless" if (end := Path(clip.path).suffix.lower()) in LOSSLESS else end[1:],
    "length": lambda clip, fact: f"{fact.seconds:,.1f} s",
}


def telltales(dataset: Dataset, facts: Sequence[ClipFacts]) -> list[str]:
    """A sentence for every property of the files that gives classes away; ``facts`` are those of the clips, in order."""
    known = [(clip, fact) for clip, fact in zip(dataset.clips, facts, strict=True) if not fact.error]
    labels, sources = [clip.label for clip, _ in known], [clip.source for clip, _ in known]
    if len(set(labels)) < 2:
        return []
    common = Counter(labels).most_common(1)[0][1] / len(labels)
    found = []
    for name, told_by in PROPERTIES.items():
        values = [told_by(clip, fact) for clip, fact in known]
        right = _right(values, labels, sources)
        share, surely = sum(right) / len(right), wilson_by_source(right, sources)
        if surely and share - common > LEAD - 1e-9 and surely[0] > common:
            found.append(f"the {name} of a file alone gives away the class of {percent(share, 0)} of the clips "
                         f"({_examples(values, labels)}), where always answering the commonest class is right on "
                         f"{percent(common, 0)}: a model may be right without listening, so take files that are alike in it")
    return found


def _right(values: Sequence[str], labels: Sequence[str], sources: Sequence[str]) -> list[float]:
    """How right, 0 to 1, the answer for every clip is: the class whose clips of other recordings have its value most often,
    commoner classes before rarer ones (Bayes' rule); a part of it where several are as probable."""
    clips, of_value, of_source = Counter(labels), defaultdict(Counter), defaultdict(Counter)
    by_source = Counter(zip(labels, sources, strict=True))
    for value, label, source in zip(values, labels, sources, strict=True):
        of_value[value][label] += 1
        of_source[value, source][label] += 1
    right = {}
    for (value, source), own in of_source.items():
        probable = {label: number * clips[label] / (clips[label] - by_source[label, source])
                    for label, number in (of_value[value] - own).items()}
        most = max(probable.values(), default=0.0)
        best = [label for label, weight in probable.items() if weight > most - 1e-9]
        right |= {(value, source, label): (label in best) / max(len(best), 1) for label in own}
    return [right[asked] for asked in zip(values, sources, labels, strict=True)]


def _examples(values: Sequence[str], labels: Sequence[str]) -> str:
    """``mp3: dog; lossless: mostly cat``, the three values that most clips have."""
    told = []
    for value, _ in Counter(values).most_common(3):
        classes = Counter(label for other, label in zip(values, labels, strict=True) if other == value)
        told.append(f"{value}: {'mostly ' * (len(classes) > 1)}{classes.most_common(1)[0][0]}")
    return "; ".join(told)
