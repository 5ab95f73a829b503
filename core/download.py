"""Download a file over HTTP so that a cut line or a killed process loses nothing: the next call goes on from there."""

import hashlib
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core.errors import UserError
from core.files import write_json

BLOCK = 2**16
TIMEOUT = 30.0  # s without a byte
ATTEMPTS = 4  # in a row without a byte more
MAX_BYTES = 4 * 2**30
Progress = Callable[[int, int | None], None]


class _Cut(Exception):
    """The connection ended before the file did."""


def download(url: str, folder: Path, on_progress: Progress | None = None) -> Path:
    """The file at ``url``, kept in ``folder``; ``on_progress(bytes so far, bytes in all or None)``.

    A part that is there already is completed with a range request, where the server offers the same file still.
    Raises :class:`UserError` when the server has no such file or the connection stays cut.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise UserError(f"expected an address that begins with http:// or https://, found {url!r}")
    folder.mkdir(parents=True, exist_ok=True)
    complete = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.download"
    if complete.exists():
        return complete
    part = complete.with_suffix(".part")
    failures = 0
    while True:
        before = _size(part)
        try:
            _continue(url, part, on_progress)
            part.replace(complete)
            part.with_suffix(".json").unlink(missing_ok=True)
            return complete
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise UserError(f"{url} answered {error.code} {error.reason}; check the address") from None
            reason = f"the server answered {error.code}"
        except (_Cut, OSError, http.client.HTTPException) as error:
            reason = str(getattr(error, "reason", None) or error) or type(error).__name__
        failures = 0 if _size(part) > before else failures + 1
        if failures >= ATTEMPTS:
            raise UserError(f"the download stopped after {_size(part) / 1e6:.1f} MB ({reason}); the same command goes "
                            "on from there")


def _continue(url: str, part: Path, on_progress: Progress | None) -> None:
    """One connection: append what is missing, or begin anew when the server will not go on."""
    have, validator = _size(part), _validator(part)
    request = urllib.request.Request(url, headers={"User-Agent": "earshot", "Accept-Encoding": "identity"})
    if have and validator:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", validator)
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        part.unlink()  # what we have is no beginning of what is there now
        raise _Cut("the file on the server has changed") from None
    with response:
        goes_on = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        have = have if goes_on else 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else None
        if not goes_on:
            mark = response.headers.get("ETag") or response.headers.get("Last-Modified")
            write_json(part.with_suffix(".json"), {"url": url, "validator": mark})
        with part.open("ab" if goes_on else "wb") as file:
            while block := response.read(BLOCK):
                have += len(block)
                if have > MAX_BYTES:
                    raise UserError(f"{url} is larger than {MAX_BYTES / 1e9:.1f} GB; that is not the data set")
                file.write(block)
                if on_progress:
                    on_progress(have, total)
    if total is not None and have < total:
        raise _Cut(f"the connection was cut at {have:,} of {total:,} bytes")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _validator(part: Path) -> str | None:
    """The server's mark of the file that the part was begun from; weak ones do not allow to go on."""
    with suppress(OSError, ValueError):
        mark = json.loads(part.with_suffix(".json").read_text(encoding="utf-8")).get("validator") or ""
        return None if mark.startswith("W/") else mark or None
    return None
