"""Two runs side by side: the settings in which they differ, and the clips on which exactly one is right."""

import pandas as pd

from core.config import TrainConfig
from core.differences import one_right, setting_differences

NAMES = ("cat", "dog")


def table(rows) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """``(path, model_fold, target, probability of cat)``."""
    columns = ["path", "model_fold", "clip_fold", "split", "target", *NAMES]
    return pd.DataFrame([[path, fold, 1, "test", target, cat, 1 - cat] for path, fold, target, cat in rows],
                        columns=columns), NAMES


def test_settings_that_differ_are_said_as_the_form_says_them():
    one = TrainConfig(dataset="demo")
    assert setting_differences(one, one) == []
    other = one.replace(epochs=1500, clip_seconds=2.5, final=True, model="cnn1d", limit=4)
    assert setting_differences(one, other) == [
        ("Clips per class", "all", "4"), ("Clip length", "5 s", "2.5 s"), ("Model", "cnn_transformer_h4", "cnn1d"),
        ("Epochs", "100", "1,500"), ("Final model on everything", "no", "yes")]


def test_clips_on_which_one_is_right_the_surest_mistake_first():
    first = table([("a", 1, "cat", 0.9), ("b", 1, "cat", 0.6), ("c", 1, "dog", 0.7), ("d", 1, "dog", 0.9),
                   ("only", 1, "cat", 1)])
    second = table([("a", 1, "cat", 0.2), ("b", 1, "cat", 0.7), ("c", 1, "dog", 0.4), ("d", 1, "dog", 0.8),
                    ("other", 1, "cat", 1)])
    found = one_right(first, second)
    assert found.to_dict("records") == [
        {"path": "a", "true": "cat", "first": "cat", "second": "dog", "probability": 0.8, "right": "first"},
        {"path": "c", "true": "dog", "first": "cat", "second": "dog", "probability": 0.7, "right": "second"}]


def test_several_models_answer_together_and_another_truth_is_no_common_clip():
    four = table([("a", 2, "cat", 0.9), ("a", 3, "cat", 0.2), ("b", 2, "cat", 0.1), ("b", 3, "cat", 0.2)])
    one = table([("a", 1, "cat", 0.1), ("b", 1, "dog", 0.1)])
    assert one_right(four, one)[["path", "right"]].to_dict("records") == [{"path": "a", "right": "first"}]
    assert one_right(one, table([("z", 1, "cat", 0.1)])).empty
