"""McNemar's test against scipy, Holm's correction, and the sentence that must claim no more than they support."""

import pandas as pd
import pytest

from core.comparison import compare, holm, mcnemar, sentence


def test_mcnemar_equals_the_binomial_test():
    from scipy.stats import binomtest

    for first, second in [(0, 0), (1, 0), (5, 5), (3, 9), (0, 10), (17, 30), (200, 260)]:
        expected = binomtest(first, first + second).pvalue if first + second else 1.0
        assert mcnemar(first, second) == pytest.approx(expected)


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
    two = compare({"h2": forced(other), "h4": forced(good)})
    assert two.clips == 100 and (two.pairs[0].only_first, two.pairs[0].only_second) == (4, 2)
    assert sentence(two) == "h2 and h4 cannot be told apart on these 100 clips, p = 0.69."
    three = compare({"h4": forced(good), "h2": forced(other), "cnn1d": forced(bad)})
    assert sentence(three) == ("h2 and h4 cannot be told apart on these 100 clips, p = 0.69; "
                               "both beat cnn1d, p < 0.001.")
    alone = compare({"cnn1d": forced(bad), "h4": forced(good)})
    assert sentence(alone) == "h4 beats cnn1d on these 100 clips, p < 0.001."
    four = compare({"h4": forced(good), "h2": forced(other), "h1": forced(good), "cnn1d": forced(bad)})
    assert sentence(four) == ("h2 cannot be told apart from h4 or h1 on these 100 clips, p = 1.00; "
                              "all 3 beat cnn1d, p < 0.001.")
    middle = [True] * 70 + [False] * 30
    chain = sentence(compare({"h4": forced(good), "h3": forced(middle), "h0": forced([True] * 64 + [False] * 36)}))
    assert chain == "h4 beats h3 and h0 on these 100 clips, p ≤ 0.004."


def test_only_the_best_is_said_to_beat_what_only_the_best_beats():
    best = [True] * 90 + [False] * 10
    second = [True] * 85 + [False] * 15
    third = [True] * 81 + [False] * 19
    assert sentence(compare({"a": forced(best), "b": forced(second), "c": forced(third)})) == (
        "a and b cannot be told apart on these 100 clips, p = 0.12; a beats c, p = 0.012.")


def test_runs_without_common_clips_are_not_compared():
    assert compare({"a": forced([True] * 5), "b": forced([True] * 5, name="other")}) is None
    assert compare({}) is None


def test_several_models_of_a_clip_answer_together_on_the_clips_both_runs_tested():
    one, classes = forced([True] * 60 + [False] * 40)
    four = pd.concat([one.iloc[:20].assign(model_fold=model) for model in (2, 3, 4, 5)])
    comparison = compare({"four": (four, classes), "one": (one, classes)})
    assert comparison.clips == 20 and comparison.pooled == ("four",)
    assert comparison.correct == {"four": 1.0, "one": 1.0}
