"""``python -m core data check``: the report of interface.md, on sound and on unsound data."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.__main__ import main
from core.config import ROOT
from core.datasets import load_dataset
from core.health import check, sentences

KEYS = {"clips", "classes", "sources", "folds", "seconds", "sample_rates", "unreadable", "silent", "clipped", "duplicates",
        "leaks"}


def run_json(capsys, *arguments):
    assert main(["data", "check", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_sound_data_set(tiny_folder, capsys):
    report = run_json(capsys, tiny_folder)
    assert set(report) >= KEYS
    assert report["clips"] == 30 and report["classes"] == {"high": 10, "low": 10, "noise": 10}
    assert report["sources"] == 15 and report["folds"] == {str(fold): 6 for fold in range(1, 6)}
    assert report["seconds"] == 15.0 and report["sample_rates"] == {"8000": 30}
    assert not any(report[key] for key in ("unreadable", "silent", "clipped", "duplicates", "leaks"))
    words = " ".join(sentences(report))
    assert "All 30 clips can be read; none is silent, clipped or there twice." in words
    assert "30 clips share a recording with another; the folds keep them together." in words


def test_everything_that_can_be_wrong_is_told(tiny_folder, capsys):
    clips = load_dataset(str(tiny_folder)).clips
    paths = [tiny_folder / clip.path for clip in clips]
    paths[0].write_bytes(b"no sound")
    soundfile.write(paths[1], np.zeros(800), 16_000)
    soundfile.write(paths[2], np.clip(3 * np.sin(np.arange(8000) / 5), -1, 1), 8_000)
    waveform, rate = soundfile.read(paths[3])
    soundfile.write(paths[4].with_suffix(".flac"), waveform, rate)
    paths[4].unlink()
    shutil.copy(paths[5], paths[5].with_name("3-101-C.wav"))
    report = run_json(capsys, tiny_folder)
    assert report["clips"] == 31
    [broken] = report["unreadable"]
    assert broken["path"] == clips[0].path and "not a sound" in broken["error"]
    assert report["silent"] == [clips[1].path] and report["clipped"] == [clips[2].path]
    assert sorted(map(sorted, report["duplicates"])) == sorted([
        sorted([clips[3].path, clips[4].path.replace(".wav", ".flac")]),
        sorted([clips[5].path, "001 - High/3-101-C.wav"])])
    assert report["leaks"] == ["101"] and report["sample_rates"] == {"8000": 29, "16000": 1}
    words = sentences(report)
    assert words[0].startswith("1 clip cannot be read: 1-101-A.wav is not a sound")
    assert any("1 recording stands in more than one fold" in sentence and "101" in sentence for sentence in words)
    assert any(sentence.startswith("2 clips are the same sound as another") for sentence in words)
    assert report["duplicates_apart"] == 2 and any("a fold may part them" in sentence for sentence in words)
    assert report["contradictions"] == [] and not any("in more than one class" in sentence for sentence in words)
    assert any(sentence.startswith("1 clip is silent") for sentence in words)
    assert main(["data", "check", str(tiny_folder)]) == 0
    assert "Traceback" not in capsys.readouterr().out


def test_numbered_files_that_leave_too_few_recordings_for_folds_are_told_with_the_way_out(tmp_path):
    root = numbered(tmp_path / "pets", [f"{name}/x{n}" for name in ("dog", "cat") for n in range(12)])
    words = sentences(check(load_dataset(root)))[-1]
    assert "so no folds can be drawn: cat has 1 recording (files whose names agree" in words and "--sources file" in words
    assert sentences(check(load_dataset(root, sources="file")))[-1] == "Every clip counts as a recording of its own."


def test_how_many_folds_there_may_be_is_told(tmp_path):
    names = [f"{name}/{name}{letter}{n}" for name in ("dog", "cat") for letter in "abcde" for n in (1, 2)]
    root = numbered(tmp_path / "pets", names)
    assert sentences(check(load_dataset(root)))[-1].endswith("; the folds that are drawn keep them together.")
    for name in names[-4:]:
        (root / f"{name}.wav").unlink()
    assert "so no more than 3 folds can be drawn: cat has 3 recordings (files" in sentences(check(load_dataset(root)))[-1]


def test_folds_that_part_numbered_files_are_told_with_the_rule(tmp_path, capsys):
    root = numbered(tmp_path / "pets", ["dog1", "dog2", "cat1", "cat2"])
    (root / "metadata.csv").write_text("path,label,fold\ndog1.wav,dog,1\ndog2.wav,dog,2\ncat1.wav,cat,1\ncat2.wav,cat,2\n")
    words = sentences(check(load_dataset(root)))
    assert any("2 recordings stand in more than one fold" in sentence for sentence in words)
    assert words[-1].startswith("4 clips share a recording with another: files whose names agree")
    assert "--sources file" in words[-1]
    assert main(["data", "check", str(root)]) == 0
    assert capsys.readouterr().out.count("files whose names agree") == 1, "where a sentence has named it, not once more"


def numbered(root: Path, names: list[str]) -> Path:
    """Short files of these names, each with a sound of its own."""
    for number, name in enumerate(names, start=1):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / f"{name}.wav", np.sin(np.arange(800) * number / 100), 8_000)
    return root


def test_the_report_follows_a_change(tiny_dataset):
    assert not check(tiny_dataset)["unreadable"]
    tiny_dataset.path_of(tiny_dataset.clips[0]).write_bytes(b"text")
    assert len(check(tiny_dataset)["unreadable"]) == 1


def test_one_sound_in_two_classes_is_told(tiny_folder, capsys):
    high, low = (tiny_folder / "001 - High" / "1-101-A.wav", next((tiny_folder / "002 - Low").glob("1-*-A.wav")))
    shutil.copy(high, low)
    report = run_json(capsys, tiny_folder)
    both = [path.relative_to(tiny_folder).as_posix() for path in (high, low)]
    assert [sorted(group) for group in report["contradictions"]] == [both]
    assert any(sentence.startswith("1 sound lies in more than one class") for sentence in sentences(report))


def test_esc10_is_in_order(esc10, capsys):
    report = run_json(capsys, esc10)
    assert report["clips"] == 400 and report["sources"] == 304 and set(report["folds"].values()) == {80}
    assert report["sample_rates"] == {"44100": 400} and 1990 < report["seconds"] < 2010
    assert not any(report[key] for key in ("unreadable", "silent", "duplicates", "leaks"))
    assert report["siblings"] == 163


@pytest.mark.parametrize(("arguments", "words"), [
    (["nonsense"], "no data set called"), ([str(ROOT / "core")], "no classes"), ([str(ROOT / "README")], "no data set"),
    ([" "], "found nothing"),
])
def test_mistakes_are_one_line_and_status_2(capsys, arguments, words):
    assert main(["data", "check", *arguments]) == 2
    caught = capsys.readouterr()
    assert caught.out == "" and caught.err.startswith("error: ") and caught.err.count("\n") == 1 and words in caught.err


def test_a_column_is_for_tables(tiny_folder, capsys):
    assert main(["data", "check", str(tiny_folder), "--label", "word"]) == 2
    assert "leave it out" in capsys.readouterr().err


def test_as_a_process_it_prints_one_json_document(tiny_folder):
    done = subprocess.run([sys.executable, "-m", "core", "data", "check", str(tiny_folder), "--json"], cwd=ROOT,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and json.loads(done.stdout)["clips"] == 30 and done.stderr == ""


def test_what_was_overlooked_is_told_by_the_check_too(tmp_path, capsys):
    root = numbered(tmp_path / "set", ["cat/a", "cat/b", "dog/c", "dog/d", "cow/day/e"])
    (oddity,) = run_json(capsys, root)["oddities"]
    assert oddity.startswith("folder cow has no sound file directly inside")
    assert main(["data", "check", str(root)]) == 0
    assert f"\nFolder{oddity[len('folder'):]}.\n" in capsys.readouterr().out


def test_silence_is_no_sound_that_clips_share(tmp_path):
    """Every silent clip is the same to the sample, and says nothing of the names of their classes."""
    root = numbered(tmp_path / "set", ["cat/a", "cat/b", "dog/c", "dog/d"])
    half = np.sin(np.arange(800) / 10)
    soundfile.write(root / "cat" / "a.wav", np.zeros(800), 8_000)
    soundfile.write(root / "dog" / "c.wav", np.zeros(800), 8_000)
    soundfile.write(root / "dog" / "d.wav", np.stack([half, -half], axis=1), 8_000, subtype="FLOAT")
    report = check(load_dataset(root))
    assert report["silent"] == ["cat/a.wav", "dog/c.wav", "dog/d.wav"]
    assert report["duplicates"] == report["contradictions"] == []
    words = sentences(report)
    assert any(sentence.startswith("1 silent clip has several channels, which may cancel each other") for sentence in words)
    assert not any("in more than one class" in sentence or "the same sound" in sentence for sentence in words)
