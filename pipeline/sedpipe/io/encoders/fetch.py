"""Bring the file of a pretrained encoder into a cache, once.

- :func:`keep_encoder`: take it from the user's files, folders or archives, from beside its TOML file, or download it
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sedpipe.commands import command
from sedpipe.errors import MissingStageError, SedpipeError
from sedpipe.features.encoders.runtimes import check_file
from sedpipe.io.encoders.cards import EncoderCard, shipped_card
from sedpipe.io.encoders.kept import encoder_path
from sedpipe.io.encoders.search import Search
from sedpipe.io.files.atomic import remove_leftovers, write_atomically
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.files.locks import wait_for
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
        Places to look for it, instead of downloading it: the file under any name, an archive such as a wheel that
        contains it, or a folder with either of them at any depth. It is identified by its bytes, not by its name.
    listener : Listener, optional
        Listener that receives progress and remarks.

    Returns
    -------
    Path
        The file in the cache.

    Raises
    ------
    SedpipeError
        If it is in none of the places, or cannot be downloaded.
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
        beside = card.path.parent / card.file.name  # where the file of a user's own encoder is
        search = Search(card.file)
        for place in places or [beside]:
            if (raw := search.look(place)) is not None:
                _keep(raw, card, path)
                return path
        if places:
            raise SedpipeError(
                f"{card.file.name} of the encoder {card.name} was not found: {search.findings}",
                hint=f"it has {card.file.bytes:,} bytes and the sha256 {card.file.sha256[:16]}...: "
                f"{_how_to_get(card, cache_dir)}",
            )
        if beside.is_file() and not card.is_public:
            raise _another_one(beside, card)
        _fetch(card, path, _how_to_get(card, cache_dir), listener)
    return path


def _keep(raw: bytes, card: EncoderCard, path: Path) -> None:
    check_file(raw, card.encoder)
    with write_atomically(path) as temporary:
        temporary.write_bytes(raw)


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
        search = Search(file)
        if (raw := search.look(kept)) is None:
            raise SedpipeError(f"{archive.address} is not an archive with the encoder {card.name}: {search.findings}")
        _keep(raw, card, path)
        kept.unlink()


def _another_one(beside: Path, card: EncoderCard) -> SedpipeError:
    found, n_bytes = sha256_of(beside), beside.stat().st_size
    sizes = "" if n_bytes == card.file.bytes else f", {n_bytes:,} bytes instead of {card.file.bytes:,}"
    return SedpipeError(
        f"{beside} is not the file that {card.path} describes: sha256 {found[:16]}... instead of "
        f"{card.file.sha256[:16]}...{sizes}",
        hint="if this is the file you mean, delete sha256 and bytes from the TOML",
    )


def _how_to_get(card: EncoderCard, cache_dir: Path) -> str:
    asked = str(card.path) if shipped_card(card.encoder) is None else card.name
    how = command("encoders", "fetch", asked, "--from", card.source, cache=cache_dir)
    where = f"; it is at {card.address}" if card.is_public else f"; {card.licence}: {card.path} says where it is"
    return f"run `{how}` with that file, or a folder that has it, from your disk{where}"
