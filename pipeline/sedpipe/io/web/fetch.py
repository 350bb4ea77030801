"""Public files -> a local folder, whole and as expected or not at all.

- :func:`fetch_file`: one address, kept under a name, checked by its checksum if that is known
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.errors import SedpipeError

TIMEOUT_S = 30


def fetch_file(url: str, path: Path, sha256: str | None = None) -> Path:
    """Fetch ``url`` to ``path`` unless it is there already.

    Parameters
    ----------
    url : str
        http(s) address.
    path : Path
        Where it goes; appears only when complete.
    sha256 : str, optional
        What it must be (hex); one that is there but differs is fetched anew.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    SedpipeError
        If it cannot be fetched, or is not what it should be.
    """
    import pooch  # brings requests along; only who fetches pays
    import requests

    pooch.get_logger().setLevel("WARNING")
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT_S)
    try:
        pooch.retrieve(url, known_hash=sha256, fname=path.name, path=path.parent, downloader=downloader)
    except requests.exceptions.RequestException as error:
        hint = "check the network and run the same command again, or name your own copy with --from"
        raise SedpipeError(f"cannot fetch {url}: {why_not(error)}", hint=hint) from error
    except ValueError as error:  # pooch: the hash differs
        raise SedpipeError(
            f"{url} is not what the manifest expects: {error}", hint="name a copy with --from"
        ) from error
    except OSError as error:
        raise SedpipeError(
            f"cannot write {path}: {error.strerror or error}", hint="choose another folder with --cache"
        ) from error
    return path


def why_not(error: Exception) -> str:
    """The reason without the library's inner workings."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered {response.status_code} {response.reason}"
    kind = type(error).__name__
    if "Timeout" in kind:
        return f"no answer within {TIMEOUT_S} s"
    return "the connection was interrupted" if "Chunked" in kind else "no connection" if "Connection" in kind else kind
