"""A large public file -> a local one, resumed where the transfer broke off; exactly the expected file or none.

- :func:`fetch_resumed`: fetch an address whose size and checksum are known
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sedpipe.errors import SedpipeError
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.web.fetch import TIMEOUT_S, why_not
from sedpipe.listener import Listener

PIECE = 1 << 15
"""Bytes written at a time; as much may be lost if a connection breaks off."""

TRIES = 4


def fetch_resumed(
    url: str, path: Path, n_bytes: int, sha256: str, listener: Listener | None = None, *, otherwise: str
) -> Path:
    """Fetch a file whose size and checksum are known.

    What has arrived is stored in ``<path>.part`` and kept if the connection breaks off or the process is killed; the
    next call requests the rest. From a server that does not support ranges, the whole file is requested again.

    Parameters
    ----------
    url : str
        http(s) address.
    path : Path
        Path of the local file, which appears only when it is complete and correct.
    n_bytes : int
        Size of the file; of a longer one, no more is read than shows that it is another file.
    sha256 : str
        Checksum of the file (hex).
    listener : Listener, optional
        Receives progress and remarks.
    otherwise : str
        Hint for error messages: how else a user can get the file.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    SedpipeError
        If the file cannot be fetched, or is not the expected one.
    """
    import requests  # here, so that only commands that fetch pay for it

    part = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(TRIES):
        before = _size(part)
        try:
            if before < n_bytes:
                _fetch_rest(url, part, n_bytes, listener or Listener())
            break
        except requests.exceptions.RequestException as error:
            came_on = _size(part) > before
            refused = getattr(error, "response", None) is not None
            if refused or attempt == TRIES - 1 or not came_on:
                hint = f"rerun the same command to resume; or {otherwise}"
                raise SedpipeError(f"cannot fetch {url}: {why_not(error)}", hint=hint) from error
    found = _size(part)
    if found != n_bytes or sha256_of(part) != sha256:
        part.unlink()
        raise SedpipeError(
            f"{url} is not the file that was expected: {found:,} bytes instead of {n_bytes:,}, or another sha256",
            hint=otherwise,
        )
    part.replace(path)
    return path


def _fetch_rest(url: str, part: Path, n_bytes: int, listener: Listener) -> None:
    import requests

    begin = _size(part)
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={begin}-"} if begin else {})}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
        answer.raise_for_status()
        goes_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {begin}-")
        left = n_bytes - (begin if goes_on else 0)
        with part.open("ab" if goes_on else "wb") as file:
            pieces = answer.iter_content(PIECE)
            for piece in listener.track(pieces, -(-left // PIECE), part.name.removesuffix(".part")):
                file.write(piece[: left + 1])  # one byte too many shows that it is another file
                left -= len(piece)
                if left < 0:
                    return


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
