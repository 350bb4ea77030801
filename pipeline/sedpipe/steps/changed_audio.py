"""Whether stored features still belong to the audio of their clips, which may have been made again since.

Labels and events are always those of the clips as they are now: with features of other audio, a network would learn
that one recording sounds like another. Features whose audio was freed are what they were.

- :func:`perhaps_changed`: clips whose audio files are other ones than those that were read; reads none of them
- :func:`changed`: those of which that is true
- :func:`tell_of_changed`: the same in a sentence, with clips that have no features yet
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
    """Clips whose audio has another size or time than when features were made, or is known to be other audio.

    Parameters
    ----------
    cache : Dataset
    store : Path
        ``<split>.h5``.
    clips : sequence of Clip
        Of one split.

    Returns
    -------
    dict of str to str
        sha256 of the audio that the stored features were made of, by ``clip_id``.

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
    """Clips whose stored features are of other audio than is there; reads what :func:`perhaps_changed` names."""
    folder, unsure = cache.audio_dir(store.stem), perhaps_changed(cache, store, clips)
    if not unsure:
        return []
    return [  # of a cache that was copied without its times, this reads all audio there is
        clip_id
        for clip_id, sha256 in listener.track(unsure.items(), len(unsure), "audio files")
        if _sha256_now(folder / audio_name(clip_id)) not in ("", sha256)
    ]


def tell_of_changed(cache: Dataset, store: Path, clips: Sequence[Clip], listener: Listener) -> None:
    """Tell of clips whose features are of other audio, and of clips with audio that have none yet."""
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
    except OSError:  # gone meanwhile, or for others to complain of
        return ""
