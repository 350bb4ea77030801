"""Manifests: a dataset is one TOML file that says where rows and audio come from.

- :func:`load_manifest`: by the name of a dataset that comes with sedpipe, or by path
- :func:`manifest_names`: the names
- :data:`KINDS`: what it can be
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sedpipe.errors import ListFormatError, ManifestError
from sedpipe.io.complaints import first_complaint
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.io.manifests.form import Manifest
from sedpipe.io.manifests.mixtures import MixtureManifest
from sedpipe.io.manifests.youtube import YoutubeManifest
from sedpipe.suggestions import did_you_mean

KINDS: dict[str, type[Manifest]] = {
    "mixtures": MixtureManifest,
    "folder": FolderManifest,
    "youtube": YoutubeManifest,
}
"""Forms by kind, a registry; :data:`sedpipe.sources.open.SOURCES` has the source of each."""

MOST_BYTES = 1024 * 1024


def load_manifest(name_or_path: str) -> Manifest:
    """Read and check a manifest.

    Parameters
    ----------
    name_or_path : str
        A name from :func:`manifest_names`, or the path of a ``.toml`` file.

    Raises
    ------
    ManifestError
        If there is no such dataset, or its manifest does not say what it should: names the file, the key, what
        was found and what was expected.
    """
    path = _locate(str(name_or_path))
    manifest = _checked(_parsed(path), path)
    try:
        manifest.read_companions()
    except ListFormatError as error:
        raise ManifestError(error.message, hint=f"{path} names this list") from error
    return manifest


def manifest_names() -> tuple[str, ...]:
    """Names of the datasets that come with sedpipe."""
    return tuple(sorted(path.stem for path in _shipped_folder().glob("*.toml")))


def _shipped_folder() -> Path:
    """Inside the package once installed, at the top of a checkout."""
    package = Path(__file__).resolve().parents[2]
    inside = package / "manifests"
    return inside if inside.is_dir() else package.parents[1] / "manifests"


def _locate(name_or_path: str) -> Path:
    if name_or_path.endswith(".toml") or "/" in name_or_path or "\\" in name_or_path:
        return Path(name_or_path)
    names = manifest_names()
    if name_or_path not in names:
        meant = did_you_mean(name_or_path, names) or f": {', '.join(names)}"
        raise ManifestError(
            f"{name_or_path!r} is not one of the {len(names)} datasets that come with sedpipe{meant}",
            hint=f"known are {', '.join(names)}; for a dataset of your own give the path of its .toml file",
        )
    return _shipped_folder() / f"{name_or_path}.toml"


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ManifestError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if len(raw) > MOST_BYTES:
        raise ManifestError(f"{path}: found more than {MOST_BYTES} bytes, expected a manifest of a few kilobytes")
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except RecursionError:
        raise ManifestError(f"{path}: found tables nested too deeply, expected a manifest") from None
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError, a number of thousands of digits
        raise ManifestError(_syntax_complaint(path, error)) from error


def _syntax_complaint(path: Path, error: ValueError) -> str:
    message = str(error)
    place = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if place is None:
        return f"{path}: not TOML: {message}"
    return f"{path}:{place[1]}: not TOML: {message[: place.start()]} (column {place[2]})"


def _checked(raw: dict[str, Any], path: Path) -> Manifest:
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        meant = did_you_mean(kind, KINDS) if isinstance(kind, str) else ""
        found = f"kind: found {kind!r}" if "kind" in raw else "kind is missing"
        raise ManifestError(f"{path}: {found}, expected one of {', '.join(KINDS)}{meant}")
    form = KINDS[kind]
    try:
        return form.model_validate(_tuples(raw), context={"path": path})
    except ValidationError as error:
        raise ManifestError(f"{path}: {first_complaint(error, form)}") from error


def _tuples(value: Any) -> Any:
    """TOML arrays as tuples: the forms are strict, and frozen all the way down."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value
