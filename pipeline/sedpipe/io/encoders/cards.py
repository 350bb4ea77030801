"""Pretrained encoders as TOML files: those that come with sedpipe, and one's own.

- :class:`EncoderCard`: an encoder with all that a person should know of it
- :class:`EncoderFile`, :class:`Archive`: its file, and what that can be found in
- :func:`load_encoder`: by the name of one that comes with sedpipe, or by path
- :func:`shipped_card`: what is known of an encoder that a model names
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from sedpipe.errors import SettingsError
from sedpipe.features.encoders.encoder import FILE_NAME, Encoder, is_file_name
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.settings.shipped import PACKAGE, Shelf
from sedpipe.io.settings.toml import config_from, read_toml

MOST_BYTES = 2 * 2**30

LEAST_HOP_S, MOST_HOP_S = 0.001, 60.0
"""Seconds from one frame to the next: no sound is told to a millisecond, and an encoder is run once a frame."""

ENCODERS = Shelf("encoder", PACKAGE / "encoders")


@dataclass(frozen=True)
class Archive:
    """A zip or tar archive that an encoder's file can be found in.

    Parameters
    ----------
    name : str
        What it is called.
    sha256 : str
        Of its bytes, hex.
    bytes : int
        Its size.
    address : str
        Where it can be fetched; "" where it must be brought along.

    Raises
    ------
    ValueError
        If the name has a folder, or the size is not between 1 byte and 2 GiB.
    """

    name: str
    sha256: str
    bytes: int
    address: str = ""

    def __post_init__(self) -> None:
        if not is_file_name(self.name):
            raise ValueError(f"expected the name of an archive, without a folder, got {self.name!r}")
        if not 0 < self.bytes <= MOST_BYTES:
            raise ValueError(f"expected a size of 1 to {MOST_BYTES:,} bytes, got {self.bytes}")


@dataclass(frozen=True)
class EncoderFile:
    """The file of an encoder: the right one if its bytes are.

    Parameters
    ----------
    name : str
        What it is called, without a folder.
    sha256, bytes : str, int
        Of its bytes; a TOML of one's own, beside which the file lies, need not say them.
    address : str
        Where it can be fetched; "" where it cannot.
    archive : Archive, optional
        That it can be found in, too.

    Raises
    ------
    ValueError
        If the name has a folder, the size is not between 0 and 2 GiB, or there is an address without checksum and size.
    """

    name: str
    sha256: str = ""
    bytes: int = 0
    address: str = ""
    archive: Archive | None = None

    def __post_init__(self) -> None:
        if not is_file_name(self.name):  # before anything is looked for beside the TOML
            raise ValueError(f"expected {FILE_NAME}, got {self.name!r}")
        if not 0 <= self.bytes <= MOST_BYTES:
            raise ValueError(f"expected a size of at most {MOST_BYTES:,} bytes, got {self.bytes}")
        if bool(self.sha256) != bool(self.bytes) or (self.address and not self.sha256):
            raise ValueError("sha256 and bytes go together, and an address needs both")


@dataclass(frozen=True)
class _Table:
    """The keys of an encoder's TOML; see :class:`~sedpipe.features.encoders.encoder.Encoder` for most."""

    runtime: str
    file: EncoderFile
    sample_rate: int
    window: int
    hop: int
    dimensions: int
    trained_on: str
    licence: str
    title: str = ""
    heard: tuple[str, ...] = ()
    stride: int = 0
    output: str | int = ""
    network: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class EncoderCard:
    """An encoder with all that a person should know of it.

    Parameters
    ----------
    encoder : Encoder
        What decides values.
    file : EncoderFile
        Where it comes from.
    path : Path
        The TOML; a file of one's own lies beside it.
    hop : int
        Samples from one frame to the next, unless others are asked for.
    title, trained_on, licence : str
        For people.
    """

    encoder: Encoder
    file: EncoderFile
    path: Path
    hop: int
    title: str
    trained_on: str
    licence: str

    @property
    def name(self) -> str:
        """What it is called: as its TOML."""
        return self.encoder.name

    @property
    def address(self) -> str:
        """Where its file, or an archive that holds it, can be fetched; "" if nowhere."""
        return self.file.address or (self.file.archive.address if self.file.archive else "")

    @property
    def is_public(self) -> bool:
        """Whether it can be fetched."""
        return bool(self.address)

    @property
    def source(self) -> str:
        """What to look for, where it must be brought along."""
        return self.file.archive.name if self.file.archive else self.file.name

    @property
    def hop_s(self) -> float:
        """Seconds from one frame to the next, unless others are asked for."""
        return self.hop / self.encoder.sample_rate


def encoder_names() -> list[str]:
    """Names of the encoders that come with sedpipe, as descriptions; their files are fetched."""
    return ENCODERS.names


def load_encoder(name_or_path: str) -> EncoderCard:
    """Read and check an encoder's description.

    Parameters
    ----------
    name_or_path : str
        A name from :func:`encoder_names`, or the path of a ``.toml`` file.

    Raises
    ------
    SettingsError
        If there is no such encoder, or it has an unknown key or a value that cannot be used.
    """
    path = ENCODERS.find(name_or_path)
    table = config_from(_Table, read_toml(path), str(path))
    kept = ("runtime", "sample_rate", "window", "dimensions", "stride", "output", "network", "scale")
    try:
        file = _with_checksum(table.file, path)
        encoder = Encoder(
            path.stem, file=file.name, sha256=file.sha256, heard=table.heard,
            **{key: getattr(table, key) for key in kept},
        )  # fmt: skip
        _check_hop(table)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error
    return EncoderCard(encoder, file, path, table.hop, table.title or path.stem, table.trained_on, table.licence)


def _check_hop(table: _Table) -> None:
    rate = table.sample_rate
    least, most = math.ceil(LEAST_HOP_S * rate), math.floor(MOST_HOP_S * rate)
    if not least <= table.hop <= most:
        raise ValueError(
            f"hop must be {least:,} to {most:,} samples at {rate:,} Hz ({LEAST_HOP_S:g} to {MOST_HOP_S:g} s), "
            f"got {table.hop:,}"
        )


def _with_checksum(file: EncoderFile, toml: Path) -> EncoderFile:
    """What a TOML of one's own does not say of the file beside it."""
    if file.sha256:
        return file
    beside = toml.parent / file.name
    try:
        n_bytes = beside.stat().st_size
        if not 0 < n_bytes <= MOST_BYTES:  # before it is read
            raise ValueError(f"{beside} has {n_bytes:,} bytes, expected 1 to {MOST_BYTES:,}")
        return EncoderFile(file.name, sha256_of(beside), n_bytes)
    except OSError as error:
        raise SettingsError(
            f"{toml}: {beside} cannot be read: {error.strerror or error}",
            hint="put the file beside its TOML, or give sha256 and bytes of a file to download",
        ) from error


def shipped_card(encoder: Encoder) -> EncoderCard | None:
    """The card that comes with sedpipe of an encoder that a model names; None for one of somebody's own."""
    if encoder.name not in encoder_names():
        return None
    card = load_encoder(encoder.name)
    return card if card.encoder.sha256 == encoder.sha256 else None
