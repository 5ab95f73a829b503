"""Which clips are one recording: the rule of the names, a rule put in its place, and what follows it everywhere."""

import json
import re
from collections import Counter, defaultdict
from pathlib import PurePosixPath

import numpy as np
import pytest

from core import grouping
from core.__main__ import main
from core.config import TrainConfig
from core.datasets import configured_dataset, load_dataset
from core.errors import UserError
from core.grouping import grouping_columns, largest_recordings, sources_by_name
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


def together(paths: list[str]) -> set[frozenset[str]]:
    """The files of every recording."""
    groups = defaultdict(set)
    for path, source in sources_by_name(paths).items():
        groups[source].add(path)
    return {frozenset(group) for group in groups.values()}


@pytest.mark.parametrize(("files", "recordings"), [
    ("hall.wav, hall (2).wav, hall (3).wav", 1), ("take.wav, take-1.wav", 1), ("rec01.wav, rec01_left.wav", 1),
    ("bark.wav, bark - Copy.wav, bark - Copy (2).wav", 1), ("a.wav, a.mp3", 1), ("x/a.wav, x/a.mp3, x/a-2.wav", 1),
    ("rec01.wav, rec01_left.wav, rec02.wav", 1), ("12.wav, 12-1.wav", 1), ("x/hall.wav, y/hall_2.wav", 1),
    ("1.wav, 2.wav, 3.wav", 3), ("x/a.wav, y/a.wav", 2), ("x/a.wav, y/a.mp3", 2), ("hall.wav, hallway.wav", 2),
    ("1.wav, 1.mp3, 2.wav", 2), ("a-1.wav, b-1.wav", 2), ("hall.wav, hall.wav.wav", 2)])
def test_a_take_without_a_number_and_another_format_belong_to_their_recording(files, recordings):
    assert len(together(files.split(", "))) == recordings


@pytest.mark.parametrize("seed", range(20))
def test_takes_are_never_parted_and_what_the_rule_joined_before_stays_joined(seed):
    """A first take with no number would be tested by a model that trained on the second."""
    random = np.random.default_rng(seed)
    endings = ["", " (2)", " (3)", "-1", "_left", " - Copy", "2", "_03"]
    stems = [f"{place}{letter}" for place in ("hall", "yard", "mill") for letter in "abcde"]
    takes = {stem: [f"c/{stem}{end}.wav" for end in random.permutation(endings)[: random.integers(1, 6)]] for stem in stems}
    paths = random.permutation([path for files in takes.values() for path in files] + ["c/1.wav", "c/2.wav"]).tolist()
    found = sources_by_name(paths)
    assert list(found) == paths and together(paths) == together(sorted(paths)), "whatever their order"
    for files in takes.values():
        assert len({found[path] for path in files}) == 1
    assert len({source.split("/")[-1][:5] for source in found.values()} - {"1.wav", "2.wav"}) == len(stems), "and no more is"
    starts = {path: before(path) for path in paths}
    shared = Counter(starts.values())
    for start in starts.values():
        same = {found[other] for other in paths if starts[other] == start}
        assert len(same) == 1 or not start or shared[start] < 2


def before(path: str) -> str:
    """The name up to the last ``-``, ``_`` or digits, as the first sentence of the rule has it."""
    stem = PurePosixPath(path).stem
    ends = list(re.finditer(r"[-_]|\d+", stem))
    return stem[: ends[-1].start()].rstrip("-_ ") if ends else ""


def test_the_rule_of_names_is_told_with_its_addition(tmp_path):
    dataset = load_dataset(touch(tmp_path / "set", "a/hall.wav", "a/hall (2).wav", "b/x.wav", "b/x.mp3"))
    assert dataset.sources == ("hall", "hall", "b/x", "b/x")
    assert "or end there, count as one recording, as do two formats of one name; where that is wrong" in dataset.source_rule


@pytest.fixture
def said(tmp_path):
    """A table of 5 speakers in 2 classes, the last clip without a speaker; no two names begin alike."""
    rows = [f"{letter}{letter}.wav,{'xy'[number % 2]},s{number // 4},{number}" for number, letter in
            enumerate("abcdefghijklmnopqrst")]
    return table(tmp_path / "said" / "metadata.csv", "path,label, speaker ,take", *rows, "u.wav,x,,20").parent


def test_a_column_of_the_table_names_the_recording(said):
    found = load_dataset(said)
    assert len(set(found.sources)) == 21 and found.columns == ("label", "speaker", "take")
    assert grouping_columns(found) == {"speaker": 5}, "a column of numbers joins nothing, and one more of the class is none"
    chosen = load_dataset(said, sources="speaker")
    assert Counter(chosen.sources) == {**dict.fromkeys(("s0", "s1", "s2", "s3", "s4"), 4), "u.wav": 1}
    assert chosen.source_rule == ("clips with one value in the column speaker of the table count as one recording, as was "
                                  "chosen; where it is empty (1 of 21), every file is a recording of its own")
    assert grouping_columns(chosen) == {}, "they are together now"
    for split in make_splits(chosen, "kfold", 5, 0):
        assert not {chosen.sources[i] for i in split.train} & {chosen.sources[i] for i in split.test}
    assert set(load_dataset(said, sources="speaker", limit=4).sources) == {"s0", "s1", "s2", "s3"}, "fewer clips keep theirs"
    config = TrainConfig(dataset=str(said), protocol="kfold", sources="speaker")
    assert make_plan(config).dataset.sources == chosen.sources


def test_a_column_goes_before_an_expression_and_a_wrong_name_lists_the_columns(said, tmp_path):
    with pytest.raises(UserError, match=r"'speker' finds nothing in any.*a column of the table \(label, speaker and take\)"):
        load_dataset(said, sources="speker")
    place = table(tmp_path / "set" / "metadata.csv", "path,label,a", "a.wav,x,1", "ba.wav,y,2", "ca.wav,y,1")
    assert load_dataset(place, sources="a").sources == ("1", "2", "1")
    assert load_dataset(place, sources="[a]").sources == ("a", "a", "a")
    place = table(tmp_path / "none" / "metadata.csv", "path,label,site", "a.wav,x,", "b.wav,y, ")
    with pytest.raises(UserError, match="the column 'site' is empty in every row"):
        load_dataset(place, sources="site")


def test_parts_of_one_file_stay_together_whatever_the_column_says(tmp_path):
    place = table(tmp_path / "metadata.csv", "path,label,speaker,start,end", "a.wav,x,Ada,0,1", "a.wav,y,Max,1,2",
                  "b.wav,y,Max,,", "c.wav,x,Eve,,")
    chosen = load_dataset(place, sources="speaker")
    assert chosen.sources == ("Ada", "Ada", "Ada", "Eve")
    assert chosen.source_rule.endswith("those that share a file count as one")
