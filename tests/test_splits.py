"""Properties of the four protocols on random data sets, and the refusals."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.clips import Clip, Dataset
from core.datasets import load_dataset
from core.errors import UserError
from core.preview import small_classes
from core.splits import PROTOCOLS, Split, audit, clip_folds, explained, leaks, make_splits, unused_folds


def random_dataset(seed: int, folds: int = 0, least_sources: int = 5) -> Dataset:
    """Classes with some sources of some clips each; a few sources belong to two classes; own folds when asked for."""
    random = np.random.default_rng(seed)
    classes = [f"c{number}" for number in range(random.integers(2, 7))]
    clips = []
    for label in classes:
        for number in range(random.integers(least_sources, 12)):
            shared = number == 0 and random.random() < 0.3
            source = f"shared{number}" if shared else f"{label}-{number}"
            fold = (0 if shared else number) % folds + 1 if folds else None
            clips += [Clip(f"{label}/{source}-{take}.wav", label, fold, source) for take in range(random.integers(1, 6))]
    order = random.permutation(len(clips))
    return Dataset("random", Path("/nowhere"), tuple(clips[i] for i in order), tuple(sorted(classes)), "test", "a rule")


def sides(dataset, split):
    return [{dataset.clips[i].source for i in getattr(split, side)} for side in ("train", "validation", "test")]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("seed", range(8))
def test_no_source_stands_on_two_sides_and_no_clip_twice(protocol, seed):
    dataset = random_dataset(seed, folds=5)
    for split in make_splits(dataset, protocol, folds=3 + seed % 3, seed=seed):
        train, validation, test = sides(dataset, split)
        assert not train & validation and not train & test and not validation & test
        used = split.train + split.validation + split.test
        assert len(used) == len(set(used)) == len(dataset.clips) or protocol == "assignment"
        assert len(used) == len(set(used))
        assert {dataset.clips[i].label for i in split.train} == set(dataset.class_names)


@pytest.mark.parametrize(("protocol", "folds"), [("published", 5), ("kfold", 2), ("kfold", 4), ("kfold", 5)])
@pytest.mark.parametrize("seed", range(6))
def test_every_clip_is_tested_once(protocol, folds, seed):
    dataset = random_dataset(seed, folds=5)
    splits = make_splits(dataset, protocol, folds, seed)
    assert [split.model_fold for split in splits] == list(range(1, folds + 1))
    assert sorted(i for split in splits for i in split.test) == list(range(len(dataset.clips)))
    fold_of = clip_folds(dataset, protocol, folds, seed)
    for split in splits:
        assert set(fold_of[list(split.test)]) == {split.model_fold} and not split.validation


@pytest.mark.parametrize("seed", range(6))
def test_derived_folds_hold_every_class_and_follow_the_seed(seed):
    dataset = random_dataset(seed)
    fold_of = clip_folds(dataset, "kfold", 3, seed)
    assert np.array_equal(fold_of, clip_folds(dataset, "kfold", 3, seed))
    for fold in (1, 2, 3):
        assert set(dataset.targets[fold_of == fold]) == set(range(len(dataset.class_names)))
    assert any(not np.array_equal(fold_of, clip_folds(dataset, "kfold", 3, other)) for other in range(seed + 1, seed + 6))


def test_published_and_assignment_use_the_own_folds_of_esc10(esc10):
    dataset = load_dataset(str(esc10))
    own = np.array([clip.fold for clip in dataset.clips])
    for protocol in ("published", "assignment", "split"):
        assert np.array_equal(clip_folds(dataset, protocol, seed=7), own)

    def folds_of(indices):
        return sorted(set(own[list(indices)]))

    assert [(s.model_fold, folds_of(s.train), folds_of(s.validation), folds_of(s.test))
            for s in make_splits(dataset, "assignment")] == [
        (2, [3, 4, 5], [2], [1]), (3, [2, 4, 5], [3], [1]), (4, [2, 3, 5], [4], [1]), (5, [2, 3, 4], [5], [1])]
    assert [(s.model_fold, folds_of(s.train), folds_of(s.validation), folds_of(s.test))
            for s in make_splits(dataset, "split")] == [(4, [2, 3, 5], [4], [1])]
    assert [(s.model_fold, folds_of(s.train), s.validation, folds_of(s.test))
            for s in make_splits(dataset, "published")][1] == (2, [1, 3, 4, 5], (), [2])
    kfold = make_splits(dataset, "kfold", 10, seed=3)
    assert len(kfold) == 10 and all(set(dataset.targets[list(s.test)]) == set(range(10)) for s in kfold)


def test_without_own_folds_five_are_derived():
    dataset = random_dataset(1)
    assert sorted(set(clip_folds(dataset, "assignment", seed=1).tolist())) == [1, 2, 3, 4, 5]
    assert len(make_splits(dataset, "assignment")) == 4
    assert sorted(set(clip_folds(random_dataset(1, folds=3), "assignment").tolist())) == [1, 2, 3, 4, 5]
    [split] = make_splits(dataset, "split")
    share = np.array([len(split.train), len(split.validation), len(split.test)]) / len(dataset.clips)
    assert np.allclose(share, [0.6, 0.2, 0.2], atol=0.12)
    with pytest.raises(UserError, match="no folds of its own"):
        make_splits(dataset, "published")


def test_split_needs_three_sources_a_class():
    clips = tuple(Clip(f"{label}{n}.wav", label, None, f"{label}{n}") for label in "ab" for n in range(3))
    dataset = Dataset("few", Path("/nowhere"), clips, ("a", "b"), "test", "a rule")
    [split] = make_splits(dataset, "split")
    assert (len(split.train), len(split.validation), len(split.test)) == (2, 2, 2)
    with pytest.raises(UserError, match="class a has 2 clips from 2 recordings, and 3 folds need"):
        make_splits(replace(dataset, clips=tuple(clip for clip in clips if "2" not in clip.path)), "split")


def test_more_folds_than_sources_are_refused_naming_the_class():
    dataset = random_dataset(0)
    with pytest.raises(UserError, match=r"class c\d has .* recordings, and 13 folds need at least 13 recordings"):
        make_splits(dataset, "kfold", 13)
    with pytest.raises(UserError, match="2 folds or more"):
        make_splits(dataset, "kfold", 1)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_clip_in_a_class_is_refused(tiny_dataset, protocol):
    lonely = (*(clip for clip in tiny_dataset.clips if clip.label != "low"), Clip("x.wav", "low", 1, "x"))
    with pytest.raises(UserError, match="class low has 1 clip from 1 recording"):
        make_splits(replace(tiny_dataset, clips=lonely), protocol)


@pytest.mark.parametrize("protocol", ["published", "assignment", "split"])
def test_a_source_in_two_folds_is_refused_by_name(tiny_dataset, protocol):
    first, *rest = tiny_dataset.clips
    assert first.fold == 1
    leaking = replace(tiny_dataset, clips=(replace(first, source=rest[-1].source), *rest))
    assert leaks(tiny_dataset) == [] and leaks(leaking) == [rest[-1].source]
    with pytest.raises(UserError, match=f"source '{rest[-1].source}' stands on both sides.*kfold") as raised:
        make_splits(leaking, protocol)
    assert leaking.source_rule in str(raised.value), "the rule may be the wrong one"
    assert make_splits(leaking, "kfold", 2), "folds that are drawn keep its clips together"


def test_the_audit_looks_at_validation_too(tiny_dataset):
    by_source = {source: [i for i, clip in enumerate(tiny_dataset.clips) if clip.source == source]
                 for source in tiny_dataset.sources}
    first, *others = by_source.values()
    train = tuple(i for indices in others for i in indices)
    with pytest.raises(UserError, match="both sides"):
        audit(tiny_dataset, [Split(1, (*train, first[0]), (first[1],), (first[1],))])


def test_a_clip_listed_under_two_sources_cannot_be_on_both_sides(tiny_dataset):
    twice = replace(tiny_dataset, clips=(*tiny_dataset.clips, replace(tiny_dataset.clips[0], fold=2, source="other")))
    with pytest.raises(UserError, match=r"clip '001 - High/1-101-A\.wav' stands on both sides"):
        make_splits(twice, "published")


@pytest.mark.parametrize(("start", "end", "refused"), [
    (0.0, None, True), (0.1, 0.2, True), (0.3, None, False), (None, 0.1, True)])
def test_two_sides_never_hear_one_moment_of_a_file(tiny_dataset, start, end, refused):
    """Whatever the sources are called that a table gives to the parts."""
    first = replace(tiny_dataset.clips[0], start=None, end=0.3)
    other = replace(first, start=start, end=end, fold=2, source="other")
    both = replace(tiny_dataset, clips=(first, *tiny_dataset.clips[1:], other))
    if refused:
        with pytest.raises(UserError, match="stands on both sides"):
            make_splits(both, "published")
    else:
        assert len(make_splits(both, "published")) == 5


@pytest.mark.parametrize(("protocol", "limit", "refused"), [
    ("split", 4, True), ("assignment", 3, True), ("published", 1, True), ("published", 5, False), ("split", 5, False),
    ("kfold", 2, False)])
def test_a_limit_that_leaves_an_own_fold_empty_draws_no_others(esc10, protocol, limit, refused):
    dataset = load_dataset(str(esc10), limit=limit)
    if refused:
        with pytest.raises(UserError, match=f"none is left of fold {limit + 1} of ESC-10.*take 5 clips per class or more"):
            make_splits(dataset, protocol, folds=2)
        return
    (first, *_) = make_splits(dataset, protocol, folds=2)
    assert protocol == "kfold" or {dataset.clips[i].fold for i in first.test} == {1}


def test_a_protocol_is_explained_as_it_is_with_this_data(tiny_dataset):
    assert explained("split", tiny_dataset) == PROTOCOLS["split"]
    drawn = replace(tiny_dataset, clips=tuple(replace(clip, fold=None) for clip in tiny_dataset.clips))
    assert "about 60 % of the recordings" in explained("split", drawn)
    assert "drawn from the seed" in explained("assignment", drawn)
    assert "no folds of its own" in explained("published", drawn) and explained("kfold", drawn) == PROTOCOLS["kfold"]
    assert "own" not in explained("split", drawn)
    turn = {source: str(number % 4) for number, source in enumerate(dict.fromkeys(drawn.sources))}
    few = replace(drawn, clips=tuple(replace(clip, source=clip.label + turn[clip.source]) for clip in drawn.clips))
    assert "on about 50 % of the recordings, validates on 25 %" in explained("split", few), "four recordings in every class"
    (split,) = make_splits(few, "split")
    assert len({few.clips[i].source for i in split.train}) == 2 * len({few.clips[i].source for i in split.test})
    other = replace(tiny_dataset, clips=tuple(replace(clip, fold=clip.fold + 1) for clip in tiny_dataset.clips))
    assert all("own 5 folds are not used" in explained(protocol, other) for protocol in ("split", "assignment"))
    assert explained("published", other) == PROTOCOLS["published"]


def test_an_unknown_protocol_lists_the_known(tiny_dataset):
    with pytest.raises(UserError, match="assignment, published, split, kfold"):
        make_splits(tiny_dataset, "loo")


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("fewest", [1, 2, 3, 4])
def test_what_a_refusal_advises_is_accepted(seed, fewest):
    whole = random_dataset(seed)
    few = sorted({clip.source for clip in whole.clips if clip.label == "c0"})[:fewest]
    dataset = replace(whole, clips=tuple(clip for clip in whole.clips if clip.label != "c0" or clip.source in few))
    with pytest.raises(UserError) as caught:
        make_splits(dataset, "assignment", seed=seed)
    (told,) = small_classes(dataset) if len([clip for clip in dataset.clips if clip.label == "c0"]) > 1 else [str(caught.value)]
    for sentence in (str(caught.value), told):
        assert "add recordings, or" in sentence and "fewer folds" not in sentence
        advised = re.search(r"; choose (the protocol split or )?kfold with (\d+) folds, add", sentence)
        assert bool(advised) == (fewest > 1), "with one recording nothing works but more of them"
        if advised:
            assert len(make_splits(dataset, "kfold", int(advised[2]), seed)) == fewest == int(advised[2])
            assert bool(advised[1]) == (fewest > 2)
            if advised[1]:
                make_splits(dataset, "split", seed=seed)


def test_many_classes_of_four_recordings_have_a_way(tiny_dataset):
    clips = tuple(Clip(f"{number}/{letter}.wav", f"{number:02d}", None, f"{number}{letter}") for number in range(50)
                  for letter in "abcd")
    dataset = replace(tiny_dataset, clips=clips, class_names=tuple(f"{number:02d}" for number in range(50)))
    with pytest.raises(UserError, match="choose the protocol split or kfold with 4 folds, add recordings, or"):
        make_splits(dataset, "assignment")
    assert len(make_splits(dataset, "kfold", 4)) == 4 and make_splits(dataset, "split")


@pytest.mark.parametrize(("numbers", "said"), [
    ({1, 2}, "it trains on fold 2, and is tested once on fold 1. Nothing validates, because tiny has no fold 4."),
    ({1, 2, 4}, "it trains on fold 2, validates on fold 4, and is tested once on fold 1."),
    ({1, 3, 4, 5}, "it trains on folds 3 and 5, validates on fold 4, and is tested once on fold 1."),
    ({1, 4}, "own 2 folds are not used"), ({2, 3}, "own 2 folds are not used"), ({0, 1, 2}, "own 3 folds are not used"),
    ({1, 2, 6}, "own 3 folds are not used")])
def test_split_goes_by_some_of_the_five_folds_where_they_say_enough(tiny_dataset, numbers, said):
    ordered = sorted(numbers)
    clips = tuple(replace(clip, fold=ordered[clip.fold - 1]) for clip in tiny_dataset.clips if clip.fold <= len(numbers))
    dataset = replace(tiny_dataset, clips=clips)
    assert said in explained("split", dataset)
    if "not used" in said:
        assert said in unused_folds("split", dataset)
        return
    assert unused_folds("split", dataset) == "" and "not used" in unused_folds("assignment", dataset)
    (split,) = make_splits(dataset, "split", seed=5)
    assert [{clips[i].fold for i in side} for side in (split.train, split.validation, split.test)] == [
        numbers & {2, 3, 5}, numbers & {4}, {1}]


def test_five_folds_of_other_numbers_are_told_what_to_do(tiny_dataset):
    other = replace(tiny_dataset, clips=tuple(replace(clip, fold=clip.fold - 1) for clip in tiny_dataset.clips))
    assert "Numbered from 1 to 5 they would be." in unused_folds("assignment", other)
    assert unused_folds("assignment", tiny_dataset) == unused_folds("kfold", other) == unused_folds("published", other) == ""
