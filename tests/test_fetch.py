"""Fetching against a server on this machine: resume, refusals, and a folder that is whole or not there."""

import contextlib
import hashlib
import http.server
import io
import stat
import threading
import zipfile

import pytest

from core import download, fetch, unpack
from core.__main__ import main
from core.errors import UserError

CLIPS = {f"00{n} - Class {n}/{n}-1-A.ogg": bytes([n]) * 50_000 + bytes(range(256)) * 200 for n in range(1, 5)}


class Server(http.server.ThreadingHTTPServer):
    """Serves ``content``; ``cut_after`` bytes of an answer the line goes dead, as often as ``cuts`` says."""

    def __init__(self, content: bytes):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.etag, self.ranges = content, '"one"', True
        self.cut_after, self.cuts, self.requests = 0, 0, []
        self.stall, self.released = 0, threading.Event()  # after so many bytes an answer only trickles, until released

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ESC-10.zip"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.requests.append(asked)
        if not self.path.endswith("ESC-10.zip"):
            return self.send_error(404)
        start = 0
        if asked and server.ranges and self.headers.get("If-Range") in (None, server.etag):
            start = int(asked.removeprefix("bytes=").split("-")[0])
            if start >= len(server.content):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        else:
            self.send_response(200)
        if server.etag:
            self.send_header("ETag", server.etag)
        self.send_header("Content-Length", str(len(server.content) - start))
        self.end_headers()
        body = server.content[start:]
        if server.cuts:
            server.cuts -= 1
            body = body[: server.cut_after]
        with contextlib.suppress(ConnectionError):  # whoever asked may be gone by now
            if server.stall:
                self.wfile.write(body[: server.stall])
                body = body[server.stall :]
                while body and not server.released.wait(0.2):
                    self.wfile.write(body[:1])
                    body = body[1:]
            self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


def zipped(files: dict[str, bytes], prefix: str = "ESC-10-553c/") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(prefix + name, content)
    return buffer.getvalue()


@pytest.fixture
def published(tmp_path, monkeypatch):
    """The list of SHA-256 of the small fake ESC-10."""
    lines = [f"{hashlib.sha256(content).hexdigest()}  {path}" for path, content in CLIPS.items()]
    (tmp_path / "list.sha256").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(fetch, "ESC10_LIST", tmp_path / "list.sha256")


@pytest.fixture
def server():
    server = Server(zipped(CLIPS | {"README.md": b"CC BY"}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_list_that_ships_has_every_clip():
    lines = fetch.ESC10_LIST.read_text().splitlines()
    assert len(lines) == 400 and all(len(line.split("  ")[0]) == 64 and line.endswith(".ogg") for line in lines)


def test_the_list_is_that_of_the_real_clips(esc10):
    fetch._check(fetch.FETCHED["esc10"], esc10, "", "", lambda *_: None)


def test_esc10_is_installed_whole(server, published, isolated, capsys):
    assert main(["data", "fetch", "esc10", "--to", str(isolated / "data"), "--url", server.url]) == 0
    folder = isolated / "data" / "ESC-10"
    assert str(folder) in capsys.readouterr().out
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {*CLIPS, "README.md"}
    assert [path.name for path in (isolated / "data").iterdir()] == ["ESC-10"]
    assert list((isolated / "cache" / "downloads").iterdir()) == []
    requests = len(server.requests)
    assert fetch.fetch("ESC-10", isolated / "data", server.url) == folder and len(server.requests) == requests


def test_a_cut_line_goes_on_where_it_was(server, published, isolated):
    server.cut_after, server.cuts = 70_000, 2
    seen = []
    fetch.fetch("esc10", isolated / "data", server.url, lambda *progress: seen.append(progress))
    assert server.requests == [None, "bytes=70000-", "bytes=140000-"]
    downloaded = [(done, total) for stage, done, total in seen if stage == "download"]
    assert downloaded == sorted(downloaded) and downloaded[-1] == (len(server.content),) * 2


def test_another_process_goes_on_where_one_was_killed(server, published, isolated):
    def kill(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download.download(server.url, isolated / "cache" / "downloads", kill)
    fetch.fetch("esc10", isolated / "data", server.url)
    assert server.requests[0] is None and server.requests[1] == f"bytes={download.BLOCK}-"


def test_a_file_that_changed_in_between_is_begun_anew(server, published, isolated):
    server.cut_after, server.cuts, server.etag = 70_000, 1, '"one"'
    with pytest.raises(KeyboardInterrupt):
        download.download(server.url, isolated / "cache" / "downloads", lambda *_: _interrupt())
    server.cuts, server.etag, server.content = 0, '"two"', zipped({"new": b"n" * 90_000} | CLIPS)
    whole = download.download(server.url, isolated / "cache" / "downloads")
    assert whole.read_bytes() == server.content, "beginning and end come from two different files"


def _interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_strong_mark_the_length_decides(server, isolated, etag):
    server.etag, server.cut_after, server.cuts = etag, 70_000, 1
    assert download.download(server.url, isolated / "one").read_bytes() == server.content
    assert server.requests == [None, "bytes=70000-"]
    server.cuts = 1
    with pytest.raises(KeyboardInterrupt):
        download.download(server.url, isolated / "two", lambda *_: _interrupt())
    server.cuts, server.content = 0, server.content + b"longer"
    assert download.download(server.url, isolated / "two").read_bytes() == server.content


def test_a_server_without_ranges_is_asked_for_all(server, published, isolated):
    server.cut_after, server.cuts, server.ranges = 70_000, 1, False
    assert download.download(server.url, isolated).read_bytes() == server.content


def test_a_line_that_stays_dead_is_a_sentence_and_keeps_the_part(server, published, isolated):
    server.cut_after, server.cuts = 70_000, 1
    part = isolated / "cache" / "downloads"
    with pytest.raises(KeyboardInterrupt):
        download.download(server.url, part, lambda *_: _interrupt())
    server.cut_after, server.cuts = 0, 100
    with pytest.raises(UserError, match=r"stopped after 0\.1 MB .* goes on from there"):
        fetch.fetch("esc10", isolated / "data", server.url)
    assert any(path.suffix == ".part" for path in part.iterdir())


def test_a_wrong_clip_keeps_nothing(server, published, isolated):
    server.content = zipped(CLIPS | {"001 - Class 1/1-1-A.ogg": b"another sound"})
    with pytest.raises(UserError, match=r"1 of 4 files are not as published \(the first: 001 - Class 1/1-1-A.ogg differs"):
        fetch.fetch("esc10", isolated / "data", server.url)
    assert list((isolated / "data").iterdir()) == [] and list((isolated / "cache" / "downloads").iterdir()) == []
    server.content = zipped(dict(list(CLIPS.items())[:3]))
    with pytest.raises(UserError, match="is missing"):
        fetch.fetch("esc10", isolated / "data", server.url)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(28, "No space left on device")], ids=["Ctrl-C", "full disk"])
@pytest.mark.parametrize("stage", ["unpack", "check"])
def test_what_is_downloaded_is_not_lost_when_the_rest_stops(server, published, isolated, stop, stage):
    def stopping(now: str, done: int, total: int | None) -> None:
        if now == stage:
            raise stop

    with pytest.raises((KeyboardInterrupt, UserError)):
        fetch.fetch("esc10", isolated / "data", server.url, stopping)
    assert list((isolated / "data").iterdir()) == []
    requests = len(server.requests)
    assert fetch.fetch("esc10", isolated / "data", server.url).is_dir()
    assert len(server.requests) == requests, "it was downloaded again"
    assert list((isolated / "cache" / "downloads").iterdir()) == []


def test_a_folder_that_is_there_but_not_whole_is_left_alone(published, isolated):
    (isolated / "data" / "ESC-10").mkdir()
    with pytest.raises(UserError, match=r"is there already, but 4 of 4 files.*move it away"):
        fetch.fetch("esc10", isolated / "data")


@pytest.mark.parametrize(("content", "words"), [(b"no zip at all", "not a zip"), (None, "not a zip")])
def test_what_is_no_zip_is_refused(server, published, isolated, content, words):
    server.content = content or server.content[:100_000]
    with pytest.raises(UserError, match=words):
        fetch.fetch("esc10", isolated / "data", server.url)
    assert list((isolated / "data").iterdir()) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_inside_is_a_sentence_and_the_next_call_downloads_again(server, published, isolated, method):
    whole, buffer = server.content, io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in CLIPS.items():
            archive.writestr(name, content)
    damaged = bytearray(buffer.getvalue())
    damaged[60:120] = b"\xff" * 60
    server.content = bytes(damaged)
    with pytest.raises(UserError, match="not a zip file that can be unpacked"):
        fetch.fetch("esc10", isolated / "data", server.url)
    assert list((isolated / "data").iterdir()) == [] and list((isolated / "cache" / "downloads").iterdir()) == []
    server.content = whole
    assert fetch.fetch("esc10", isolated / "data", server.url).is_dir()


def test_addresses_that_lead_nowhere(server, isolated, capsys, monkeypatch):
    with pytest.raises(UserError, match="answered 404"):
        fetch.fetch("esc10", isolated / "data", server.url + "x")
    for address in ("file:///etc/passwd", "ftp://127.0.0.1/x", "nonsense"):
        with pytest.raises(UserError, match="http"):
            fetch.fetch("esc10", isolated / "data", address)
    with pytest.raises(UserError, match="stopped after"):
        fetch.fetch("esc10", isolated / "data", "http://127.0.0.1:9/ESC-10.zip")
    for name, words in (("UrbanSound8K", "urbansounddataset"), ("x", "no data set 'x'")):
        assert main(["data", "fetch", name]) == 2
        assert words in capsys.readouterr().err


def test_esc50_is_whole_by_its_own_table(server, isolated, capsys, monkeypatch):
    monkeypatch.setattr(fetch, "ESC50_CLIPS", 3)
    monkeypatch.setenv("EARSHOT_ESC50_URL", server.url)
    table = "filename,fold,target,category,esc10,src_file,take\n" + "".join(
        f"1-{n}-A-{n}.wav,1,{n},class {n},False,{n},A\n" for n in range(3))
    clips = {f"audio/1-{n}-A-{n}.wav": b"sound" for n in range(3)}
    server.content = zipped({"meta/esc50.csv": table.encode()} | dict(list(clips.items())[:2]), "ESC-50-master/")
    assert main(["data", "fetch", "esc50", "--to", str(isolated / "data")]) == 2
    assert "1 of 4 files are not as published (the first: audio/1-2-A-2.wav is missing)" in capsys.readouterr().err
    server.content = zipped({"README.md": b"words"} | clips, "ESC-50-master/")
    with pytest.raises(UserError, match=r"meta/esc50\.csv is missing"):
        fetch.fetch("esc50", isolated / "data")
    server.content = zipped({"meta/esc50.csv": table.encode()} | clips, "ESC-50-master/")
    assert main(["data", "fetch", "esc50", "--to", str(isolated / "data")]) == 0
    assert (isolated / "data" / "ESC-50" / "audio" / "1-2-A-2.wav").read_bytes() == b"sound"
    said = capsys.readouterr().out
    assert "ESC-50 is in" in said and "every clip of its table is there" in said


def test_a_zip_on_this_machine_will_do(published, isolated):
    (isolated / "mine.zip").write_bytes(zipped(CLIPS))
    assert fetch.fetch("esc10", isolated / "data", str(isolated / "mine.zip")).is_dir()
    assert (isolated / "mine.zip").exists()


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "a\\..\\evil"])
def test_paths_that_lead_outside_are_refused(tmp_path, name):
    archive, folder = tmp_path / "evil.zip", tmp_path / "into"
    archive.write_bytes(zipped({"good": b"x", name: b"y"}, prefix=""))
    folder.mkdir()
    with pytest.raises(UserError, match="written elsewhere"):
        unpack.unpack_zip(archive, folder)
    assert list(folder.iterdir()) == [] and {path.name for path in tmp_path.iterdir()} == {"evil.zip", "into"}


def test_links_and_bombs_are_refused(tmp_path, monkeypatch):
    archive = tmp_path / "evil.zip"
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(link, "/etc/passwd")
    with pytest.raises(UserError, match="link"):
        unpack.unpack_zip(archive, tmp_path)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("bomb", b"\0" * 2**23)
    with pytest.raises(UserError, match="grows more than"):
        unpack.unpack_zip(archive, tmp_path)
    archive.write_bytes(zipped({str(n): b"x" for n in range(20)}))
    monkeypatch.setattr(unpack, "MAX_FILES", 10)
    with pytest.raises(UserError, match="20 files"):
        unpack.unpack_zip(archive, tmp_path)
    monkeypatch.setattr(unpack, "MAX_FILES", 100)
    monkeypatch.setattr(unpack, "MAX_BYTES", 10)
    with pytest.raises(UserError, match="expected at most"):
        unpack.unpack_zip(archive, tmp_path)


def test_an_entry_that_lies_about_its_size_is_refused(tmp_path):
    content = bytearray(zipped({"a": b"x" * 5000}))
    place = content.rindex(b"PK\x01\x02") + 24
    content[place:place + 4] = (10).to_bytes(4, "little")
    (tmp_path / "liar.zip").write_bytes(content)
    (tmp_path / "into").mkdir()
    with pytest.raises(UserError):
        unpack.unpack_zip(tmp_path / "liar.zip", tmp_path / "into")
