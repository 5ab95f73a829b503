"""McNemar's test and the corrected t-test against references, Holm's correction, and sentences that must claim no more
than they support."""

import dataclasses
import math
from itertools import product

import numpy as np
import pandas as pd
import pytest

from core.comparison import compare, holm, mcnemar, sentence
from core.contenders import by_dataset, contenders
from core.errors import UserError
from core.finished import read_finished
from core.intervals import wilson
from core.matches import matches
from core.presets import PRESETS
from core.runs import get_run
from core.ttest import corrected_t_test, student_p, student_quantile
from tests.app.fabricated_runs import fabricate_run
from tests.finished_runs import finished, flipped


def alike(runs):
    """Where every clip is a recording of its own."""
    return compare(runs, {})


def matched(field):
    return matches(field, {})


def test_mcnemar_equals_the_binomial_test():
    from scipy.stats import binomtest

    for first, second in [(0, 0), (1, 0), (5, 5), (3, 9), (0, 10), (17, 30), (200, 260)]:
        expected = binomtest(first, first + second).pvalue if first + second else 1.0
        assert mcnemar([1] * first + [-1] * second + [0] * 7) == pytest.approx(expected)


def test_recordings_are_won_and_lost_with_all_of_their_clips():
    """Against a count of all signs; then twenty clips of one recording, which decide nothing, and of twenty, which do."""
    for won in ([3, -1, 2], [5], [4, 4, -4, 1, 0], [2, 1, 1, -3, 6, -1]):
        sums = [sum(sign * gain for sign, gain in zip(signs, won, strict=True)) for signs in product((1, -1), repeat=len(won))]
        assert mcnemar(won) == pytest.approx(np.mean([abs(one) >= abs(sum(won)) for one in sums]))
    good, bad = forced([True] * 20), forced([False] * 20)
    paths = [f"sounds/{i}" for i in range(20)]
    alone, apart = ({path: source(path) for path in paths} for source in (lambda path: "speaker", lambda path: path))
    assert compare({"a": good, "b": bad}, apart).pairs[0].p < 0.001
    one = compare({"a": good, "b": bad}, alone)
    assert one.pairs[0].p == 1.0 and (one.clips, one.recordings) == (20, 1)
    match, = matches(contenders([finished(right=[True] * 100), finished("cnn_transformer_h2", [False] * 100)]),
                     {f"{i}.wav": str(i // 25) for i in range(100)})
    assert (match.recordings, match.p) == (4, pytest.approx(1 / 8)) and not match.reliable


def test_holm():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def forced(right: list[bool], name="sounds") -> tuple:
    """Predictions over two classes that are right exactly where told."""
    classes = ["yes", "no"]
    rows = [[f"{name}/{i}", 1, 1, "test", "yes", 0.9 if ok else 0.1, 0.1 if ok else 0.9] for i, ok in enumerate(right)]
    return pd.DataFrame(rows, columns=["path", "model_fold", "clip_fold", "split", "target", *classes]), classes


def test_the_sentence_claims_what_the_test_supports():
    good, other, bad = [True] * 80 + [False] * 20, [True] * 78 + [False] * 18 + [True] * 4, [True] * 40 + [False] * 60
    two = alike({"h2": forced(other), "h4": forced(good)})
    assert two.clips == 100 and (two.pairs[0].only_first, two.pairs[0].only_second) == (4, 2)
    assert sentence(two) == "h2 and h4 cannot be told apart on these 100 clips, p = 0.69."
    three = alike({"h4": forced(good), "h2": forced(other), "cnn1d": forced(bad)})
    assert sentence(three) == ("h2 and h4 cannot be told apart on these 100 clips, p = 0.69; "
                               "both beat cnn1d, p < 0.001.")
    alone = alike({"cnn1d": forced(bad), "h4": forced(good)})
    assert sentence(alone) == "h4 beats cnn1d on these 100 clips, p < 0.001."
    four = alike({"h4": forced(good), "h2": forced(other), "h1": forced(good), "cnn1d": forced(bad)})
    assert sentence(four) == ("h2 cannot be told apart from h4 or h1 on these 100 clips, p = 1.00; "
                              "all 3 beat cnn1d, p < 0.001.")
    middle = [True] * 70 + [False] * 30
    chain = sentence(alike({"h4": forced(good), "h3": forced(middle), "h0": forced([True] * 64 + [False] * 36)}))
    assert chain == "h4 beats h3 and h0 on these 100 clips, p ≤ 0.004."


def test_only_the_best_is_said_to_beat_what_only_the_best_beats():
    best = [True] * 90 + [False] * 10
    second = [True] * 85 + [False] * 15
    third = [True] * 81 + [False] * 19
    assert sentence(alike({"a": forced(best), "b": forced(second), "c": forced(third)})) == (
        "a and b cannot be told apart on these 100 clips, p = 0.12; a beats c, p = 0.012.")


def test_runs_without_common_clips_are_not_compared():
    assert alike({"a": forced([True] * 5), "b": forced([True] * 5, name="other")}) is None
    assert alike({}) is None


def test_several_models_of_a_clip_answer_together_on_the_clips_both_runs_tested():
    one, classes = forced([True] * 60 + [False] * 40)
    four = pd.concat([one.iloc[:20].assign(model_fold=model) for model in (2, 3, 4, 5)])
    comparison = alike({"four": (four, classes), "one": (one, classes)})
    assert comparison.clips == 20 and comparison.pooled == ("four",)
    assert comparison.correct == {"four": 1.0, "one": 1.0}


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 30, 49])
def test_students_distribution_equals_scipys(freedom):
    from scipy import stats

    for t in (0, 0.1, -1, 2.5, 7, -40):
        assert student_p(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), abs=1e-12)
    assert student_p(math.inf, freedom) == pytest.approx(0, abs=1e-12)
    assert student_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom))


@pytest.mark.parametrize("seed", range(5))
def test_the_corrected_t_test_equals_the_published_formula(seed):
    """Nadeau and Bengio 2003, section 3.3: the variance of the mean is (1 / J + n2 / n1) times the sample variance."""
    from scipy import stats

    differences = np.random.default_rng(seed).normal(0.02, 0.05, 5)
    ours, plain_test = corrected_t_test(differences, 80 / 320), stats.ttest_1samp(differences, 0)
    widened = plain_test.statistic / math.sqrt(1 + 5 * 80 / 320)  # the plain test has only 1 / J of the variance
    assert ours.t == pytest.approx(widened) and ours.freedom == 4 and ours.folds == 5
    assert ours.p == pytest.approx(2 * stats.t.sf(abs(widened), 4))
    scale = math.sqrt((1 / 5 + 80 / 320) * differences.var(ddof=1))
    assert (ours.low, ours.high) == pytest.approx(stats.t.interval(0.95, 4, differences.mean(), scale))
    assert corrected_t_test(differences, 0).p == pytest.approx(plain_test.pvalue)


def test_the_t_test_of_few_or_equal_folds():
    assert corrected_t_test([0.1], 0.25) is None
    assert corrected_t_test([0, 0, 0], 0.25).p == 1
    assert corrected_t_test([0.1, 0.1, 0.1], 0.25).p == 0


def test_seeds_of_one_model_and_protocol_are_pooled_and_other_settings_stand_apart():
    runs = [finished(right=0.8, seed=0), finished(right=0.9, seed=1), finished(right=0.7, seed=2, protocol="assignment"),
            finished(right=0.6, seed=0, settings={"epochs": 15})]
    first, second, third = contenders(runs)
    assert first.seeds == (0, 1) and first.over == "seeds" and first.spread == "2 seeds"
    assert first.accuracy == pytest.approx(0.85) and first.scores["accuracy"].std == pytest.approx(np.std([0.8, 0.9], ddof=1))
    ends = np.mean([wilson(80, 100), wilson(90, 100)], axis=0)
    assert (first.scores["accuracy"].low, first.scores["accuracy"].high) == pytest.approx(tuple(ends)), "no narrower"
    assert (second.title, second.spread) == ("cnn1d · assignment", "4 models") and second.validation.mean == pytest.approx(0.8)
    assert (first.name, third.name) == ("cnn1d [epochs 3]", "cnn1d [epochs 15]") and third.validation is None
    assert first.seconds == pytest.approx(10) and contenders([runs[0], runs[0]])[0].spread == "5 folds"


def test_the_time_of_seeds_that_several_devices_trained_is_no_mean():
    runs = [finished(seed=seed, seconds=10) for seed in (0, 1)]
    assert contenders(runs)[0].seconds == pytest.approx(10)
    (both,) = contenders([runs[0], dataclasses.replace(runs[1], device="NVIDIA H100")])
    assert both.seconds is None and both.seeds == (0, 1)


def test_made_up_sounds_are_part_of_what_a_training_costs():
    plain, wary = finished(), finished(settings={"outliers": 0.3})
    assert wary.training_macs == pytest.approx(1.3 * plain.training_macs)


def test_settings_that_are_a_preset_are_called_so():
    wary = finished("earshot", settings=PRESETS["wary"].values)
    assert [each.name for each in contenders([wary])] == ["earshot"]
    changed = finished("earshot", settings=PRESETS["wary"].values | {"epochs": 61})
    names = {each.name for each in contenders([wary, finished("earshot", settings=PRESETS["sturdy"].values), changed])}
    assert names == {"earshot [wary]", "earshot [sturdy]", "earshot [epochs 61]"}


def test_runs_of_two_data_sets_are_not_ranked_together():
    runs = [finished(), finished("cnn_transformer_h2", dataset="other"), finished(classes=("a", "b"))]
    assert list(by_dataset(runs)) == ["sounds (version 1: 4 classes, bark …; 100 clips)", "other",
                                      "sounds (version 2: 2 classes, a …; 100 clips)"]
    with pytest.raises(UserError, match="made on 3 data sets"):
        contenders(runs)


def test_folders_of_one_name_with_other_clips_are_two_data_sets():
    runs = [dataclasses.replace(finished(seed=seed), data=data) for seed, data in ((0, "ab"), (1, "ab"), (2, "cd"))]
    assert [len(group) for group in by_dataset(runs).values()] == [2, 1]
    one = [dataclasses.replace(run, dataset="ESC-10") for run in runs]
    assert [*map(len, by_dataset(one).values())] == [3], "its clips have the same names in both of its layouts"


def test_two_contenders_are_told_apart_only_where_both_tests_say_so():
    good = [i % 10 != 0 for i in range(100)]
    worse = flipped(good, [i for i in range(100) if i % 10 in (1, 2, 3)])  # 6 clips less right in every fold of 20
    match, = matched(contenders([finished(right=good), finished("cnn_transformer_h2", worse)]))
    assert match.ahead.model == "cnn1d" and match.reliable and match.folds.p < 0.001
    assert match.meaning.startswith("cnn1d is reliably better than cnn_transformer_h2 (McNemar p < 0.001, t-test over 5 folds")
    one_fold = flipped(good, [i for i in range(20) if good[i]])  # all of it in one fold: the folds do not agree
    match, = matched(contenders([finished(right=good), finished("cnn_transformer_h2", one_fold)]))
    assert match.p < 0.001 and match.p_folds > 0.05 and not match.reliable and "The two tests disagree" in match.meaning
    match, = matched(contenders([finished(right=good), finished("cnn_transformer_h2", flipped(good, [3, 50]))]))
    assert not match.reliable and match.meaning.startswith("No reliable difference")


def test_the_same_answers_with_more_seeds_are_no_more_evidence_from_the_folds():
    good = [i % 10 != 0 for i in range(100)]
    worse = flipped(good, [1, 2, 3, 21, 22, 41, 61, 81])
    once, = matched(contenders([finished(right=good), finished("cnn_transformer_h2", worse)]))
    thrice, = matched(contenders([finished(model, right, seed=seed) for model, right in
                                  (("cnn1d", good), ("cnn_transformer_h2", worse)) for seed in range(3)]))
    assert thrice.folds == once.folds and thrice.folds.folds == 5


def test_the_t_test_says_why_it_cannot_be_made():
    match, = matched(contenders([finished(protocol="assignment"), finished("cnn_transformer_h2", protocol="assignment")]))
    assert match.folds is None and "tested once" in match.why_not and not match.reliable
    shuffled = finished("cnn_transformer_h2", folds=4)
    match, = matched(contenders([finished(), shuffled]))
    assert match.folds is None and match.why_not == "their folds hold different clips" and match.clips == 100


def test_p_values_of_several_pairs_are_corrected_and_seeds_that_both_have_answer():
    good = [True] * 90 + [False] * 10
    middle, low = flipped(good, range(8)), flipped(good, range(40))
    runs = [finished("cnn_transformer_h4", good, protocol="split"), finished("cnn_transformer_h2", middle, protocol="split"),
            finished("cnn1d", low, protocol="split"), finished("cnn1d", good, protocol="split", seed=1)]
    found = {(m.first.model, m.second.model): m for m in matched(contenders(runs))}
    assert found["cnn_transformer_h4", "cnn1d"].only_first == 40, "seed 1 of cnn1d has nothing to stand against"
    raw = [mcnemar([1] * 8), mcnemar([1] * 40), mcnemar([1] * 32)]
    assert sorted(m.p for m in found.values()) == pytest.approx(sorted(holm(raw)))


def test_a_run_is_read_from_its_folder_and_one_that_is_not_finished_is_refused(isolated, tiny_dataset):
    fabricate_run(isolated / "checkpoints", tiny_dataset, name="whole", epochs=4)
    fabricate_run(isolated / "checkpoints", tiny_dataset, name="half", state="stopped")
    run = read_finished(get_run("whole"))
    assert (run.model, run.protocol, run.experiment, run.clips) == ("cnn_transformer_h4", "assignment", "design", 6)
    assert run.seconds == 4 * 4 * 2.0, "epochs of the tested models, each counted once"
    with pytest.raises(UserError, match="half is stopped at 40%, and only finished runs can be compared: `python -m core "
                                        "train --resume half` goes on with it, or leave it out"):
        read_finished(get_run("half"))
    (isolated / "checkpoints" / "whole" / "predictions.csv").unlink()
    with pytest.raises(UserError, match="no answers to test clips"):
        read_finished(get_run("whole"))
