"""Every layout is read as interface.md says, and what is wrong with a folder is said in a sentence."""

import csv
from pathlib import Path

import numpy as np
import pytest

from core.config import ROOT
from core.datasets import available_datasets, default_dataset, is_table, load_dataset
from core.errors import UserError
from core.readers import ESC10_CLASSES, sources_by_name
from tests.conftest import write_tiny

DIGITS = ROOT.parent / "shared" / "data" / "spoken-digits"


def touch(root: Path, *paths: str) -> Path:
    """Files with these names: readers look at nothing else."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"")
    return root


def table(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_the_real_esc10(esc10):
    dataset = load_dataset(str(esc10))
    assert dataset.name == "ESC-10" and dataset.class_names == ESC10_CLASSES
    assert len(dataset.clips) == 400 and len(set(dataset.sources)) == 304 and dataset.folds == (1, 2, 3, 4, 5)
    assert np.bincount(dataset.targets).tolist() == [40] * 10 and dataset.targets.dtype == np.int64
    first = dataset.clips[0]
    assert (first.path, first.label, first.fold, first.source) == ("001 - Dog bark/1-100032-A.ogg", "dog", 1, "100032")
    assert first.name == "1-100032-A" and dataset.path_of(first).is_file()
    assert load_dataset("esc 10").clips == load_dataset("ESC-10").clips == dataset.clips


@pytest.mark.skipif(not DIGITS.is_dir(), reason="the spoken digits are not on this machine")
def test_a_real_table_with_two_labels():
    digits = load_dataset(str(DIGITS))
    assert len(digits.clips) == 3000 and digits.class_names == tuple("0123456789") and len(set(digits.sources)) == 6
    assert digits.folds == ()
    assert load_dataset(str(DIGITS), label="speaker").class_names == tuple(sorted(set(digits.sources)))
    with pytest.raises(UserError, match=r"no column 'colour'.*'speaker'"):
        load_dataset(str(DIGITS), label="colour")


def esc50(root: Path) -> Path:
    rows = ["filename,fold,target,category,esc10,src_file,take"]
    for number, category in enumerate(["zebra", *reversed(ESC10_CLASSES)]):
        for fold in (1, 2):
            rows.append(f"{fold}-{number}-A-{number}.wav,{fold},{number},{category},{category != 'zebra'},{number},A")
    table(root / "meta" / "esc50.csv", *rows)
    return root


def test_esc50_and_its_subset(isolated):
    esc50(isolated / "data" / "ESC-50-master")
    assert {"ESC-10", "ESC-50"} <= set(available_datasets())
    everything = load_dataset("esc50")
    assert everything.name == "ESC-50" and everything.class_names == tuple(sorted([*ESC10_CLASSES, "zebra"]))
    assert everything.clips[0].path == "audio/1-0-A-0.wav" and everything.clips[0].source == "0"


def test_the_name_esc10_selects_the_subset_where_only_esc50_is(isolated, monkeypatch):
    esc50(isolated / "data" / "ESC-50")
    monkeypatch.setattr("core.datasets.data_dirs", lambda: [isolated / "data"])
    dataset = load_dataset("esc10")
    assert dataset.name == "ESC-10" and dataset.class_names == ESC10_CLASSES and len(dataset.clips) == 20
    assert default_dataset() == "ESC-10"


def test_urbansound8k(tmp_path):
    root = tmp_path / "UrbanSound8K"
    table(root / "metadata" / "UrbanSound8K.csv", "slice_file_name,fsID,start,end,salience,fold,classID,class",
          "100-3-0-0.wav,100,0,4,1,5,3,dog_bark", "200-2-0-0.wav,200,58.5,62.5,1,10,2,children_playing")
    dataset = load_dataset(str(root))
    assert dataset.layout == "UrbanSound8K" and dataset.folds == (5, 10)
    assert dataset.class_names == ("children_playing", "dog_bark")
    assert dataset.clips[0].path == "audio/fold5/100-3-0-0.wav" and dataset.clips[0].source == "100"
    assert dataset.clips[1].start is None, "start and end tell where the slice was cut, not what to cut from it"


def test_class_folders_sort_names_and_group_by_file_name(tmp_path):
    root = touch(tmp_path / "birds", "wren/rec1-a.wav", "wren/rec1-b.wav", "wren/solo.flac", "auk/x_1.mp3", "auk/x_2.mp3",
                 "auk/notes.txt", "empty/readme.md", ".hidden/a.wav", "auk/._x_1.mp3")
    dataset = load_dataset(str(root))
    assert dataset.layout == "class folders" and dataset.class_names == ("auk", "wren") and dataset.folds == ()
    assert [clip.source for clip in dataset.clips] == ["x", "x", "rec1", "rec1", "wren/solo.flac"]
    assert "one recording" in dataset.source_rule


@pytest.mark.parametrize(("names", "sources"), [
    (["a-1", "a-2", "b"], ["a", "a", "b"]), (["a_x", "a_y"], ["a", "a"]), (["rec12", "rec7"], ["rec", "rec"]),
    (["a-1", "b-1"], ["a-1", "b-1"]), (["001", "002"], ["001", "002"]), (["a-1-x", "a-1-y", "a-2-x"], ["a-1", "a-1", "a-2-x"]),
    (["0a7_nohash_0", "0a7_nohash_1"], ["0a7_nohash", "0a7_nohash"]),
])
def test_the_source_rule(names, sources):
    assert list(sources_by_name(names).values()) == sources


def test_a_table_with_parts_folds_and_sources(tmp_path):
    place = table(tmp_path / "set" / "metadata.csv", "path,label,fold,source,start,end", "a.wav,x,1,s1,0,1.5",
                  "a.wav,y,2.0,s2,1.5,", "sub\\b.wav,x,2,s3,,")
    for where in (place, place.parent):
        dataset = load_dataset(str(where))
        assert dataset.name == "set" and dataset.layout == "table" and dataset.folds == (1, 2)
        assert [(clip.path, clip.start, clip.end) for clip in dataset.clips] == [
            ("a.wav", 0.0, 1.5), ("a.wav", 1.5, None), ("sub/b.wav", None, None)]


@pytest.mark.parametrize(("rows", "words"), [
    (["path,class", "a.wav,x"], "no column 'label'; its columns are 'path', 'class'"),
    (["path,label", "a.wav,x", "b.wav,"], "line 3.*'label' is empty"),
    (["path,label,fold", "a.wav,x,one"], "line 2: fold expects a whole number, found 'one'"),
    (["path,label,start", "a.wav,x,-1"], "start expects seconds"),
    (["path,label,start,end", "a.wav,x,2,1.5"], "ends at 1.5 s, which is not after its start at 2 s"),
    (["path,label,source", "a.wav,x,"], "'source' is empty"),
    (["path,label", "../a.wav,x"], "below the data set's folder"),
    (["path,label", "/etc/a.wav,x"], "below the data set's folder"),
    (["path,label"], "no clips"), ([""], "no column 'path'"), (["path,label", "a.wav,x", "b.wav,x"], "only one class, 'x'"),
])
def test_a_faulty_table_is_refused_naming_the_line(tmp_path, rows, words):
    with pytest.raises(UserError, match=words):
        load_dataset(str(table(tmp_path / "metadata.csv", *rows).parent))


def test_a_table_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "metadata.csv").write_bytes(b"path,label\n\xff\xfe\x00,x\n")
    with pytest.raises(UserError, match="UTF-8"):
        load_dataset(str(tmp_path))


def test_a_long_field_is_refused(tmp_path):
    table(tmp_path / "metadata.csv", "path,label", "a.wav," + "x" * (csv.field_size_limit() + 1))
    with pytest.raises(UserError, match="not a CSV"):
        load_dataset(str(tmp_path))


def test_what_is_no_data_set_is_refused(tmp_path, isolated):
    with pytest.raises(UserError, match=r"no data set called 'nonsense'.*demo"):
        load_dataset("nonsense")
    with pytest.raises(UserError, match="no classes"):
        load_dataset(str(tmp_path))
    with pytest.raises(UserError, match="only one class, 'dog'"):
        load_dataset(str(touch(tmp_path / "one", "dog/a.wav")))
    with pytest.raises(UserError):
        load_dataset("")


def test_names_are_found_ignoring_case_and_punctuation(isolated):
    write_tiny(isolated / "data" / "My_Sounds")
    assert load_dataset("my sounds").name == load_dataset("MY-SOUNDS").name == "My_Sounds"
    assert "My_Sounds" in available_datasets() and available_datasets()[-1] == "demo"


def test_earshot_data_may_be_the_data_set_itself(isolated, monkeypatch):
    root = write_tiny(isolated / "elsewhere" / "tiny")
    monkeypatch.setenv("EARSHOT_DATA", str(root))
    assert "tiny" in available_datasets() and load_dataset("tiny").root == root


def test_the_archive_layout_has_its_own_names_sorted(tiny_dataset):
    assert tiny_dataset.class_names == ("high", "low", "noise") and tiny_dataset.folds == (1, 2, 3, 4, 5)
    assert len(tiny_dataset.clips) == 30 and len(set(tiny_dataset.sources)) == 15


def test_a_limit_keeps_every_fold(tiny_folder):
    dataset = load_dataset(str(tiny_folder), limit=5)
    assert len(dataset.clips) == 15 and dataset.folds == (1, 2, 3, 4, 5)
    assert dataset.class_names == ("high", "low", "noise")
    assert list(dataset.clips) == sorted(dataset.clips, key=lambda clip: clip.path)
    assert len(load_dataset(str(tiny_folder), limit=100).clips) == 30
    with pytest.raises(UserError):
        load_dataset(str(tiny_folder), limit=0)


def test_the_name_demo_is_the_generated_one_and_a_path_is_a_path(isolated, monkeypatch):
    write_tiny(isolated / "demo")
    monkeypatch.chdir(isolated)
    assert load_dataset("./demo").class_names == ("high", "low", "noise")
    monkeypatch.setattr("core.demo.demo_folder", lambda: isolated / "demo")
    assert load_dataset("Demo").name == "demo"


def test_only_a_table_lets_the_column_of_its_classes_be_chosen(voices, tiny_folder):
    assert is_table("voices") and is_table("Voices") and is_table(voices) and is_table(voices / "metadata.csv")
    assert not any(map(is_table, ("demo", "nothing", "", tiny_folder, voices / "one", voices / "other.csv")))
    assert load_dataset("voices", label="speaker").class_names == ("Ada", "Max")
