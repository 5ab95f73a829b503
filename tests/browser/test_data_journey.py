"""Data comes in by the browser: a download that two windows watch, a zip, a folder and what counts as a recording."""

import hashlib
import shutil
import threading

import pytest

from core.demo_sounds import VERSION
from tests.browser.conftest import ROOT
from tests.conftest import write_tiny
from tests.test_fetch import Server, zipped


def files_of(root) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.wav")}


@pytest.fixture(scope="module")
def publisher(tmp_path_factory):
    """Offers a small ESC-10 as its publisher does; ``files`` is what is in it."""
    made = write_tiny(tmp_path_factory.mktemp("published") / "ESC-10", ("001 - Dog bark", "002 - Rain"))
    server = Server(zipped(files_of(made)))
    server.files = files_of(made)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def alone(start_server, publisher, tmp_path_factory):
    """A server of a copy of the project, so that no data set lies near it; its list of ESC-10's clips is the small one."""
    place = tmp_path_factory.mktemp("copy")
    for name in ("app", "core", ".streamlit"):
        shutil.copytree(ROOT / name, place / name)
    write_tiny(place / "cache" / f"demo-{VERSION}")  # in place of the sounds that take seconds to make
    lines = [f"{hashlib.sha256(content).hexdigest()}  {path}" for path, content in publisher.files.items()]
    (place / "core" / "esc10.sha256").write_text("\n".join(lines) + "\n")
    return start_server(place, EARSHOT_DATA=place / "data", EARSHOT_OWN_DATA=place / "own",
                        EARSHOT_CACHE=place / "cache", EARSHOT_ESC10_URL=publisher.url)


def test_a_download_survives_its_window_and_goes_on_where_it_was_cancelled(alone, publisher, page):
    from playwright.sync_api import expect

    publisher.stall = 100_000
    alone.open(page, "/")
    for name in ("Download ESC-10", "Use my folder", "Try the demo sounds"):
        expect(page.get_by_role("button", name=name)).to_be_visible()
    page.get_by_role("button", name="Download ESC-10").click()
    expect(page.get_by_text("Downloading ESC-10: 0.1 of 0.2 MB")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Downloading ESC-10: 0.1 of 0.2 MB")).to_be_visible()
    other = page.context.new_page()
    alone.open(other, "/")
    other.get_by_role("button", name="Cancel the download").click()
    for window in (other, page):
        expect(window.get_by_role("button", name="Go on with the download (0.1 of 0.2 MB)")).to_be_visible()
    publisher.stall, publisher.requests = 0, []
    page.get_by_role("button", name="Go on with the download").click()
    expect(page.get_by_text("20 clips · 2 classes · 10 recordings")).to_be_visible()
    expect(page.get_by_test_id("stMetricValue")).to_have_text("ESC-10")
    assert publisher.requests and publisher.requests[0].startswith("bytes="), "it was begun anew"
    assert {path.name for path in (alone.root / "own").iterdir()} == {"ESC-10"}


def test_a_zip_and_a_folder_are_looked_at_before_they_are_used(alone, page, tmp_path):
    from playwright.sync_api import expect

    pets = write_tiny(tmp_path / "pets", ("<b>cat", "*dog*"), takes="A")
    for number, path in enumerate(sorted(pets.rglob("*.wav"))):
        path.rename(path.with_name(f"{path.parent.name}{number}.wav"))
    archive = tmp_path / "my pets.zip"
    archive.write_bytes(zipped(files_of(pets), "pets/"))
    (tmp_path / "words.zip").write_bytes(zipped({"words.txt": b"words"}))
    alone.open(page, "/?dataset=demo")
    page.get_by_role("button", name="Change").or_(page.get_by_role("button", name="Use my folder")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Upload a zip").click()
    dialog.locator("input[type=file]").set_input_files(tmp_path / "words.zip")
    expect(dialog.get_by_text("words holds no classes of sound files")).to_be_visible()
    dialog.locator("input[type=file]").set_input_files(archive)
    expect(dialog.get_by_text("Class folders · 10 clips · 2 classes · 2 recordings")).to_be_visible()
    expect(dialog.get_by_text("2 recordings; the largest: *dog* (5 clips), <b>cat (5 clips).")).to_be_visible()
    dialog.get_by_text("Each file", exact=True).click()
    expect(dialog.get_by_text("10 recordings, one clip each.")).to_be_visible()
    dialog.get_by_role("button", name="Use it").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("10 clips · 2 classes · 10 recordings")).to_be_visible()
    page.get_by_role("button", name="Change").click()
    dialog.get_by_text("My folder").click()
    dialog.get_by_label("Folder on this machine").fill(str(pets))
    dialog.get_by_label("Folder on this machine").press("Enter")
    expect(dialog.get_by_text("2 recordings; the largest")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("10 clips · 2 classes · 10 recordings")).to_be_visible()
    page.get_by_role("button", name="Explore").last.click()
    expect(page.get_by_role("heading", name="Explore")).to_be_visible()
    expect(page.get_by_text("10 clips of 10 recordings in 2 classes")).to_be_visible()
