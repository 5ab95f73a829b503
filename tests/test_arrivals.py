"""A zip that is handed in: whole under a name of its own or not there at all, whatever it is called or holds."""

import io
import os
import zipfile

import pytest

from core import arrivals
from core.arrivals import free_name, install_zip
from core.datasets import available_datasets, load_dataset
from core.errors import UserError
from tests.conftest import write_tiny
from tests.test_fetch import zipped


@pytest.fixture
def sounds(tmp_path) -> dict[str, bytes]:
    """Path -> content of a tiny data set of three class folders."""
    root = write_tiny(tmp_path / "made", ("low", "high", "noise"), folds=2, takes="A")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.wav")}


def archive(files: dict[str, bytes], prefix: str = "") -> io.BytesIO:
    return io.BytesIO(zipped(files, prefix))


def left(own_data) -> list[str]:
    return sorted(path.name for path in own_data.iterdir()) if own_data.exists() else []


@pytest.mark.parametrize("prefix", ["", "birds/", "a/b/birds/"])
def test_a_zip_is_found_by_its_name_afterwards(own_data, sounds, prefix):
    seen = []
    assert install_zip(archive(sounds | {"README.txt": b"hello"}, prefix), "Birds.zip", lambda *p: seen.append(p)) == "Birds"
    dataset = load_dataset("birds")
    assert dataset.root == (own_data / "Birds").resolve() or dataset.root == own_data / "Birds"
    assert dataset.class_names == ("high", "low", "noise") and len(dataset.clips) == 6
    assert seen[-1] == (7, 7) and left(own_data) == ["Birds"] and "Birds" in available_datasets()


def test_what_a_mac_adds_is_left_out(own_data, sounds):
    litter = {f"__MACOSX/set/{path}": b"x" for path in sounds} | {"set/.DS_Store": b"x", "set/low/.DS_Store": b"x"}
    install_zip(archive({f"set/{path}": content for path, content in sounds.items()} | litter), "set.zip")
    assert sorted(path.name for path in (own_data / "set").iterdir()) == ["high", "low", "noise"]
    assert not list(own_data.rglob(".DS_Store"))


@pytest.mark.parametrize(("name", "folder"), [
    ("../../x.zip", "x"), ("/etc/passwd.zip", "passwd"), ("..\\..\\x.zip", "x"), ("...zip", "upload"), (".zip", "upload"),
    ("", "upload"), ("<b>a*b*</b>.zip", "b"), ("\u202egnp.zip", "gnp"), ("a\0b\n.zip", "a-b"), ("Ünï 音.ZIP", "Ünï 音"),
    ("x" * 300 + ".zip", "x" * 60), ("demo.zip", "demo 2"), ("De-mo", "De-mo 2"), (".hidden.zip", "hidden"),
])
def test_whatever_it_is_called_it_lands_in_the_data_folder(own_data, sounds, name, folder):
    assert install_zip(archive(sounds), name) == folder
    assert left(own_data) == [folder] and len(load_dataset(folder).clips) == 6


def test_a_name_that_is_taken_is_numbered(own_data, isolated, sounds):
    write_tiny(isolated / "data" / "my_birds", ("one", "two"), folds=1)
    assert free_name("my birds.zip") == "my birds 2"
    assert [install_zip(archive(sounds), "my birds.zip") for _ in range(2)] == ["my birds 2", "my birds 3"]
    assert load_dataset("my birds").class_names == ("one", "two")


@pytest.mark.parametrize(("files", "words"), [
    ({"a.txt": b"words"}, "holds no classes of sound files"), ({}, "holds no classes of sound files"),
    ({"dog/a.wav": b"x"}, "holds no classes|only one class"), ({"../evil.wav": b"x"}, "written elsewhere"),
    ({"metadata.csv": b"path,label\n"}, "has no clips"), ({"metadata.csv": b"path,label\n../a.wav,x\n"}, "below the data set"),
    ({"metadata.csv": b"file,label\na.wav,x\n"}, "no column 'path'"),
])
def test_what_is_no_data_set_leaves_nothing_behind(own_data, isolated, files, words):
    with pytest.raises(UserError, match=words) as caught:
        install_zip(archive(files), "mine.zip")
    assert left(own_data) == [] and str(isolated) not in str(caught.value) and arrivals.TEMPORARY not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no zip", zipped({"low/a.wav": b"x" * 90_000})[:50_000]],
                         ids=["empty", "text", "cut"])  # no content: a zip has the time in it
def test_a_damaged_zip_is_named(own_data, content):
    with pytest.raises(UserError, match=r"mine\.zip is not a zip file that can be unpacked"):
        install_zip(io.BytesIO(content), "mine.zip")
    assert left(own_data) == []


def test_a_bomb_a_link_and_a_lock_are_refused(own_data):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("low/a.wav", b"\0" * 2**23)
    with pytest.raises(UserError, match="grows more than"):
        install_zip(bomb, "bomb.zip")
    link = zipfile.ZipInfo("low/link.wav")
    link.external_attr = 0o120777 << 16
    linked = io.BytesIO()
    with zipfile.ZipFile(linked, "w") as opened:
        opened.writestr(link, "/etc/passwd")
    with pytest.raises(UserError, match="a link"):
        install_zip(linked, "link.zip")
    assert left(own_data) == []


def test_a_full_disk_and_a_page_that_is_left_keep_nothing(own_data, sounds, monkeypatch):
    def full(done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="No space left on device; nothing of the zip was kept"):
        install_zip(archive(sounds), "mine.zip", full)

    def leave(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install_zip(archive(sounds), "mine.zip", leave)
    assert left(own_data) == []


def test_what_a_killed_process_left_goes_a_day_later(own_data, sounds):
    for name, age in (("old", 2 * arrivals.LEFT_BEHIND), ("new", 60)):
        folder = own_data / f"{arrivals.TEMPORARY}{name}"
        folder.mkdir(parents=True)
        then = folder.stat().st_mtime - age
        os.utime(folder, (then, then))
    install_zip(archive(sounds), "mine.zip")
    assert left(own_data) == [f"{arrivals.TEMPORARY}new", "mine"]


def test_a_table_whose_class_has_another_name_is_kept(own_data, sounds):
    rows = "\n".join(["path,word", *(f"{path},{path.split('/')[0]}" for path in sounds)])
    assert install_zip(archive(sounds | {"metadata.csv": rows.encode()}), "words.zip") == "words"
    assert load_dataset("words", label="word").class_names == ("high", "low", "noise")
