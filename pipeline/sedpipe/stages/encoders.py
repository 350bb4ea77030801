"""``sedpipe encoders``: list pretrained encoders, and bring one into the cache.

- :func:`list_encoders`: encoders that come with sedpipe, whether their files are in the cache, and the user's encoders
- :func:`fetch_encoder`: bring the file of one encoder into the cache
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sedpipe.io.encoders.cards import EncoderCard, encoder_names, load_encoder
from sedpipe.io.encoders.fetch import keep_encoder
from sedpipe.io.encoders.kept import encoder_path, fault_of, fetch_command, kept_files
from sedpipe.listener import Listener
from sedpipe.reports.learning import EncodersReport, FetchReport, ListedEncoder, OwnEncoder


def list_encoders(cache_dir: Path) -> EncodersReport:
    """List all encoders that come with sedpipe, and the files of other encoders in the cache.

    Raises
    ------
    SedpipeError
        If a file in the cache cannot be read.
    """
    cards = [load_encoder(name) for name in encoder_names()]
    shipped = {encoder_path(cache_dir, card.encoder).parent for card in cards}
    own = [
        OwnEncoder(str(path), path.stat().st_size, sha256, "" if is_whole else "its sha256 differs")
        for path, sha256, is_whole in kept_files(cache_dir)
        if path.parent not in shipped
    ]
    return EncodersReport([_listed(card, cache_dir) for card in cards], own)


def fetch_encoder(
    name_or_path: str, cache_dir: Path, places: Sequence[Path] = (), listener: Listener | None = None
) -> FetchReport:
    """Bring an encoder's file into a cache, if it is not there yet.

    Parameters
    ----------
    name_or_path : str
        Name of an encoder that comes with sedpipe, or the path of a TOML.
    cache_dir : Path
        Folder of the cache.
    places : sequence of Path
        Places to take the file from instead of fetching it: files, archives, folders.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    SettingsError
        If the encoder does not exist.
    SedpipeError
        If its file is not in ``places``, or cannot be fetched.
    """
    card = load_encoder(name_or_path)
    keep_encoder(card, cache_dir, places, listener)
    return FetchReport(_listed(card, cache_dir))


def _listed(card: EncoderCard, cache_dir: Path) -> ListedEncoder:
    encoder, path = card.encoder, encoder_path(cache_dir, card.encoder)
    fault = fault_of(path, card)
    return ListedEncoder(
        name=card.name,
        title=card.title,
        dimensions=encoder.dimensions,
        hop_s=round(card.hop_s, 4),
        sample_rate=encoder.sample_rate,
        trained_on=card.trained_on,
        licence=card.licence,
        heard=list(encoder.heard),
        bytes=card.file.bytes,
        sha256=card.file.sha256,
        address=card.address,
        file=str(path) if path.is_file() else "",
        fault=fault,
        fetch=fetch_command(encoder, cache_dir) if fault or not path.is_file() else "",
    )
