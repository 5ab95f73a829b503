"""Is this data set sound? Unreadable, silent, clipped and doubled clips, siblings and leaks, in numbers and words."""

from collections import Counter, defaultdict

from core.clips import Clip, Dataset
from core.facts import ClipFacts, Progress, clip_facts
from core.overlooked import overlooked
from core.preview import FOLDS
from core.splits import leaks
from core.telltale import telltales

SILENT_DB = -60.0  # a clip whose loudest sample stays below this says nothing
CLIPPED_SHARE = 0.001  # of the samples, in runs at full scale
ABSENT = {"silent": "silent", "clipped": "clipped", "duplicates": "there twice"}


def check(dataset: Dataset, on_progress: Progress | None = None) -> dict:
    """The report of ``data check --json``. Decodes every clip unless that is cached: a few seconds for ESC-10."""
    facts = clip_facts(dataset, on_progress)
    pairs = list(zip(dataset.clips, facts, strict=True))
    readable = [(clip, fact) for clip, fact in pairs if not fact.error]
    silent = [clip.key for clip, fact in readable if fact.peak_db < SILENT_DB]
    classes, sources = Counter(clip.label for clip in dataset.clips), Counter(dataset.sources)
    folds = Counter(clip.fold for clip in dataset.clips if clip.fold is not None)
    twins = _duplicates(dataset, facts)
    recordings = Counter(label for label, _ in {(clip.label, clip.source) for clip in dataset.clips if not clip.segment})
    rates = Counter(fact.sample_rate for _, fact in readable)
    return {
        "clips": len(dataset.clips),
        "classes": {name: classes[name] for name in dataset.class_names},
        "sources": len(sources),
        "folds": {str(fold): folds[fold] for fold in sorted(folds)},
        "seconds": round(sum(fact.seconds for _, fact in readable), 3),
        "sample_rates": {str(rate): rates[rate] for rate in sorted(rates)},
        "unreadable": [{"path": clip.key, "error": fact.error} for clip, fact in pairs if fact.error],
        "silent": silent,
        "clipped": [clip.key for clip, fact in readable if fact.clipped > CLIPPED_SHARE],
        "duplicates": [[clip.key for clip in group] for group in twins],
        "leaks": leaks(dataset),
        "class_sources": {name: recordings[name] for name in dataset.class_names},  # that may be tested
        "siblings": sum(count for count in sources.values() if count > 1),
        "duplicates_apart": sum(len({clip.source for clip in group}) > 1 for group in twins),
        "contradictions": [[clip.key for clip in group] for group in twins if len({clip.label for clip in group}) > 1],
        "source_rule": dataset.source_rule,
        "silent_mixed": sum(fact.channels > 1 for _, fact in readable if fact.peak_db < SILENT_DB),
        "oddities": [*overlooked(dataset), *telltales(dataset, facts)],
    }


def sentences(report: dict) -> list[str]:
    """The report in plain words, readability first. File and source names in them are text from outside."""
    words = []
    if broken := report["unreadable"]:
        words.append(f"{_many(len(broken), 'clip')} cannot be read: {broken[0]['error']}{_more(broken)}.")
    else:
        good = [word for key, word in ABSENT.items() if not report[key]]
        none = f"; none is {', '.join(good[:-1])}{' or ' * bool(good[:-1])}{good[-1]}" if good else ""
        words.append(f"All {report['clips']:,} clips can be read{none}.")
    if lost := report["leaks"]:
        words.append(f"{_many(len(lost), 'recording stands', 'recordings stand')} in more than one fold, so a model "
                     f"would be tested on what it trained on: {lost[0]}{_more(lost)}.")
    if same := report["duplicates"]:
        extra = sum(len(group) - 1 for group in same)
        words.append(f"{_many(extra, 'clip is', 'clips are')} the same sound as another: {' = '.join(same[0])}"
                     f"{_more(same)}." + " Not all of them count as one recording, so a fold may part them."
                     * bool(report["duplicates_apart"]))
    if torn := report["contradictions"]:
        words.append(f"{_many(len(torn), 'sound lies', 'sounds lie')} in more than one class, so one of its names is wrong: "
                     f"{' = '.join(torn[0])}{_more(torn)}.")
    for key, saying in (("silent", "silent"), ("clipped", "clipped (cut off at full scale)")):
        if found := report[key]:
            words.append(f"{_many(len(found), 'clip is', 'clips are')} {saying}: {found[0]}{_more(found)}.")
    if mixed := report["silent_mixed"]:
        words.append(f"{_many(mixed, 'silent clip has', 'silent clips have')} several channels, which may cancel each other "
                     "where they are mixed to mono: save one channel alone.")
    words += [f"{oddity[:1].upper()}{oddity[1:]}." for oddity in report["oddities"]]
    small = min(report["classes"], key=report["classes"].get)
    large = max(report["classes"], key=report["classes"].get)
    if report["classes"][large] > 2 * report["classes"][small]:
        words.append(f"The classes are of unlike size: {report['classes'][small]:,} clips of {small}, "
                     f"{report['classes'][large]:,} of {large}.")
    return words + _about_sources(report)


def _about_sources(report: dict) -> list[str]:
    """Whether clips share recordings, and what keeps them together; where that leaves too few for folds, or folds part them,
    also by which rule they are told apart, which may be the wrong one."""
    siblings = report["siblings"]
    if not siblings:
        return ["Every clip counts as a recording of its own."]
    words = f"{_many(siblings, 'clip shares', 'clips share')} a recording with another"
    rule = report["source_rule"]
    if report["folds"]:
        return [f"{words}; the folds keep them together." if not report["leaks"] else f"{words}: {rule}."]
    small = min(report["class_sources"], key=report["class_sources"].get)
    fewest = report["class_sources"][small]
    if fewest >= FOLDS:
        return [f"{words}; the folds that are drawn keep them together."]
    most = f"no more than {fewest} folds can be drawn" if fewest > 1 else "no folds can be drawn"
    return [f"{words}, so {most}: {small} has {_many(fewest, 'recording')} ({rule})."]


def _duplicates(dataset: Dataset, facts: list[ClipFacts]) -> list[list[Clip]]:
    """Groups of clips that decode to the same samples. Digital silence is left out: it is no sound that clips could share, and
    they are listed as silent."""
    groups = defaultdict(list)
    for clip, fact in zip(dataset.clips, facts, strict=True):
        if fact.sound and fact.peak_db > float("-inf"):
            groups[fact.sound].append(clip)
    return [group for group in groups.values() if len(group) > 1]


def _many(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _more(items: list) -> str:
    return f" (and {len(items) - 1:,} more)" if len(items) > 1 else ""
