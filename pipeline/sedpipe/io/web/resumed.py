"""A large public file -> a local one, going on where it broke off; right to the last byte or not there at all.

- :func:`fetch_resumed`: an address, its size and its checksum
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sedpipe.errors import SedpipeError
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.web.fetch import TIMEOUT_S, why_not
from sedpipe.listener import Listener

PIECE = 1 << 15
"""Bytes written at once; as much may be lost where a connection breaks off."""

TRIES = 4


def fetch_resumed(
    url: str, path: Path, n_bytes: int, sha256: str, listener: Listener | None = None, *, otherwise: str
) -> Path:
    """Fetch a file whose size and checksum are known.

    What has arrived lies in ``<path>.part`` and is kept when the connection breaks off or the process is killed; the
    next call asks for the rest. A server that knows no ranges is asked for all of it again.

    Parameters
    ----------
    url : str
        http(s) address.
    path : Path
        Where it goes; appears only when it is the right one.
    n_bytes : int
        Its size; no more is ever read.
    sha256 : str
        Of its bytes, hex.
    listener : Listener, optional
        Receives progress and remarks.
    otherwise : str
        How else a user can bring the file, for errors.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    SedpipeError
        If it cannot be fetched, or is another file.
    """
    import requests  # only who fetches pays

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
                file.write(piece[: left + 1])  # one byte more tells that it is another file
                left -= len(piece)
                if left < 0:
                    return


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
