"""One run in a report: its numbers, learning curves, confusion matrix, ROC and the scores of each class."""

from core.baseline import guess_at_test, no_better
from core.classwise import confusion_table, per_class, roc_curves, rows_of
from core.copies import copies_told
from core.finished import Finished
from core.metrics import METRICS
from core.report.blocks import Beside, Block, Drawing, Folded, Heading, Text, table
from core.report.drawings import FEW, class_bars, confusion, curves, roc
from core.wording import count, duration, number, percent, points


def run_section(run: Finished, title: str) -> list[Block]:
    """``title``: what the comparison calls it."""
    metrics, rows = run.metrics, rows_of(run.predictions, run.class_names, "all")
    seed = f" · seed {run.seed}"
    facts = [f"run {run.name}", count(run.metrics.get("epochs") or run.settings.get("epochs") or 0, "epoch"),
             f"{number(metrics.get('parameters_trainable'))} trainable and "
             f"{number(metrics.get('parameters_frozen') or 0)} frozen parameters",
             f"trained in {duration(run.seconds)}" + (f" on {run.device}" if run.device else "")]
    folds = [(str(fold["fold"]), *_scores(fold), str(fold["clips"])) for fold in metrics["folds"]]
    if len(folds) > 1:
        folds.append(("mean", *_scores({name: metrics[name]["mean"] for name in METRICS}), str(run.clips)))
        folds.append(("± sd", *_deviations(metrics), ""))
    if metrics.get("ensemble"):
        folds.append(("together", *_scores(metrics["ensemble"]), str(run.clips)))
    what = {"assignment": "model without fold", "split": "model without fold"}.get(run.protocol, "test fold")
    note = "Together: the mean probabilities of all models." if metrics.get("ensemble") else ""
    odd = [Text(told) for told in (copies_told(metrics, run.clips), no_better(run.class_names, metrics)) if told]
    return [Heading(f"{title}{seed}", 3), Text(" · ".join(facts), quiet=True), *odd,
            table((what, "accuracy", "macro F1", "ROC-AUC", "clips"), folds, note),
            Beside(((_curve(run, "accuracy"),), (_curve(run, "loss"),))),
            Beside(((_confusion(rows, run),), (_roc(rows, run),))), _classes(rows, run)]


def _scores(values: dict) -> tuple[str, str, str]:
    auc = values["roc_auc"]
    return percent(values["accuracy"]), percent(values["macro_f1"]), "–" if auc is None else f"{auc:.3f}"


def _deviations(metrics: dict) -> tuple[str, str, str]:
    auc = metrics["roc_auc"].get("std")
    return (*(points(metrics[name].get("std")) for name in ("accuracy", "macro_f1")), "–" if auc is None else f"{auc:.3f}")


def _curve(run: Finished, metric: str) -> Block:
    if not len(run.history):
        return Text("No history was kept.", quiet=True)
    svg = curves(run.history, metric, guess_at_test(run.class_names, run.metrics))
    return Drawing(svg, f"{metric} by epoch", () if metric == "loss" else (_last(run),))


def _last(run: Finished) -> Block:
    """Loss and accuracy after the last epoch, in the place of the curves."""
    history = run.history[run.history["fold"].astype(str) != "final"]
    last = history[history["epoch"] == history["epoch"].max()].groupby("split")[["accuracy", "loss"]].mean()
    rows = [("training" if split == "train" else split, percent(row.accuracy), f"{row.loss:.3f}")
            for split, row in last.iterrows()]
    return table(("after the last epoch", "accuracy", "loss"), rows)


def _confusion(rows, run: Finished) -> Block:
    counts = confusion_table(rows, run.class_names)
    rows = [(name, *map(str, row)) for name, row in zip(counts.index, counts.to_numpy(), strict=True)]
    instead = Folded("Confusion matrix (true class on rows, answered on columns)", (table(("", *counts.columns), rows),))
    return Drawing(confusion(counts), "Confusion matrix: true class on rows, predicted on columns",
                   () if len(counts) > FEW else (instead,))


def _roc(rows, run: Finished) -> Block:
    found = roc_curves(rows, run.class_names)
    if not found:
        return Text("The ROC curve is undefined: the tested clips are all of one class.", quiet=True)
    areas = Folded("Areas under the ROC curves", (table(("curve", "ROC-AUC"), [(c.name, f"{c.area:.3f}") for c in found]),))
    return Drawing(roc(found), "ROC curve of each class, micro and macro, with the areas under them", (areas,))


def _classes(rows, run: Finished) -> Block:
    scores = per_class(confusion_table(rows, run.class_names))
    listed = table(("class", "precision", "recall", "F1", "answers"),
                   [(row[1], percent(row.precision), percent(row.recall), percent(row.f1), str(row.support))
                    for row in scores.itertuples()])
    if len(scores) > FEW:
        return Folded("Precision, recall and F1 of each class", (listed,))
    return Beside(((Drawing(class_bars(scores), "F1, precision and recall of each class"),), (listed,)))
