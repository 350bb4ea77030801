"""Files of pretrained encoders in a cache: identified by their checksum, shared by all datasets.

- :func:`encoder_path`: path of an encoder's file
- :func:`fault_of`: what is wrong with the file at that path
- :func:`kept_files`: all files of encoders in a cache
- :func:`fetch_command`: the command that fetches a file
- :func:`fetch_hint`, :func:`not_there`: what to do if a file is missing
- :class:`KeptWeights`: a file as a front end reads it
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sedpipe.commands import command
from sedpipe.errors import MissingStageError, SedpipeError
from sedpipe.features.encoders.encoder import Encoder
from sedpipe.io.encoders.cards import EncoderCard, shipped_card
from sedpipe.io.files.checksums import sha256_in_cache
from sedpipe.io.files.reading import entries, is_there

_NO_ENCODERS = (".lock", ".part")
_BEGIN_OF_SHA256 = re.compile(r"[0-9a-f]{16}")


def encoder_path(cache_dir: Path, encoder: Encoder) -> Path:
    """Return the path of an encoder's file in a cache, which differs between files."""
    return _folder(cache_dir) / encoder.sha256[:16] / encoder.file


def fault_of(path: Path, card: EncoderCard) -> str:
    """Return what is wrong with the file of an encoder in a cache; "" if nothing is, or the file is missing.

    Raises
    ------
    SedpipeError
        If the file cannot be read.
    """
    if not is_there(path):
        return ""
    n_bytes = path.stat().st_size
    if n_bytes != card.file.bytes:
        return f"it has {n_bytes:,} bytes instead of {card.file.bytes:,}"
    return "" if sha256_in_cache(path) == card.file.sha256 else "its sha256 differs"


def kept_files(cache_dir: Path) -> Iterator[tuple[Path, str, bool]]:
    """Yield path and sha256 of each encoder's file in a cache, and whether its content is still what was stored there.

    Raises
    ------
    SedpipeError
        If a file cannot be read.
    """
    for folder in entries(_folder(cache_dir)):
        if not folder.is_dir() or _BEGIN_OF_SHA256.fullmatch(folder.name) is None:
            continue
        for path in entries(folder):
            if path.is_file() and path.suffix not in _NO_ENCODERS:
                sha256 = sha256_in_cache(path)
                yield path, sha256, sha256.startswith(folder.name)


def fetch_command(encoder: Encoder, cache_dir: Path | None) -> str:
    """Return the command that fetches an encoder's file; ``ITS.toml`` stands for the TOML file of a user's own."""
    card = shipped_card(encoder)
    how = ["ITS.toml"] if card is None else [card.name, *([] if card.is_public else ["--from", card.source])]
    return command("encoders", "fetch", *how, cache=cache_dir)


def _folder(cache_dir: Path) -> Path:
    return cache_dir.absolute() / "sources" / "encoders"


@dataclass(frozen=True)
class KeptWeights:
    """The file of an encoder in a cache; see :class:`~sedpipe.features.encoders.encoder.Weights`."""

    cache_dir: Path
    encoder: Encoder

    def read(self) -> bytes:
        """Read the file; :class:`SedpipeError` if it is missing, or its sha256 differs."""
        path = encoder_path(self.cache_dir, self.encoder)
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise not_there(self.encoder, self.cache_dir) from error
        if hashlib.sha256(raw).hexdigest() != self.encoder.sha256:
            raise SedpipeError(
                f"{path} is not the file of the encoder {self.encoder.name}: its sha256 differs",
                hint=f"run {fetch_hint(self.encoder, self.cache_dir)}: it replaces it",
            )
        return raw


def not_there(encoder: Encoder, cache_dir: Path) -> MissingStageError:
    """Return the error for an encoder's file that is not in a cache; its hint names the command that fetches it."""
    return MissingStageError(
        f"the encoder {encoder.name} (sha256 {encoder.sha256[:16]}...) is not in {cache_dir}",
        hint=f"run {fetch_hint(encoder, cache_dir)} first",
    )


def fetch_hint(encoder: Encoder, cache_dir: Path | None = None) -> str:
    """Return the command that fetches an encoder's file, as part of a sentence."""
    remark = f" with the TOML that describes {encoder.file}" if shipped_card(encoder) is None else ""
    return f"`{fetch_command(encoder, cache_dir)}`{remark}"
