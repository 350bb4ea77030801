"""The source of each kind of dataset.

- :data:`SOURCES`: kind -> source, a registry
- :func:`open_source`: manifest -> its source
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sedpipe.errors import ManifestError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.manifests.form import Manifest
from sedpipe.sources.access import Access
from sedpipe.sources.folder import FolderSource
from sedpipe.sources.mixtures import MixtureSource
from sedpipe.sources.source import Source
from sedpipe.sources.youtube import YoutubeSource
from sedpipe.suggestions import did_you_mean

# Any: a source takes a manifest of its own kind, whose form has the same key in io.manifests.load.KINDS
SOURCES: dict[str, Callable[[Any, Dataset, Access], Source]] = {
    "mixtures": MixtureSource,
    "folder": FolderSource,
    "youtube": YoutubeSource,
}


def open_source(manifest: Manifest, cache: Dataset, access: Access) -> Source:
    """Open the source for a manifest's kind of dataset.

    Raises
    ------
    ManifestError
        If there is no source for this kind.
    """
    opened = SOURCES.get(manifest.kind)
    if opened is None:
        meant = did_you_mean(manifest.kind, SOURCES)
        raise ManifestError(
            f"{manifest.path}: there is no source for the kind {manifest.kind!r}{meant}",
            hint=f"known: {', '.join(SOURCES)}; a new one is registered in sedpipe.sources.open.SOURCES",
        )
    return opened(manifest, cache, access)
