"""Which clips are one recording: the rule of the names, a rule put in its place, and what follows it everywhere."""

import json

import pytest

from core import grouping
from core.__main__ import main
from core.config import TrainConfig
from core.datasets import configured_dataset, load_dataset
from core.errors import UserError
from core.grouping import largest_recordings
from core.plan import make_plan
from core.splits import make_splits
from tests.test_datasets import table, touch


@pytest.fixture
def pets(tmp_path):
    """The known trap: every file is a recording of its own, and the names say otherwise."""
    return touch(tmp_path / "pets", *(f"{name}/{name}{n}.wav" for name in ("dog", "cat") for n in range(1, 41)))


def test_numbered_files_are_one_recording_and_the_refusal_names_the_way_out(pets):
    dataset = load_dataset(pets)
    assert len(set(dataset.sources)) == 2
    with pytest.raises(UserError, match=r"40 clips from 1 recording.*let each file count by itself: .*--sources file"):
        make_splits(dataset, "kfold", 5, 0)
    own = load_dataset(pets, sources="file")
    assert own.sources == tuple(clip.path for clip in own.clips) and "as was chosen" in own.source_rule
    assert len(make_splits(own, "kfold", 5, 0)) == 5


def test_an_expression_names_the_recording(tmp_path):
    root = touch(tmp_path / "set", "a/mon-1-x.wav", "a/mon-2-x.wav", "a/tue-1-x.wav", "b/mon-9-x.wav", "b/other.wav")
    dataset = load_dataset(root, sources=r"^(\w+)-\d")
    assert [clip.source for clip in dataset.clips] == ["mon", "mon", "tue", "mon", "b/other.wav"]
    assert "where it finds nothing (1 of 5), every file" in dataset.source_rule
    assert load_dataset(root, sources="mon|tue|oth").sources == ("mon", "mon", "tue", "mon", "oth")
    assert load_dataset(root, sources="^(.)/").sources == ("a", "a", "a", "b", "b"), "with a / the path is searched"


@pytest.mark.parametrize(("rule", "words"), [
    ("(", r"'\(' is no regular expression"), ("", "1 to 300 characters; found 0"), ("x" * 301, "found 301"),
    ("nothing like it", "finds nothing in any file's name (such as 'cat1')"), ("no/thing", "in any path (such as 'cat/cat1')"),
    ("a{99999999999}", "is no regular expression"), ("(" * 290, "is no regular expression"), ("x*", "finds nothing"),
])
def test_what_is_no_rule_is_one_sentence(pets, rule, words):
    with pytest.raises(UserError) as caught:
        load_dataset(pets, sources=rule)
    assert words.replace("\\", "") in str(caught.value) and "\n" not in str(caught.value)


def test_an_expression_that_would_take_for_ever_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(grouping, "PATTERN_SECONDS", 0.5)
    root = touch(tmp_path / "set", f"a/{'a' * 40}.wav", f"b/{'a' * 41}.wav")
    with pytest.raises(UserError, match="takes more than"):
        load_dataset(root, sources="(a+)+b")


def test_sources_of_the_data_set_itself_stay_unless_replaced(tmp_path, tiny_folder):
    place = table(tmp_path / "set" / "metadata.csv", "path,label,source", "a1.wav,x,s1", "a2.wav,y,s1")
    assert load_dataset(place).sources == ("s1", "s1")
    assert load_dataset(place, sources="file").sources == ("a1.wav", "a2.wav")
    tiny = load_dataset(tiny_folder)
    assert load_dataset(tiny_folder, sources="auto") == tiny and len(set(tiny.sources)) == 15
    assert len(set(load_dataset(tiny_folder, sources="file").sources)) == 30


def test_the_largest_recordings_are_told(tiny_dataset, tiny_folder):
    assert largest_recordings(tiny_dataset) == "15 recordings; the largest: 101 (2 clips), 102 (2 clips), 103 (2 clips)"
    assert largest_recordings(load_dataset(tiny_folder, sources="file")) == "30 recordings, one clip each"


def test_a_run_carries_the_rule_and_its_splits_follow_it(pets):
    config = TrainConfig(dataset=str(pets), protocol="kfold", sources="file")
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))).sources == "file"
    plan = make_plan(config)
    assert len(set(plan.dataset.sources)) == 80 and configured_dataset(config).sources == plan.dataset.sources
    with pytest.raises(UserError, match="1 recording"):
        make_plan(config.replace(sources="auto"))


def test_a_config_from_before_the_rule_has_the_same_splits(tiny_folder):
    before = TrainConfig(dataset=str(tiny_folder)).to_dict()
    del before["sources"]
    plan = make_plan(TrainConfig.from_dict(before))
    assert plan.config.sources == "auto"
    assert plan.splits_hash == make_plan(TrainConfig(dataset=str(tiny_folder))).splits_hash
    assert plan.splits_hash.startswith("73f0bb37a248a406"), "runs that began before would be refused to go on"


def test_the_rule_on_the_command_line(tiny_folder, capsys):
    assert main(["data", "check", str(tiny_folder), "--sources", "file", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sources"] == 30 and "as was chosen" in report["source_rule"]
    assert main(["data", "check", str(tiny_folder), "--sources", "("]) == 2
    caught = capsys.readouterr()
    assert caught.out == "" and caught.err.startswith("error: '(' is no regular expression") and caught.err.count("\n") == 1
