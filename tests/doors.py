"""The four ways in which a recording enters sedpipe, and how long it is after each of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import soundfile
from sedpipe.clips import Clip
from sedpipe.errors import AudioError
from sedpipe.io.audio.waveforms import Recording, read_waveform
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.manifests.load import load_manifest
from sedpipe.sources.access import Access
from sedpipe.sources.adoption import adopt
from sedpipe.sources.folder import FolderSource

RATE = 16_000

Outcome = float | str
"""Seconds, or the reason why there are none."""


def through_folder(folder: Path, names: list[str], label: str = "Bird") -> dict[str, Outcome]:
    (folder / "weak.tsv").write_text("filename\tevent_label\n" + "".join(f"{name}\t{label}\n" for name in names))
    (folder / "doors.toml").write_text(
        f'name = "doors"\nkind = "folder"\nlabels = ["Bird"]\nclip_s = 60\nsample_rate = {RATE}\n'
        '[splits.training]\nweak = "weak.tsv"\n'
    )
    cache = Dataset(folder / "cache", "doors")
    source = FolderSource(load_manifest(str(folder / "doors.toml")), cache, Access())  # type: ignore[arg-type]
    [rows] = source.resolve()
    of_clip = {clip.clip_id: clip for clip in rows.clips}
    found: dict[str, Outcome] = {}
    for fate in source.fetch(rows.clips):
        clip = of_clip[fate.clip_id]
        stored = cache.audio_path(clip)
        assert stored.exists() == (fate.state == "ok")
        found[clip.source] = soundfile.info(stored).duration if fate.state == "ok" else fate.reason
    return found


def through_adoption(folder: Path, names: list[str], length_s: float) -> dict[str, Outcome]:
    """Adopt each recording under the name of a clip of ``length_s``, which is a little longer than the recording."""
    cache, clips = Dataset(folder / "adopted", "videos"), {}
    (folder / "mine").mkdir()
    for number, name in enumerate(names):
        clip = Clip(f"vid{number:08d}_0.000_{length_s:.3f}", "training", f"vid{number:08d}", 0.0, length_s, ("Bird",))
        shutil.copy(folder / name, folder / "mine" / f"{clip.clip_id}{Path(name).suffix}")
        clips[name] = clip
    listed = list(clips.values())
    adopted = adopt([str(folder / "mine")], listed, listed, cache, 1, sample_rate=RATE)
    fates = {fate.clip_id: fate for fate in adopted}
    return {
        name: fates[clip.clip_id].duration if fates[clip.clip_id].state == "ok" else fates[clip.clip_id].message
        for name, clip in clips.items()
    }


def through_prediction(path: Path) -> Outcome:
    try:
        return sum(len(block) for block in Recording(path).resampled(RATE)) / RATE
    except AudioError as error:
        return str(error.failure.reason)  # type: ignore[attr-defined]


def through_mixing(path: Path) -> Outcome:
    try:
        return len(read_waveform(path, RATE, "float64")) / RATE
    except AudioError as error:
        return str(error.failure.reason)  # type: ignore[attr-defined]
