"""Manifests: a dataset is one TOML file, which describes where rows and audio come from.

- :func:`load_manifest`: read one by the name of a dataset that comes with sedpipe, or by path
- :func:`manifest_names`: the names of the datasets that come with sedpipe
- :data:`KINDS`: the kinds of datasets
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sedpipe.errors import ListFormatError, ManifestError
from sedpipe.io.complaints import first_complaint, shown
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.io.manifests.form import Manifest
from sedpipe.io.manifests.mixtures import MixtureManifest
from sedpipe.io.manifests.youtube import YoutubeManifest
from sedpipe.io.settings.shipped import PACKAGE, Shelf
from sedpipe.io.settings.toml import read_toml
from sedpipe.suggestions import did_you_mean

KINDS: dict[str, type[Manifest]] = {
    "mixtures": MixtureManifest,
    "folder": FolderManifest,
    "youtube": YoutubeManifest,
}
"""Registry of forms by kind; :data:`sedpipe.sources.open.SOURCES` has the source of each kind."""


def load_manifest(name_or_path: str) -> Manifest:
    """Read and check a manifest.

    Parameters
    ----------
    name_or_path : str
        A name from :func:`manifest_names`, or the path of a ``.toml`` file.

    Raises
    ------
    ManifestError
        If there is no such dataset, or its manifest is invalid: the message names the file, the key, what was found
        and what was expected.
    """
    path = _shelf().find(str(name_or_path))
    manifest = _checked(read_toml(path, ManifestError), path)
    try:
        manifest.read_companions()
    except ListFormatError as error:
        raise ManifestError(error.message, hint=f"{path} names this list") from error
    return manifest


def manifest_names() -> tuple[str, ...]:
    """Return the names of the datasets that come with sedpipe."""
    return tuple(_shelf().names)


def _shelf() -> Shelf:
    """Return the shelf of shipped manifests: inside an installed package, or at the top of a checkout."""
    inside = PACKAGE / "manifests"
    return Shelf("dataset", inside if inside.is_dir() else PACKAGE.parents[1] / "manifests", ManifestError)


def _checked(raw: dict[str, Any], path: Path) -> Manifest:
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        meant = did_you_mean(kind, KINDS) if isinstance(kind, str) else ""
        found = f"kind: found {shown(kind)}" if "kind" in raw else "kind is missing"
        raise ManifestError(f"{path}: {found}, expected one of {', '.join(KINDS)}{meant}")
    form = KINDS[kind]
    try:
        return form.model_validate(_tuples(raw), context={"path": path})
    except ValidationError as error:
        raise ManifestError(f"{path}: {first_complaint(error, form)}") from error


def _tuples(value: Any) -> Any:
    """Turn TOML arrays into tuples: the forms are strict, and frozen including all that they contain."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value
