"""Metrics against scikit-learn, against hand-made tables, and under properties that any table must keep."""

import json
import math
import time

import numpy as np
import pandas as pd
import pytest

from core.classwise import clips_behind, confusion_table, per_class, roc_curves, rows_of, voices
from core.errors import UserError
from core.intervals import bootstrap_interval, drawn_from, source_weights, wilson, wilson_by_source
from core.metrics import answers, ensemble, of_split, summarise
from core.scores import confusion, macro_f1, roc_auc, weighted_auc

CLASSES = [f"class {i}" for i in range(10)]


def table(protocol="published", clips=400, skill=2.0, seed=0, classes=CLASSES, folds=5) -> pd.DataFrame:
    """Predictions of imagined models: softmax of noise plus ``skill`` for the true class."""
    random = np.random.default_rng(seed)
    rows = []
    for index in range(clips):
        target, fold = index % len(classes), index * folds // clips + 1
        if protocol == "assignment":
            models = [(model, "test") for model in (2, 3, 4, 5)] if fold == 1 else [(fold, "validation")]
        else:
            models = [(fold, "test")]
        for model, split in models:
            logits = random.normal(size=len(classes))
            logits[target] += skill
            probs = np.exp(logits) / np.exp(logits).sum()
            rows.append([f"sounds/{index}.ogg", model, fold, split, classes[target], *probs])
    return pd.DataFrame(rows, columns=["path", "model_fold", "clip_fold", "split", "target", *classes])


def pairs_as_sources(predictions) -> dict:
    return {path: f"recording {int(path.split('/')[1].split('.')[0]) // 2}" for path in predictions["path"]}


def test_scores_equal_scikit_learn():
    from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support, roc_auc_score

    for seed in range(5):
        rows = answers(table(seed=seed, clips=90), CLASSES)
        assert macro_f1(rows.targets, rows.predicted) == pytest.approx(
            f1_score(rows.targets, rows.predicted, average="macro"))
        assert roc_auc(rows.targets, rows.probs) == pytest.approx(
            roc_auc_score(rows.targets, rows.probs, multi_class="ovr", average="macro"))
        expected = confusion_matrix(rows.targets, rows.predicted, labels=range(10))
        assert (confusion(rows.targets, rows.predicted, 10) == expected).all()
        counts = pd.DataFrame(expected, index=CLASSES, columns=CLASSES)
        got = per_class(counts)[["precision", "recall", "f1", "support"]].to_numpy().T
        reference = precision_recall_fscore_support(rows.targets, rows.predicted, labels=range(10),
                                                    zero_division=np.nan)
        np.testing.assert_allclose(got, np.array(reference, dtype=float))


def test_weighted_auc_is_the_auc_of_repeated_clips_with_ties():
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(3)
    targets = random.integers(0, 3, 40)
    probs = random.integers(0, 5, (40, 3)) / 5  # many ties
    weights = random.integers(0, 4, (6, 40))
    found = weighted_auc(weights.astype(np.float32), targets, probs)
    for draw, weight in enumerate(weights):
        repeated, scores = np.repeat(targets, weight), np.repeat(probs, weight, axis=0)
        for column in range(3):
            assert found[draw, column] == pytest.approx(roc_auc_score(repeated == column, scores[:, column]))


def test_roc_curves_equal_scikit_learn():
    from sklearn.metrics import auc, roc_auc_score, roc_curve

    predictions = table(clips=100, skill=1)
    rows = answers(predictions, CLASSES)
    macro, micro, *classes = roc_curves(predictions, CLASSES)
    onehot = np.eye(10)[rows.targets]
    assert micro.area == pytest.approx(roc_auc_score(onehot.ravel(), rows.probs.ravel()))
    assert macro.area == pytest.approx(roc_auc(rows.targets, rows.probs))
    assert [curve.name for curve in classes] == CLASSES
    for column, curve in enumerate(classes):
        alarms, hits, _ = roc_curve(rows.targets == column, rows.probs[:, column], drop_intermediate=False)
        assert curve.area == pytest.approx(auc(alarms, hits))
        assert auc(curve.false_positive, curve.true_positive) == pytest.approx(curve.area)
        assert set(zip(curve.false_positive, curve.true_positive, strict=True)) <= set(zip(alarms, hits, strict=True))
    for curve in (macro, micro):
        assert (curve.false_positive[0], curve.true_positive[0]) == (0, 0)
        assert (curve.false_positive[-1], curve.true_positive[-1]) == (1, 1)
        assert (np.diff(curve.true_positive) >= 0).all()


def test_wilson_known_values():
    assert wilson(0, 0) is None
    assert wilson(81, 263) == pytest.approx([0.2553, 0.3662], abs=1e-4)  # Newcombe 1998, table I
    assert wilson(0, 20)[0] == 0
    assert wilson(20, 20)[1] == 1
    low, high = wilson(60.5, 80)
    assert low < 60.5 / 80 < high


def test_published_summary_against_hand_made_numbers():
    predictions = table()
    summary = summarise(predictions, CLASSES, "published", pairs_as_sources(predictions))
    assert [fold["fold"] for fold in summary["folds"]] == [1, 2, 3, 4, 5]
    assert [fold["clips"] for fold in summary["folds"]] == [80] * 5
    right = predictions[CLASSES].idxmax(axis=1) == predictions["target"]
    by_fold = right.groupby(predictions["model_fold"]).mean()
    assert summary["accuracy"]["mean"] == pytest.approx(by_fold.mean())
    assert summary["accuracy"]["std"] == pytest.approx(by_fold.std(ddof=1))
    assert summary["accuracy"]["ci95"] == wilson(right.sum(), 400)
    assert summary["validation"] is None and summary["ensemble"] is None
    matrix = np.array(summary["confusion_matrix"])
    assert matrix.sum() == 400 and np.trace(matrix) / 400 == pytest.approx(summary["accuracy"]["mean"])


def test_assignment_counts_each_clip_once_in_the_interval():
    predictions = table("assignment")
    summary = summarise(predictions, CLASSES, "assignment", pairs_as_sources(predictions))
    test = of_split(predictions, "test")
    assert test["path"].nunique() == 80 and len(test) == 320
    mean = summary["accuracy"]["mean"]
    assert summary["accuracy"]["ci95"] == pytest.approx(wilson(80 * mean, 80))
    assert summary["accuracy"]["ci95"] != pytest.approx(wilson(320 * mean, 320))
    assert [fold["fold"] for fold in summary["folds"]] == [2, 3, 4, 5]
    together = test.groupby("path")[CLASSES].mean()
    truth = test.drop_duplicates("path").set_index("path")["target"].loc[together.index]
    assert summary["ensemble"]["accuracy"] == pytest.approx((together.idxmax(axis=1) == truth).mean())
    validation = predictions[predictions["split"] == "validation"]
    right = validation[CLASSES].idxmax(axis=1) == validation["target"]
    expected = right.groupby(validation["model_fold"]).mean().mean()
    assert summary["validation"]["accuracy"]["mean"] == pytest.approx(expected)
    assert summary["validation"]["accuracy"]["ci95"] == wilson(right.sum(), 320)
    assert np.array(summary["confusion_matrix"]).sum() == 320


def test_summary_is_quick_and_intervals_hold_the_mean():
    predictions = table()
    start = time.perf_counter()
    summary = summarise(predictions, CLASSES, "published", pairs_as_sources(predictions))
    assert time.perf_counter() - start < 2
    for metric in ("accuracy", "macro_f1", "roc_auc"):
        low, high = summary[metric]["ci95"]
        assert 0 <= low < summary[metric]["mean"] < high <= 1


@pytest.mark.parametrize("seed", range(12))
def test_any_table_gives_valid_json_that_does_not_depend_on_row_order(seed):
    random = np.random.default_rng(seed)
    classes = CLASSES[: random.integers(2, 5)]
    protocol = ("published", "assignment", "split", "kfold")[seed % 4]
    clips, skill = int(random.integers(5, 30)), random.uniform(0, 3)
    predictions = table(protocol, clips, skill, seed, classes)
    predictions = predictions[predictions["target"] != classes[0]] if seed % 3 == 0 else predictions
    sources = pairs_as_sources(predictions)
    summary = summarise(predictions, classes, protocol, sources)
    json.dumps(summary, allow_nan=False)
    shuffled = predictions.sample(frac=1, random_state=seed)
    assert json.dumps(rounded(summarise(shuffled, classes, protocol, sources))) == json.dumps(rounded(summary))
    for metric in ("accuracy", "macro_f1", "roc_auc"):
        interval = summary[metric]["ci95"]
        assert interval is None or 0 <= interval[0] <= interval[1] <= 1
    if seed % 3 == 0:
        assert summary["roc_auc"] == {"mean": None, "std": None, "ci95": None}


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 9) if isinstance(value, float) else value


def test_what_is_undefined_is_null():
    nothing = summarise(table(clips=0), CLASSES, "assignment", {})
    assert nothing["folds"] == [] and nothing["accuracy"]["mean"] is None and nothing["ensemble"] is None
    one = summarise(table(clips=80, folds=1), CLASSES, "split", {})
    assert one["accuracy"]["std"] is None and one["accuracy"]["ci95"] is not None
    diverged = table(clips=80, folds=1)
    diverged.loc[3, CLASSES] = math.nan
    summary = summarise(diverged, CLASSES, "split", {})
    assert summary["roc_auc"]["mean"] is None and summary["accuracy"]["mean"] is not None
    json.dumps(summary, allow_nan=False)


def test_a_foreign_table_is_refused_with_a_sentence():
    with pytest.raises(UserError, match="no column 'class 3'"):
        summarise(table().drop(columns="class 3"), CLASSES, "published", {})
    with pytest.raises(UserError, match="target 'cow'"):
        summarise(table().replace({"target": {"class 1": "cow"}}), CLASSES, "published", {})


def test_a_table_survives_the_disk(tmp_path):
    predictions = table("assignment")
    predictions.to_csv(tmp_path / "predictions.csv", index=False)
    again = pd.read_csv(tmp_path / "predictions.csv")
    sources = pairs_as_sources(predictions)
    assert rounded(summarise(again, CLASSES, "assignment", sources)) == rounded(
        summarise(predictions, CLASSES, "assignment", sources))


def test_bootstrap_draws_whole_sources_within_strata():
    sources, strata = ["a", "a", "b", "c", "c", "c"], [1, 1, 1, 2, 2, 2]
    weights = source_weights(sources, strata, draws=200, seed=1)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 0] + weights[:, 2] == 2).all()  # two sources drawn from fold 1
    assert (weights[:, 3:] == 1).all()  # the only source of fold 2
    assert (source_weights(sources, strata, draws=200, seed=1) == weights).all()
    assert bootstrap_interval(0.5, np.full(10, np.nan)) is None


def test_a_fold_of_few_recordings_is_not_drawn_from_by_itself():
    """One speaker a fold: drawn within it, every draw is the same, and the interval would be a point."""
    clips = table(clips=120, folds=6, skill=1)
    speaker = {path: str(fold) for path, fold in zip(clips["path"], clips["clip_fold"], strict=True)}
    found = summarise(clips, CLASSES, "published", speaker)
    for metric in ("macro_f1", "roc_auc"):
        low, high = found[metric]["ci95"]
        assert 0.4 < (high - low) / (3.92 * found[metric]["std"] / 6**0.5) < 1.3, "as wide as six folds scatter"
        assert low < found[metric]["mean"] < high
    assert found["accuracy"]["sources"] == 6
    four = clips[clips["clip_fold"] <= 4]
    assert summarise(four, CLASSES, "published", speaker)["macro_f1"]["ci95"] is None
    assert drawn_from(["a"] * 3 + [*"bcde"], [1] * 7).tolist() == [1] * 7
    assert drawn_from([*"abcdeab"], [1] * 5 + [2] * 2).tolist() == [0] * 7


def test_a_perfect_score_has_no_interval_of_draws_that_are_all_perfect():
    assert bootstrap_interval(1.0, np.ones(100)) is None


def test_the_interval_of_a_share_knows_that_clips_of_one_recording_are_alike():
    right = np.array([1, 1, 0, 1, 1, 0, 1, 1.0])
    assert wilson_by_source(right, range(8)) == pytest.approx(wilson(6, 8))
    assert wilson_by_source(right, [1] * 8) is None
    for clips in (np.repeat([1, 1, 1, 0, 0], 24), np.ones(120)):
        low, high = wilson_by_source(clips, np.repeat(range(5), 24))
        alone = wilson(clips.sum(), 120)
        assert low < alone[0] - 0.2 and high >= alone[1]
    assert wilson_by_source(np.tile([1, 0], 60), np.repeat(range(60), 2))[1] > 0.59, "never taken for more clips than there are"


def test_the_interval_of_a_share_holds_the_truth_as_often_as_it_says():
    """Twenty recordings of twenty clips, each of its own difficulty, 80 % right on average."""
    random, held = np.random.default_rng(0), np.zeros(2)
    for _ in range(300):
        right = (random.random((20, 20)) < random.beta(1.6, 0.4, (20, 1))).astype(float).ravel()
        for place, (low, high) in enumerate((wilson(right.sum(), 400), wilson_by_source(right, np.repeat(range(20), 20)))):
            held[place] += low <= 0.8 <= high
    alone, by_source = held / 300
    assert alone < 0.7 and by_source > 0.91


def test_an_interval_lies_around_its_estimate_and_within_what_is_possible():
    draws = np.random.default_rng(0).normal(0.6, 0.02, 4000)  # a bootstrap that finds lower values than the estimate
    low, high = bootstrap_interval(0.7, draws)
    assert (low, high) == pytest.approx((0.661, 0.739), abs=0.003)
    assert bootstrap_interval(0.99, draws)[1] == 1.0


def test_sources_widen_the_interval():
    """Twenty copies of each answer under one source say no more than one answer."""
    base = table(clips=100, folds=1, classes=CLASSES[:2], skill=1)
    copies = pd.concat([base.assign(path=base["path"] + f"#{i}") for i in range(20)])
    sources = {path: path.split("#")[0] for path in copies["path"]}

    def width(tied):
        low, high = summarise(copies, CLASSES[:2], "split", tied)["roc_auc"]["ci95"]
        return high - low

    assert width(sources) > 3 * width({})


def test_classes_may_be_called_as_the_words_of_a_programme():
    names = ["self", "index", "fold"]
    rows = table("assignment").rename(columns=dict(zip(CLASSES, names, strict=False)))
    rows = rows[[*rows.columns[: -len(CLASSES)], *names]]
    together = ensemble(of_split(rows, "test"), names)
    assert together["self"].between(0, 1).all() and list(together.columns) == list(rows.columns)


def test_ensemble_is_one_row_per_clip():
    test = of_split(table("assignment"), "test")
    together = ensemble(test, CLASSES)
    assert len(together) == 80 and list(together.columns) == list(test.columns)
    clip = test[test["path"] == together["path"][7]]
    np.testing.assert_allclose(together.loc[7, CLASSES].astype(float), clip[CLASSES].mean())


def test_voices_and_their_rows():
    assert voices(table("assignment")) == ["all", "ensemble", 2, 3, 4, 5]
    assert voices(table()) == ["all", 1, 2, 3, 4, 5]
    assert voices(table(folds=1)) == ["all"]
    predictions = table("assignment")
    assert len(rows_of(predictions, CLASSES)) == 320
    assert len(rows_of(predictions, CLASSES, "ensemble")) == len(rows_of(predictions, CLASSES, 3)) == 80


def test_clips_behind_a_cell_come_with_the_most_confident_first():
    four = CLASSES[:4]
    predictions = table("assignment", classes=four, skill=1)
    rows = rows_of(predictions, four)
    counts = confusion_table(rows, four)
    for true in four:
        for said in four:
            clips = clips_behind(rows, four, true, said)
            assert clips["models"].sum() == counts.loc[true, said]
            assert clips["path"].is_unique and clips["probability"].is_monotonic_decreasing
    mistakes = clips_behind(rows, four)
    assert mistakes["models"].sum() == 320 - np.trace(counts.to_numpy())
    assert (mistakes["of"] == 4).all() and (mistakes["true"] != mistakes["predicted"]).all()
