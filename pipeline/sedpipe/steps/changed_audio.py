"""Checks that stored features still belong to the audio of their clips, which may have been replaced since.

Labels and events are always those of the current clips: with features of other audio, a network would learn that one
recording sounds like another. Features whose audio has been deleted remain valid.

- :func:`perhaps_changed`: clips whose audio files may have changed since features were made, without reading them
- :func:`changed`: clips whose audio files have changed
- :func:`report_changed_audio`: report these, and clips that have no features yet
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sedpipe.clips import Clip
from sedpipe.io.cache.audio_checksums import AudioChecksums
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.files.checksums import sha256_of
from sedpipe.listener import Listener
from sedpipe.steps.feature_plan import FeatureFolder, audio_of_splits, read_failed
from sedpipe.wording import counted, of_some


def perhaps_changed(cache: Dataset, store: Path, clips: Sequence[Clip]) -> dict[str, str]:
    """Return clips whose audio has another size or time than when features were made, or is known to be other audio.

    Parameters
    ----------
    cache : Dataset
    store : Path
        Feature store, ``<split>.h5``.
    clips : sequence of Clip
        Clips of one split.

    Returns
    -------
    dict of str to str
        sha256 of the audio that the stored features were computed from, by ``clip_id``.

    Raises
    ------
    DamagedStoreError
        If the store cannot be read.
    """
    file = FeatureFile(store)
    try:
        stored = dict(zip(file.clip_ids, file.audio_sha256, strict=True))
    finally:
        file.close()
    known = AudioChecksums(FeatureFolder(store.parent).checksums(store.stem))
    return {
        clip_id: stored[clip_id]
        for clip_id, status in audio_of_splits(cache, {store.stem: clips})[store.stem].items()
        if clip_id in stored and known.find(clip_id, *status) != stored[clip_id]
    }


def changed(cache: Dataset, store: Path, clips: Sequence[Clip], listener: Listener) -> list[str]:
    """Return clips whose stored features were made from other audio; read only what :func:`perhaps_changed` names."""
    folder, unsure = cache.audio_dir(store.stem), perhaps_changed(cache, store, clips)
    if not unsure:
        return []
    return [  # in a cache that was copied without file times, this reads all audio
        clip_id
        for clip_id, sha256 in listener.track(unsure.items(), len(unsure), "audio files")
        if _sha256_now(folder / audio_name(clip_id)) not in ("", sha256)
    ]


def report_changed_audio(cache: Dataset, store: Path, clips: Sequence[Clip], listener: Listener) -> None:
    """Report clips whose features were made from other audio, and clips with audio but without features."""
    split, again = store.stem, f"run `{cache.command('features')}` again, with the same options"
    if other := changed(cache, store, clips, listener):
        listener.remark(
            f"{split}: the audio of {counted(len(other), 'clip')} ({of_some(other)}) has changed since the "
            f"features were computed; the old features are used: {again}"
        )
    file = FeatureFile(store)
    held = {*file.clip_ids, *read_failed(FeatureFolder(store.parent).failed(split))}
    file.close()
    without = [clip_id for clip_id in audio_of_splits(cache, {split: clips})[split] if clip_id not in held]
    if without:
        listener.remark(
            f"{split}: {counted(len(without), 'clip')} ({of_some(without)}) left out, whose features are not computed "
            f"yet: {again}"
        )


def _sha256_now(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError:  # deleted meanwhile, or an error that is reported elsewhere
        return ""
