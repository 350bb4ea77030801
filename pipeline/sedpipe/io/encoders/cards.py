"""Descriptions of pretrained encoders as TOML files: those that come with sedpipe, and the user's own.

- :class:`EncoderCard`: an encoder with all that a user should know about it
- :class:`EncoderFile`, :class:`Archive`: its file, and an archive that contains the file
- :func:`load_encoder`: the card of an encoder that comes with sedpipe, by name, or of any other, by path
- :func:`shipped_card`: the card of an encoder that a model names
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
"""Limits of the hop in seconds: no sound is located to the millisecond, and an encoder is run once per frame."""

ENCODERS = Shelf("encoder", PACKAGE / "encoders")


@dataclass(frozen=True)
class Archive:
    """A zip or tar archive that contains an encoder's file.

    Parameters
    ----------
    name : str
        File name of the archive, without a folder.
    sha256 : str
        Checksum of its bytes, hex.
    bytes : int
        Size in bytes.
    address : str
        Address from which it can be downloaded; "" if the user must provide it.

    Raises
    ------
    ValueError
        If the name contains a folder, or the size is not between 1 byte and 2 GiB.
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
    """The file of an encoder, which is identified by its bytes.

    Parameters
    ----------
    name : str
        File name, without a folder.
    sha256, bytes : str, int
        Checksum and size in bytes; a user's own TOML file, with the encoder's file beside it, may omit both.
    address : str
        Address from which it can be downloaded; "" if there is none.
    archive : Archive, optional
        Archive that contains the file, too.

    Raises
    ------
    ValueError
        If the name contains a folder, the size is not between 0 and 2 GiB, only one of checksum and size is given, or
        there is an address without them.
    """

    name: str
    sha256: str = ""
    bytes: int = 0
    address: str = ""
    archive: Archive | None = None

    def __post_init__(self) -> None:
        if not is_file_name(self.name):  # checked before any file is looked for beside the TOML file
            raise ValueError(f"expected {FILE_NAME}, got {self.name!r}")
        if not 0 <= self.bytes <= MOST_BYTES:
            raise ValueError(f"expected a size of at most {MOST_BYTES:,} bytes, got {self.bytes}")
        if bool(self.sha256) != bool(self.bytes) or (self.address and not self.sha256):
            raise ValueError("sha256 and bytes go together, and an address needs both")


@dataclass(frozen=True)
class _Table:
    """The keys of an encoder's TOML file; for most, see :class:`~sedpipe.features.encoders.encoder.Encoder`."""

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
    """An encoder with all that a user should know about it.

    Parameters
    ----------
    encoder : Encoder
        The properties that determine the values of its embeddings.
    file : EncoderFile
        Its file, and where that comes from.
    path : Path
        The TOML file; the file of a user's own encoder is beside it.
    hop : int
        Samples from one frame to the next, unless another hop is requested.
    title, trained_on, licence : str
        Information for people.
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
        """Name of the encoder, which is that of its TOML file."""
        return self.encoder.name

    @property
    def address(self) -> str:
        """Address from which its file, or an archive that contains it, can be downloaded; "" if there is none."""
        return self.file.address or (self.file.archive.address if self.file.archive else "")

    @property
    def is_public(self) -> bool:
        """Whether its file can be downloaded."""
        return bool(self.address)

    @property
    def source(self) -> str:
        """Name of the file or archive to look for, if the user must provide it."""
        return self.file.archive.name if self.file.archive else self.file.name

    @property
    def hop_s(self) -> float:
        """Seconds from one frame to the next, unless another hop is requested."""
        return self.hop / self.encoder.sample_rate


def encoder_names() -> list[str]:
    """Return the names of the encoders whose descriptions come with sedpipe; their files must be fetched."""
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
    """Return the file with checksum and size, taken from the file beside a user's own TOML file if that omits them."""
    if file.sha256:
        return file
    beside = toml.parent / file.name
    try:
        n_bytes = beside.stat().st_size
        if not 0 < n_bytes <= MOST_BYTES:  # checked before the file is read
            raise ValueError(f"{beside} has {n_bytes:,} bytes, expected 1 to {MOST_BYTES:,}")
        return EncoderFile(file.name, sha256_of(beside), n_bytes)
    except OSError as error:
        raise SettingsError(
            f"{toml}: {beside} cannot be read: {error.strerror or error}",
            hint="put the file beside its TOML, or give sha256 and bytes of a file to download",
        ) from error


def shipped_card(encoder: Encoder) -> EncoderCard | None:
    """Return the card, among those that come with sedpipe, of an encoder that a model names; None for any other."""
    if encoder.name not in encoder_names():
        return None
    card = load_encoder(encoder.name)
    return card if card.encoder.sha256 == encoder.sha256 else None
