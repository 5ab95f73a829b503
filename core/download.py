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

    A part that is there already is completed with a range request, where the server still offers a file of that mark
    (ETag) or, where it gives none, of that length: what is fetched so must be checked by its content.
    Raises :class:`UserError` when the server has no such file or the connection stays cut.
    """
    if not _is_address(url):
        raise UserError(f"expected an address that begins with http:// or https:// and has only letters, digits and signs of "
                        f"ASCII, found {url!r}")
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
            raise UserError(f"the download stopped after {_size(part) / 1e6:.1f} MB ({reason}); begun again, it goes "
                            "on from there")


def _is_address(url: str) -> bool:
    try:
        return urllib.parse.urlsplit(url).scheme in ("http", "https") and url.isascii()
    except ValueError:  # brackets that do not close
        return False


def _continue(url: str, part: Path, on_progress: Progress | None) -> None:
    """One connection: append what is missing, or begin anew when the server will not go on."""
    have, begun = _size(part), _begun(part)
    request = urllib.request.Request(url, headers={"User-Agent": "earshot", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        if begun.get("validator"):
            request.add_header("If-Range", begun["validator"])
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        part.unlink()  # what we have is no beginning of what is there now
        raise _Cut("the file on the server has changed") from None
    with response:
        first, _, size = response.headers.get("Content-Range", "").partition("/")
        goes_on = response.status == 206 and first.startswith(f"bytes {have}-")
        total = _whole(size if goes_on else response.headers.get("Content-Length"))
        if goes_on and total != begun.get("total"):
            part.unlink()
            raise _Cut("the file on the server has changed")
        if not goes_on:
            have = 0
            write_json(part.with_suffix(".json"), {"url": url, "validator": _strong(response.headers), "total": total})
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


def _begun(part: Path) -> dict:
    """What the server said of the file that the part is the beginning of."""
    with suppress(OSError, ValueError):
        return dict(json.loads(part.with_suffix(".json").read_text(encoding="utf-8")))
    return {}


def _strong(headers: http.client.HTTPMessage) -> str | None:
    """The server's mark of the very bytes it sends; a weak one (``W/``) does not promise the same bytes."""
    mark = headers.get("ETag") or headers.get("Last-Modified") or ""
    return None if mark.startswith("W/") else mark or None


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
