"""Files of pretrained encoders in a cache: known by their checksum, shared by all datasets.

- :func:`encoder_path`: where one lies
- :class:`KeptWeights`: one as a front end reads it
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sedpipe.commands import command
from sedpipe.errors import MissingStageError, SedpipeError
from sedpipe.features.encoders.encoder import Encoder
from sedpipe.io.encoders.cards import shipped_card


def encoder_path(cache_dir: Path, encoder: Encoder) -> Path:
    """Where an encoder's file lies in a cache; another file has another place."""
    return cache_dir.absolute() / "sources" / "encoders" / encoder.sha256[:16] / encoder.file


@dataclass(frozen=True)
class KeptWeights:
    """The file of an encoder in a cache; see :class:`~sedpipe.features.encoders.encoder.Weights`."""

    cache_dir: Path
    encoder: Encoder

    def read(self) -> bytes:
        """Its bytes; :class:`SedpipeError` if it is not there, or another one."""
        path = encoder_path(self.cache_dir, self.encoder)
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise not_there(self.encoder, self.cache_dir) from error
        if hashlib.sha256(raw).hexdigest() != self.encoder.sha256:
            raise SedpipeError(
                f"{path} is not the file of the encoder {self.encoder.name}: its sha256 differs",
                hint=f"delete it and run `{command('encoders', 'fetch', self.encoder.name, cache=self.cache_dir)}`",
            )
        return raw


def not_there(encoder: Encoder, cache_dir: Path) -> MissingStageError:
    """That an encoder's file is not in a cache, and the command that brings it."""
    known = shipped_card(encoder)
    if known is None:
        how, remark = ["ITS.toml"], f" with the TOML that describes {encoder.file}"
    else:
        how, remark = [encoder.name, *([] if known.is_public else ["--from", known.source])], ""
    return MissingStageError(
        f"the encoder {encoder.name} (sha256 {encoder.sha256[:16]}...) is not in {cache_dir}",
        hint=f"run `{command('encoders', 'fetch', *how, cache=cache_dir)}`{remark} first",
    )
