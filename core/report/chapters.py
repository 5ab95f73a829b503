"""The chapters of a report that speak of all runs at once: in short, comparison, analysis, settings, method."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import groupby

from core.analysis import Analysis
from core.analysis.best import accuracy_told
from core.comparison import p_text
from core.config import config_fields, field_named
from core.contenders import Contender, Score
from core.differences import in_words
from core.errors import UserError
from core.finished import Finished
from core.matches import Match, explained, matches
from core.readers import normalised
from core.report.blocks import Beside, Block, Code, Drawing, Folded, Heading, Items, Text, table
from core.report.drawings import against_cost
from core.splits import PROTOCOLS
from core.studies import list_studies
from core.verdict import changed_in_words, noise, sentence, verdict_of
from core.wording import count, duration, interval, millions, number, percent, points, thousands

BEST = "Which model is best?"
UNTOLD = ("model", "protocol", "dataset", "seed", "device", "mixed_precision", "wandb", "final")  # told elsewhere, or no matter


def in_short(field: Sequence[Contender], analyses: Sequence[Analysis]) -> list[Block]:
    """The answer first: what is best under each protocol."""
    told = [f"{each.protocol}: {each.findings[BEST].sentence}" for each in analyses if BEST in each.findings]
    if not told:
        told = [f"{field[0].title}: {accuracy_told(field[0])}."]
    return [Items(tuple(told))]


def comparison_chapter(field: Sequence[Contender], sources: Mapping[str, str]) -> list[Block]:
    """One row per model × protocol, accuracy against what it costs, and any two."""
    columns = ("model", "protocol", "test accuracy\n95 % interval", "standard\ndeviation", "validation\n95 % interval",
               "macro F1\n95 % interval", "ROC-AUC\n95 % interval", "parameters\nfrozen", "MACs\nper clip", "training\nseeds")
    rows = [_row(each) for each in field]
    drawings = [Drawing(against_cost(field, cost, title, unit, spoken), alt=title) for cost, title, unit, spoken in (
        (lambda each: each.macs, "Test accuracy (%) against compute", "multiply-accumulates per clip", millions),
        (lambda each: each.parameters, "Test accuracy (%) against size", "trainable parameters", thousands))
        if len([each for each in field if cost(each) and each.accuracy is not None]) > 1]
    blocks: list[Block] = [table(columns, rows, "Accuracy: Wilson's interval, each test clip counted once, and clips of one "
                                 "recording as alike as they are; macro F1 and ROC-AUC: whole recordings drawn anew 1,000 "
                                 "times. The standard deviation is over folds, models or seeds (n − 1). Training: the time of "
                                 "the tested models on the machine that trained them.")]
    if drawings:
        blocks.append(Beside(tuple((drawing,) for drawing in drawings)))
    return blocks + _pairs(field, sources)


def _row(each: Contender) -> tuple[str, ...]:
    accuracy, auc = each.scores["accuracy"], each.scores["roc_auc"]
    return (each.name, each.protocol, _ends(accuracy),
            "–" if accuracy.std is None else f"{points(accuracy.std)}\nover {each.spread}",
            _ends(each.validation) if each.validation else "–", _ends(each.scores["macro_f1"]),
            "–" if auc.mean is None else f"{auc.mean:.3f}\n{interval(auc.low, auc.high, '')}",
            number(each.parameters) + f"\n{number(each.frozen)}" * bool(each.frozen), millions(each.macs),
            f"{duration(each.seconds)}\n{'seed' if len(each.seeds) == 1 else 'seeds'} {', '.join(map(str, each.seeds))}")


def _ends(score: Score) -> str:
    return f"{percent(score.mean)}\n{interval(score.low, score.high)}"


def _pairs(field: Sequence[Contender], sources: Mapping[str, str]) -> list[Block]:
    """Any two of one protocol, with the tests and what they mean."""
    blocks, told = [], []
    for protocol, group in groupby(sorted(field, key=lambda each: each.protocol), key=lambda each: each.protocol):
        found = matches(list(group), sources)
        if not found:
            continue
        told += found
        rows = [(match.first.name, match.second.name, str(match.only_first), str(match.only_second), p_text([match.p]),
                 p_text([match.p_folds]) if match.folds else "–", _verdict(match)) for match in found]
        blocks += [Heading(f"Any two under {protocol}", 3),
                   table(("first", "second", "only first right", "only second right", "McNemar", "t-test over folds",
                          "reliable difference"), rows, f"On {count(found[0].clips, 'test clip')} that both were tested on."
                         + "".join(sorted({f" No t-test: {match.why_not}." for match in found if match.why_not})))]
    return [*blocks, Folded("What these tests mean", (Items(tuple(explained(told))),))] if told else []


def _verdict(match: Match) -> str:
    return f"{match.ahead.name} is better" if match.reliable else "none"


def analysis_chapter(analyses: Sequence[Analysis]) -> list[Block]:
    """Each finding: its question, its sentence, the test it rests on, and its figures."""
    blocks: list[Block] = [Text("Each sentence follows by rule from the figures under it. Where tests and intervals do not "
                                "decide, it says so.", quiet=True)]
    for each in analyses:
        blocks.append(Heading(f"Under {each.protocol}, on {count(each.clips, 'test clip')}", 3))
        for title, finding in each.findings.items():
            blocks += [Heading(title, 4), Text(finding.sentence), Text(finding.test + ".", quiet=True),
                       Folded("Figures", (table(finding.columns, finding.rows),))]
        if each.left_out:
            blocks.append(Folded("Questions without an answer here", (Items(tuple(
                f"{title} {why[0].upper()}{why[1:]}." for title, why in each.left_out.items())),)))
    return blocks


def settings_chapter(field: Sequence[Contender]) -> list[Block]:
    """Best first: the settings that every contender shares, and those in which they differ."""
    known = [each for each in field if each.runs[0].settings]
    if not known:
        return [Text("The settings of these runs cannot be read.")]
    values = [_settings(each.runs[0]) for each in known]
    names = [field.name for field in config_fields() if any(field.name in own for own in values)]
    differ = [name for name in names if len({own.get(name, "–") for own in values}) > 1]
    best = ", ".join(f"{_label(name)} {values[0][name]}" for name in differ if name in values[0])
    blocks: list[Block] = [Text(f"The best of these: {known[0].title}{f' ({best})' * bool(best)}, with the "
                                "settings below.")]
    if differ:
        rows = [(each.name, each.protocol, *(own.get(name, "–") for name in differ))
                for each, own in zip(known, values, strict=True)]
        blocks.append(table(("model", "protocol", *map(_label, differ)), rows))
    same = [(_label(name), values[0][name]) for name in names if name not in differ]
    return [*blocks, table(("setting", "all of them" if len(known) > 1 else known[0].name), same)]


def search_chapter(runs: Sequence[Finished]) -> list[Block]:
    """What searches for settings found for these models on this data; nothing where there was none."""
    blocks: list[Block] = []
    for study in list_studies():
        with suppress(UserError):
            mine = any(run.model == study.config.model and normalised(str(run.settings.get("dataset", run.dataset)))
                       == normalised(study.config.dataset) for run in runs)
            verdict = verdict_of(study) if mine and study.status.state == "finished" else None
            if verdict:
                tried = f"{count(study.trials_ended, 'trial')} of {count(study.config.epochs, 'epoch')} (study {study.name})"
                blocks += [Text(f"{study.config.model}, {tried}. {sentence(verdict, study.start_in_words)} "
                                f"{noise(verdict.clips, verdict.best_accuracy)}"), Items(tuple(changed_in_words(verdict)))]
    return [Heading("Searched by validation accuracy, without the test fold", 3), *blocks] if blocks else []


def _settings(run: Finished) -> dict[str, str]:
    """The settings that concern the run's model and protocol, as a person reads them."""
    found = {}
    for field in config_fields():
        concerned = run.model in (field.metadata["models"] or (run.model,))
        if concerned and field.name in run.settings and field.name not in UNTOLD and (
                field.name != "folds" or run.protocol == "kfold"):
            unit = f" {field.metadata['unit']}" if field.metadata["unit"] else ""
            found[field.name] = in_words(run.settings[field.name], unit)
    return found


def _label(name: str) -> str:
    return field_named(name).metadata["label"]


def method_chapter(runs: Sequence[Finished]) -> list[Block]:
    """What each protocol is, and the commands that make the runs and this report again."""
    used = [name for name in PROTOCOLS if any(run.protocol == name for run in runs)]
    blocks: list[Block] = [Items(tuple(f"{name}: {PROTOCOLS[name]}" for name in used)),
                           Text("A clip's recording never stands on both sides of a split; a split that would do so is "
                                "refused. Weights are those after the last epoch, averaged, unless a setting says otherwise. "
                                "Every number here is computed from each run's predictions.csv.")]
    return [*blocks, Text("The same runs again:"), Code("\n".join(_command(run) for run in runs))]


def _command(run: Finished) -> str:
    """The command that trains the run: all settings that are not the defaults."""
    from core.config import TrainConfig

    said = {"dataset": run.settings.get("dataset", run.dataset), "model": run.model, "protocol": run.protocol, "seed": run.seed}
    parts = [f"--{name} {_quoted(value)}" for name, value in said.items()]
    usual = TrainConfig().to_dict()
    changed = {name: value for name, value in run.settings.items()
               if name not in said and name not in ("device", "wandb") and value != usual.get(name)}
    if "epochs" in changed:
        parts.append(f"--epochs {changed.pop('epochs')}")
    parts += [f"--set {_quoted(f'{name}={value}')}" for name, value in changed.items() if value is not None]
    return "python -m core train " + " ".join(parts)


def _quoted(value: object) -> str:
    import shlex

    return shlex.quote(str(value))
