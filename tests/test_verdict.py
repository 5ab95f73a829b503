"""Did the search win? Known answers in, the sentence out; what decides is flipped."""

import pandas as pd
import pytest

from core.config import TrainConfig
from core.study_folder import START
from core.verdict import changed_in_words, judge, noise, sentence

CONFIG = TrainConfig(model="cnn1d")


def judged(*right: int, clips: int = 100, states: tuple[str, ...] = (), whys: tuple[str, ...] = (START,), takes: int = 1):
    """The verdict on trials that get the first so many clips right; the first of them is the starting point. ``takes`` clips
    are of one recording."""
    states = states or ("complete",) * len(right)
    rows = [(n, states[n], count / clips, whys[n] if n < len(whys) else "") for n, count in enumerate(right)]
    trials = pd.DataFrame(rows, columns=["trial", "state", "validation_accuracy", "why"])
    answers = {"path": [*map(str, range(clips))], "target": ["a"] * clips}
    answers |= {str(n): ["a"] * count + ["b"] * (clips - count) for n, count in enumerate(right) if states[n] == "complete"}
    return judge(CONFIG, trials, pd.DataFrame(answers), {n: {"mixup": n / 10} for n in range(len(right))},
                 {path: int(path) // takes for path in answers["path"]})


def test_a_clear_winner_is_said_to_have_won():
    verdict = judged(50, 70, 60)
    assert (verdict.best, verdict.start, verdict.only_best, verdict.only_start) == (1, 0, 20, 0)
    assert verdict.won and verdict.points == pytest.approx(20)
    assert sentence(verdict).startswith("The search won: trial 1 reached 70.0 % of 100 validation clips, +20.0 points")
    assert changed_in_words(verdict) == ["Mixup 0.1 instead of 0.5"]


def test_a_small_gain_is_not():
    verdict = judged(50, 53)
    assert verdict.found and not verdict.won and verdict.p == pytest.approx(0.25)
    assert sentence(verdict).startswith("The search did not win reliably: trial 1 reached 53.0 %")
    assert "p = 0.25" in sentence(verdict)


def test_clips_of_few_recordings_decide_nothing():
    assert judged(50, 70).won and not judged(50, 70, takes=10).won, "twenty clips of two recordings"
    assert "(McNemar's test over 10 recordings, corrected for 1 trial: p = 0.50)" in sentence(judged(50, 70, takes=10))


def test_many_trials_make_the_same_gain_less_sure():
    assert judged(50, 57).won
    assert not judged(50, 57, *[51] * 20).won


def test_a_tie_goes_to_the_starting_point():
    verdict = judged(50, 50, 40)
    assert not verdict.found and not verdict.changes
    assert sentence(verdict) == ("The search did not win: none of 2 other finished trials did better than the defaults, "
                                 "50.0 % of 100 validation clips.")


def test_a_mean_over_folds_of_unequal_size_is_not_said_to_be_a_share_of_the_clips():
    trials = pd.DataFrame([(0, "complete", 0.362, START)], columns=["trial", "state", "validation_accuracy", "why"])
    answers = pd.DataFrame({"path": range(19), "target": ["a"] * 19, "0": ["a"] * 7 + ["b"] * 12})
    assert sentence(judge(CONFIG, trials, answers, {0: {}}, {})) == (
        "Only the defaults were trained to the end so far: 36.2 % on 19 validation clips "
        "(the mean over folds of unequal size).")


def test_only_trials_trained_to_their_end_count():
    assert not judged(50, 90, 51, states=("complete", "pruned", "complete")).won
    assert sentence(judged(50)) == "Only the defaults were trained to the end so far: 50.0 % of 100 validation clips."
    assert judged(50, 60, states=("fail", "complete")) is None


def test_a_starting_point_that_was_done_again_is_found():
    assert judged(0, 50, 60, states=("fail", "complete", "complete"), whys=("interrupted", START)).start == 1


@pytest.mark.parametrize("right, said", [
    ((50, 70), "The search is ahead so far: trial 1"), ((50, 53), "No reliable gain so far: trial 1"),
    ((50, 40), "Nothing better so far: the one other finished trial did no better than the defaults, "),
])
def test_nothing_is_said_to_be_decided_before_the_end(right, said):
    assert sentence(judged(*right), ended=False).startswith(said)


def test_how_finely_the_clips_measure():
    assert "one clip is 0.3 points" in noise(320, 0.8) and "±2.2 points" in noise(320, 0.8)
