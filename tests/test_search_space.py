"""What may be searched: checked against the config when it is declared, and against the model before a study begins."""

import pytest

from core.config import TrainConfig, field_named
from core.errors import UserError
from core.search_space import (
    SPACE,
    Only,
    Searched,
    check_space,
    concerns,
    default_space,
    narrowed,
    parse_search,
    starting_point,
    suggest,
    whole_space,
)


class Highest:
    """A trial that takes the last of everything, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def suggest_float(self, name, low, high, *, log=False, step=None):
        self.asked.append(name)
        return high

    def suggest_int(self, name, low, high, *, log=False):
        self.asked.append(name)
        return high

    def suggest_categorical(self, name, choices):
        self.asked.append(name)
        return choices[-1]


@pytest.mark.parametrize("entry", SPACE.values(), ids=SPACE)
def test_every_declared_entry_lies_in_the_range_of_its_setting(entry):
    rule = field_named(entry.name).metadata
    for value in entry.choices or (entry.low, entry.high):
        TrainConfig(**{entry.name: value})
    assert entry.words and rule["label"]
    assert Searched.from_dict(entry.to_dict()) == entry


@pytest.mark.parametrize("name", [name for name in SPACE if concerns(name, "cnn1d")])
def test_the_defaults_can_be_the_first_trial(name):
    entry = SPACE[name]
    assert entry.only or getattr(TrainConfig(), name) in entry


@pytest.mark.parametrize("entry, sentence", [
    (dict(name="learning_rate", low=0.01, high=0.001), "a range from low to high, found 0.01 to 0.001"),
    (dict(name="learning_rate", low=0.001, high=7.0), "learning_rate expects a value from 1e-07 to 1.0"),
    (dict(name="mixup", low=0.0, high=1.0, log=True), "must begin above 0"),
    (dict(name="mixup", low=0.0, high=0.2, step=0.25), "in steps of 0.25"),
    (dict(name="batch_size", choices=(16,)), "two choices or more, found 16"),
    (dict(name="batch_size", choices=(16, 2.5)), "a whole number"),
    (dict(name="nonsense", low=0, high=1), "no setting called 'nonsense'"),
])
def test_what_a_setting_does_not_allow_is_said(entry, sentence):
    with pytest.raises(UserError, match=sentence):
        Searched(**entry)


@pytest.mark.parametrize("text, sentence", [
    ("epochs", "epochs is not searched; the settings that can be are"),
    ("learning_rate=0.1", "both ends of a range, such as 0.0001:0.01, found '0.1'"),
    ("learning_rate=a:b", "expects a number"),
    ("batch_size=16,x", "expects a whole number"),
    ("batch_size=", "expects a range or choices after the ="),
])
def test_a_range_that_cannot_be_read_is_said(text, sentence):
    with pytest.raises(UserError, match=sentence):
        parse_search([text])


def test_a_range_is_narrowed():
    assert narrowed("learning_rate", "0.001:0.003") == Searched("learning_rate", 0.001, 0.003, log=True)
    assert narrowed("batch_size", "8, 16").choices == (8, 16)
    assert narrowed("speed", "0:0.48").high == 0.45  # whole steps only
    assert narrowed("mixup") is SPACE["mixup"]
    assert narrowed("learning_rate", "0.001 to 0.003") == narrowed("learning_rate", "0.001:0.003")
    assert SPACE["learning_rate"].words == "0.0001 to 0.01, by ratios"
    assert narrowed("reverb_seconds", "0.2:1").words == "0.2 to 1 s, by ratios, where reverb is above 0"


@pytest.mark.parametrize("names, model, sentence", [
    ((), "cnn1d", "no setting to search"),
    (("mixup", "mixup"), "cnn1d", "mixup is to be searched twice"),
    (("pooling",), "cnn1d", "pooling concerns only conv_transformer, not cnn1d"),
    (("reverb_seconds",), "cnn1d", "matters only where reverb is above 0, and it is 0.0"),
    (("last_layers",), "ast_finetune", "matters only where tune is last"),
])
def test_a_space_that_contradicts_the_model_is_said(names, model, sentence):
    with pytest.raises(UserError, match=sentence):
        check_space([SPACE[name] for name in names], TrainConfig(model=model))


def test_a_condition_may_be_searched_or_set():
    config = TrainConfig(model="cnn1d")
    ordered = check_space([SPACE["reverb_seconds"], SPACE["reverb"]], config)
    assert [entry.name for entry in ordered] == ["reverb", "reverb_seconds"]
    assert check_space([SPACE["reverb_seconds"]], config.replace(reverb=0.5))


def test_only_what_matters_is_suggested():
    config, trial = TrainConfig(model="cnn1d"), Highest()
    space = check_space([SPACE[name] for name in ("pitch_semitones", "pitch", "reverb_seconds", "reverb")], config)
    assert suggest(space, trial, config) == {"reverb": 0.8, "reverb_seconds": 3.0, "pitch": 0.8, "pitch_semitones": 2.0}
    none = [narrowed("reverb", "0:0.2"), SPACE["reverb_seconds"]]
    trial.suggest_float = lambda name, low, high, **_: low
    assert suggest(none, trial, config) == {"reverb": 0.0}


def test_the_starting_point_is_what_the_search_could_choose():
    config = TrainConfig(model="cnn1d", learning_rate=0.5, speed=0.33, mixup=0.25)
    names = {entry.name for entry in starting_point(whole_space("cnn1d"), config)}
    assert "mixup" in names and not names & {"learning_rate", "speed", "reverb_seconds"}
    assert Only("reverb", above=0).holds({"reverb": 0.2}) and not Only("tune", equals="last").holds({"tune": "full"})


def test_a_model_is_searched_only_by_its_own_settings():
    assert "pooling" in {entry.name for entry in default_space("conv_transformer")}
    assert not {"pooling", "tune", "last_layers"} & {entry.name for entry in default_space("cnn1d")}


@pytest.mark.parametrize("entry", SPACE.values(), ids=SPACE)
def test_what_is_shown_can_be_typed(entry):
    assert narrowed(entry.name, entry.ends) == entry
