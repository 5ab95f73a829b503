"""Every layout is read as interface.md says, and what is wrong with a folder is said in a sentence."""

import csv
import os
import re
import shlex
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from core.clips import Clip
from core.config import data_dirs
from core.datasets import (
    available_datasets,
    default_dataset,
    folder_path,
    is_table,
    label_columns,
    load_dataset,
    without_classes,
)
from core.errors import UserError
from core.grouping import joined_by_file, sources_by_name
from core.overlooked import overlooked
from core.preview import oddities
from core.readers import ESC10_CLASSES, read_archive
from core.splits import leaks, make_splits
from tests.conftest import write_tiny

DIGITS = next((path for folder in data_dirs() if (path := folder / "spoken-digits").is_dir()), Path("spoken-digits"))


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


@pytest.mark.parametrize("name", ("mine", "a\nb"))
@pytest.mark.parametrize("classes", (("001 - Dog bark", "002 - Rain"), ("001 - High", "002 - Low")))
def test_an_archive_is_offered_under_the_name_that_it_is_read_by(isolated, name, classes):
    root = write_tiny(isolated / "data" / name, classes)
    (root / "003 - Extra").mkdir()
    (root / "003 - Extra" / "._left-behind.wav").write_bytes(b"a fork of another system")
    read = read_archive(root).name
    assert read == ("ESC-10" if "Dog" in classes[0] else name.replace("\n", "\N{REPLACEMENT CHARACTER}"))
    assert read in available_datasets()


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
        assert dataset.sources == ("s1", "s1", "s3") and "share a file count as one" in dataset.source_rule
        assert leaks(dataset) == ["s1"], "a file lies in two folds, whatever the table calls its parts"


def test_one_file_is_one_recording_however_its_path_is_spelt(tmp_path):
    spellings = ("a/one.wav", "./a/one.wav", "a//one.wav", "a\\one.wav")
    place = table(tmp_path / "metadata.csv", "path,label,start,end", "two.wav,y,0,1",
                  *(f"{path},x,{number},{number + 1}" for number, path in enumerate(spellings)))
    dataset = load_dataset(str(place))
    assert {(clip.path, clip.source) for clip in dataset.clips} == {("a/one.wav", "a/one.wav"), ("two.wav", "two.wav")}


@pytest.mark.parametrize(("clips", "expected"), [
    ([("a", "1"), ("b", "2")], {"1": "1", "2": "2"}),
    ([("a", "1"), ("a", "2"), ("b", "2"), ("b", "3"), ("c", "4")], {"1": "1", "2": "1", "3": "1", "4": "4"}),
    ([("a", "1"), ("b", "2"), ("c", "1"), ("c", "2")], {"1": "1", "2": "1"}),
])
def test_sources_that_share_a_file_are_one(clips, expected):
    assert joined_by_file(clips) == expected


def test_parts_of_a_file_have_names_of_their_own():
    parts = [(None, None), (0, 1.5), (1.5, None), (None, 2.0)]
    assert [Clip("a/b.wav", "x", 1, "b", *part).name for part in parts] == ["b", "b · 0–1.5 s", "b · from 1.5 s", "b · 0–2 s"]


def test_a_table_with_semicolons_is_told_apart(tmp_path):
    with pytest.raises(UserError, match=r"no column 'path'.*save the table with commas"):
        load_dataset(str(table(tmp_path / "metadata.csv", "path;label", "a.wav;x")))


def test_classes_left_out_may_not_take_a_fold_with_them(tmp_path):
    """Otherwise other folds would be drawn in place of the data set's own, and fold 1 be another."""
    rows = [f"{name}{fold}.wav,{name},{fold}" for name in "ab" for fold in (1, 2, 3, 4)]
    dataset = load_dataset(str(table(tmp_path / "metadata.csv", "path,label,fold", *rows, "c5.wav,c,5")))
    assert without_classes(dataset, ["c"]).lost_folds == (5,) and dataset.lost_folds == ()
    with pytest.raises(UserError, match=r"none is left of fold 5 .*leave fewer classes out"):
        make_splits(without_classes(dataset, ["c"]), "assignment")


@pytest.mark.parametrize(("rows", "words"), [
    (["path,class", "a.wav,x"], "no column 'label'; its columns are 'path', 'class'"),
    (["path,label", "a.wav,x", "b.wav,"], "line 3.*'label' is empty"),
    (["path,label,fold", "a.wav,x,one"], "line 2: fold expects a whole number, found 'one'"),
    (["path,label,fold", "a.wav,x,test"], "found 'test'; number .* 1 for test, 4 for validation, 2 for training"),
    (["path,label,fold", "a.wav,x,1", "b.wav,y,100000000000000000000"], "line 3: fold expects a whole number"),
    (["path,label,start", "a.wav,x,-1"], "start expects seconds"),
    (["path,label,start,end", "a.wav,x,2,1.5"], "ends at 1.5 s, which is not after its start at 2 s"),
    (["path,label,source", "a.wav,x,"], "'source' is empty"),
    (["path,label", "a.wav,x", "a.wav,y"], "lists 'a.wav' 2 times"),
    (["path,label", "a\0.wav,x"], "below the data set's folder"),
    (["path,label", "../a.wav,x"], "below the data set's folder"),
    (["path,label", "/etc/a.wav,x"], "below the data set's folder"),
    (["path,label"], "no clips"), ([""], "no column 'path'"), (["path,label", "a.wav,x", "b.wav,x"], "only one class, 'x'"),
])
def test_a_faulty_table_is_refused_naming_the_line(tmp_path, rows, words):
    with pytest.raises(UserError, match=words):
        load_dataset(str(table(tmp_path / "metadata.csv", *rows).parent))


@pytest.mark.parametrize(("name", "rows"), [
    ("meta/esc50.csv", ["filename,fold,category,src_file,esc10", "a.wav,1,dog,s1,True", "b.wav,1,,s2,True"]),
    ("metadata/UrbanSound8K.csv", ["slice_file_name,fsID,fold,class", "a.wav,1,1,dog", "b.wav,2,1, "])])
def test_a_published_table_without_a_class_is_refused_before_training(tmp_path, name, rows):
    table(tmp_path / name, *rows)
    with pytest.raises(UserError, match=r"line 3: the column .* is empty"):
        load_dataset(str(tmp_path))


def test_parts_of_a_long_recording_have_names_of_their_own():
    times = [(0.0, 1.5), (1000.001, 1000.501), (1000.004, 1000.504), (100.0, None), (86_399.5, 86_400.0)]
    keys = [Clip("a.wav", "x", None, "a", *part).key for part in times]
    assert keys == ["a.wav#t=0,1.5", "a.wav#t=1000.001,1000.501", "a.wav#t=1000.004,1000.504", "a.wav#t=100",
                    "a.wav#t=86399.5,86400"]


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


@pytest.mark.parametrize("heading", ["Path,Label,FOLD,Source", "path, label , fold,source"])
def test_a_heading_is_read_in_capitals_and_with_spaces_too(tmp_path, heading):
    """Fold and source left unread would draw other folds, and part what belongs together."""
    (tmp_path / "metadata.csv").write_text(f"{heading}\na.wav,dog,1,x\nb.wav,cat,2,y\nc.wav,cat,2,y\n")
    found = load_dataset(str(tmp_path))
    assert [(clip.path, clip.label, clip.fold, clip.source) for clip in found.clips] == [
        ("a.wav", "dog", 1, "x"), ("b.wav", "cat", 2, "y"), ("c.wav", "cat", 2, "y")]
    assert label_columns(tmp_path) == ("label",)


def test_of_two_headings_that_differ_in_case_the_exact_one_counts(tmp_path):
    (tmp_path / "metadata.csv").write_text("path,label,Fold,fold\na.wav,dog,1,3\nb.wav,cat,1,4\n")
    assert load_dataset(str(tmp_path)).folds == (3, 4)


@pytest.mark.parametrize(("heading", "said"), [
    ("path,label,Fold,FOLD", "2 columns that may be meant by 'fold': 'Fold', 'FOLD'; keep one"),
    ("path,label,fold,fold", "2 columns that may be meant by 'fold': 'fold', 'fold'"),
    ("PATH, path ,label,x", "2 columns that may be meant by 'path': 'PATH', ' path '"),
])
def test_a_column_that_is_there_twice_is_refused(tmp_path, heading, said):
    (tmp_path / "metadata.csv").write_text(f"{heading}\na.wav,dog,1,3\nb.wav,cat,1,4\n")
    with pytest.raises(UserError) as error:
        load_dataset(str(tmp_path))
    assert said in str(error.value)


def test_the_chosen_column_keeps_its_spelling(tmp_path):
    (tmp_path / "metadata.csv").write_text("Path,Species,species\na.wav,dog,x\nb.wav,cat,y\n")
    assert load_dataset(str(tmp_path), label="Species").class_names == ("cat", "dog")
    assert load_dataset(str(tmp_path), label="species").class_names == ("x", "y")
    assert label_columns(tmp_path) == ("Species", "species")


@pytest.mark.parametrize(("inside", "said"), [
    (("audio",), "its folder audio is a data set: choose that one"),
    (("test", "train"), "2 of its folders are data sets (test, train): choose one of them"),
])
def test_who_chose_the_folder_around_a_data_set_is_told_which_one_to_take(tmp_path, inside, said):
    for name in inside:
        write_tiny(tmp_path / "chosen" / name)
    with pytest.raises(UserError) as error:
        load_dataset(str(tmp_path / "chosen"))
    assert str(error.value).endswith(said)


def test_the_columns_that_may_hold_the_class(voices, tiny_folder, tmp_path):
    assert label_columns("voices") == label_columns(voices / "metadata.csv") == ("speaker", "word")
    place = table(tmp_path / "set" / "metadata.csv", "path,kind,label,fold", "a.wav,x,y,1")
    assert label_columns(place) == ("label", "kind")
    assert label_columns(tiny_folder) == label_columns("nothing") == label_columns("x" * 5000) == ()


def test_a_path_as_a_person_types_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    root = write_tiny(tmp_path / "my sounds", ("one", "two"), folds=1)
    for text in ("~/my sounds", f'"{root}"', f" {root}/ ", f"{root}/../my sounds"):
        assert folder_path(text) == str(root)
    assert load_dataset("~/my sounds").root == root


@pytest.mark.parametrize(("text", "words"), [
    ("/nowhere/at all", "there is no folder /nowhere/at all"), ("x" * 5000, "File name too long"),
    ("/tmp/" + "y/" * 5000, "File name too long"), ("~nobody-of-that-name/x", "home directory"), ("a\0b", "null"),
    ("", "no folder"),
])
def test_a_path_that_leads_nowhere_is_one_sentence(text, words, isolated):
    for opened in (folder_path, load_dataset):
        with pytest.raises(UserError) as caught:
            opened(text)
        assert len(str(caught.value)) < 500 and "\n" not in str(caught.value)
    with pytest.raises(UserError, match=words):
        folder_path(text)


def test_a_folder_that_we_may_not_read_and_a_file_are_named(tmp_path, monkeypatch, isolated):
    root = write_tiny(isolated / "data" / "locked", ("one", "two"), folds=1)
    real = os.listdir

    def listdir(path):
        if str(path).startswith(str(root)):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "listdir", listdir)
    with pytest.raises(UserError, match="locked could not be read: Permission denied"):
        load_dataset(root)
    assert "locked" not in available_datasets()
    (tmp_path / "words.txt").write_text("words")
    with pytest.raises(UserError, match=r"words\.txt is a file; expected a folder"):
        load_dataset(tmp_path / "words.txt")


def test_a_folder_of_headers_is_not_offered_but_may_be_opened(isolated):
    root = touch(isolated / "data" / "headers", "one/a.wav", "two/b.wav")
    assert "headers" not in available_datasets() and load_dataset(root).class_names == ("one", "two")
    for path in root.rglob("*.wav"):
        path.write_bytes(b"x" * 1_000)
    assert "headers" in available_datasets()


def test_names_are_text_whatever_is_in_them(tmp_path):
    evil = ("<b>bold<-b>", "*star* $x$ :red[r]", "\u202egnp.vaw", "two\nlines")
    root = touch(tmp_path / "a*b*\u202e", *(f"{name}/one-{name}.wav" for name in evil))
    dataset = load_dataset(root)
    mark = "\N{REPLACEMENT CHARACTER}"
    assert set(dataset.class_names) == {"<b>bold<-b>", "*star* $x$ :red[r]", f"{mark}gnp.vaw", f"two{mark}lines"}
    shown = (dataset.name, *dataset.sources, *(clip.name for clip in dataset.clips))
    assert shown[0] == f"a*b*{mark}" and all(name.isprintable() for name in shown)
    assert all(dataset.path_of(clip).is_file() for clip in dataset.clips), "the file keeps its own name"


def test_a_name_that_is_no_text_is_left_out_and_said(tmp_path):
    root = touch(tmp_path / "set", "one/a.wav", "two/b.wav")
    try:
        (Path(os.fsdecode(os.fsencode(root / "one") + b"/\xff.wav"))).write_bytes(b"")
    except OSError:
        pytest.skip("this system has only names in UTF-8")
    dataset = load_dataset(root)
    assert [clip.path for clip in dataset.clips] == ["one/a.wav", "two/b.wav"]
    assert any("1 file whose name is not written in UTF-8 is left out" in sentence for sentence in oddities(dataset))


def test_two_clips_of_one_name_in_two_classes_stay_two_clips(tmp_path):
    dataset = load_dataset(touch(tmp_path / "set", "one/a.wav", "two/a.wav", "two/b.wav"))
    assert [clip.key for clip in dataset.clips] == ["one/a.wav", "two/a.wav", "two/b.wav"]
    assert [clip.label for clip in dataset.clips] == ["one", "two", "two"] and len(set(dataset.sources)) == 3


def test_what_looks_wrong_is_said_before_a_data_set_is_used(tmp_path, tiny_dataset):
    assert oddities(tiny_dataset) == []
    root = write_tiny(tmp_path / "set", ("one", "two"), folds=5, takes="A")
    (root / "one" / "words.wav").write_bytes(b"words")
    (root / "one" / "nothing.wav").write_bytes(b"")
    touch(root, "single/a.wav", "empty/notes.txt", "loose.wav")
    said = oddities(load_dataset(root))
    assert said[0].startswith("3 of all 13 files looked at cannot be read (the first: nothing.wav is empty")
    assert said[1:] == ["class single has only one clip; nothing is left to test when it is trained on",
                        "1 sound file beside the class folders is left out",
                        "folder empty has no sound file directly inside, and counts as no class"]
    table(root / "metadata.csv", "path,label,source,fold", "one/1-101-A.wav,x,s,1", "one/2-102-A.wav,y,s,2", "gone.wav,y,t,1")
    said = oddities(load_dataset(root))
    assert said[0] == "1 of 3 files that the table names is not there (the first: gone.wav)"
    assert said[-1].startswith("1 recording stands in more than one fold (the first: s)")


def test_class_folders_with_their_sounds_further_down_are_told(tmp_path):
    root = touch(tmp_path / "set", "cat/a.wav", "dog/b.wav", "cow/day0/c.wav", "pig/day0/d.wav", "notes/read.txt")
    assert overlooked(load_dataset(root)) == [
        "2 folders (cow, pig) each have no sound file directly inside, and count as no class; move the sounds up that lie "
        "further down, or name the class of every file in a metadata.csv with the columns path and label",
        "folder notes has no sound file directly inside, and counts as no class"]
    (root / "cow" / "day0" / "c.wav").rename(root / "cow" / "c.wav")
    assert load_dataset(root).class_names == ("cat", "cow", "dog") and "folder pig has" in overlooked(load_dataset(root))[0]


def test_folders_called_like_parts_of_a_data_set_are_no_silent_classes(tmp_path):
    root = touch(tmp_path / "set", "train/dog1.wav", "train/cat1.wav", "Test/dog2.wav", "loose.txt")
    (sentence,) = overlooked(load_dataset(root))
    assert sentence.startswith("the folders Test and train were taken for classes") and "metadata.csv" in sentence
    assert "(1 for test, 4 for validation, 2 for training, under the protocol split)" in sentence
    assert overlooked(load_dataset(touch(tmp_path / "traffic", "train/a.wav", "bus/b.wav"))) == [], "a train may be heard"


def test_the_numbers_of_the_parts_that_are_advised_are_gone_by(tmp_path):
    """What the refusal of words, and the sentence on a column of them, say of the column fold is what ``split`` does."""
    parts = {"test": 1, "val": 4, "train": 2}
    words = [(f"{part[:2]}{letter}.wav", letter, part) for part in parts for letter in "xy"]
    place = table(tmp_path / "metadata.csv", "path,label,part", *(",".join(row) for row in words))
    (sentence,) = overlooked(load_dataset(place))
    assert sentence.startswith("the table has a column part (test, train, val) that is not used")
    table(place, "path,label,fold", *(f"{path},{label},{parts[part]}" for path, label, part in words))
    dataset = load_dataset(place)
    assert overlooked(dataset) == []
    (split,) = make_splits(dataset, "split")
    for side, part in (("test", "te"), ("validation", "va"), ("train", "tr")):
        assert sorted({dataset.clips[i].path[:2] for i in getattr(split, side)}) == [part]


def test_classes_whose_names_only_look_unlike_are_told(tmp_path):
    names = ["Dog", "dog", "DOG ", "Vögel", unicodedata.normalize("NFD", "Vögel"), "sea lion", "sealion", "cat"]
    place = table(tmp_path / "metadata.csv", "path,label", *(f"{chr(97 + at)}.wav,{name}" for at, name in enumerate(names)))
    dataset = load_dataset(place)
    (sentence,) = overlooked(dataset)
    assert len(dataset.class_names) == 8, "they are not merged in silence"
    assert "DOG = Dog = dog; " in sentence and "sea lion = sealion" in sentence and "cat" not in sentence
    assert any(unicodedata.normalize("NFC", group) == "Vögel = Vögel" for group in re.split(r"[;(] ?|\)", sentence))


@pytest.mark.parametrize(("heading", "word"), [
    ("speaker", "speaker"), ("speaker_id", "speaker"), ("SpeakerID", "speaker"), ("Session No", "session"),
    ("client_id", "client"), ("age_group", None), ("website", None), ("text", None)])
def test_a_column_that_sounds_like_recordings_is_offered(tmp_path, heading, word):
    rows = [f"{letter}.wav,{'xy'[at % 2]},s{at // 4}" for at, letter in enumerate("abcdefgh")]
    place = table(tmp_path / "metadata.csv", f"path,label,{heading}", *rows)
    said = overlooked(load_dataset(place))
    if word is None:
        assert said == []
        return
    (sentence,) = said
    assert sentence.startswith(f"the table has a column {heading} (2 values) that is not used; if clips of one {word} should")
    (*_, chosen) = shlex.split(sentence)
    assert overlooked(load_dataset(place, sources=chosen)) == [], "what it says is done"
    table(place, f"path,label,{heading},source", *(f"{row},{row[0]}" for row in rows))
    assert overlooked(load_dataset(place)) == [], "the table says itself what a recording is"


def test_a_column_that_is_the_class_is_not_offered_for_recordings(voices):
    (voices / "metadata.csv").write_text((voices / "metadata.csv").read_text().replace(",source\n", ",number\n"))
    assert overlooked(load_dataset("voices", label="speaker")) == []
    assert "a column speaker (2 values)" in overlooked(load_dataset("voices", label="word"))[0]
