"""Public files -> a local folder, complete and as expected or not at all.

- :func:`fetch_file`: fetch one address to a path; the checksum is verified if it is known
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.errors import SedpipeError

TIMEOUT_S = 30


def fetch_file(url: str, path: Path, sha256: str | None = None) -> Path:
    """Fetch ``url`` to ``path`` unless the file exists already.

    Parameters
    ----------
    url : str
        http(s) address.
    path : Path
        Path of the local file, which appears only when it is complete.
    sha256 : str, optional
        Expected checksum (hex); an existing file with another one is fetched again.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    SedpipeError
        If the file cannot be fetched or written, or does not have the expected checksum.
    """
    import pooch  # imports requests, too; here, so that only commands that fetch pay for it
    import requests

    pooch.get_logger().setLevel("WARNING")
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT_S)
    try:
        pooch.retrieve(url, known_hash=sha256, fname=path.name, path=path.parent, downloader=downloader)
    except requests.exceptions.RequestException as error:
        hint = "check the network and run the same command again, or name your own copy with --from"
        raise SedpipeError(f"cannot fetch {url}: {why_not(error)}", hint=hint) from error
    except ValueError as error:  # raised by pooch if the hash differs
        raise SedpipeError(
            f"{url} is not what the manifest expects: {error}", hint="name a copy with --from"
        ) from error
    except OSError as error:
        raise SedpipeError(
            f"cannot write {path}: {error.strerror or error}", hint="choose another folder with --cache"
        ) from error
    return path


def why_not(error: Exception) -> str:
    """Return the reason for an error, without internals of the library."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered {response.status_code} {response.reason}"
    kind = type(error).__name__
    if "Timeout" in kind:
        return f"no answer within {TIMEOUT_S} s"
    return "the connection was interrupted" if "Chunked" in kind else "no connection" if "Connection" in kind else kind
