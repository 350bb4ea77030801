from pathlib import Path

import pytest
from builders import tiny_mixtures
from sedpipe.errors import ManifestError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.manifests.load import KINDS, load_manifest
from sedpipe.sources.access import Access
from sedpipe.sources.mixtures import MixtureSource
from sedpipe.sources.open import SOURCES, open_source


def test_every_kind_of_manifest_has_a_source() -> None:
    assert SOURCES.keys() == KINDS.keys()


def test_the_kind_of_a_manifest_selects_its_source_and_an_unknown_kind_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, cache = load_manifest(str(tiny_mixtures(tmp_path, "tiny"))), Dataset(tmp_path, "tiny")
    assert isinstance(open_source(manifest, cache, Access()), MixtureSource)
    monkeypatch.delitem(SOURCES, "mixtures")
    with pytest.raises(ManifestError, match="there is no source for the kind 'mixtures'"):
        open_source(manifest, cache, Access())
