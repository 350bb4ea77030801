"""Files that users provide: lists in all formats, TOML files, encoders, recordings and archives of recordings.

- :data:`BROUGHT`: each file with the function that reads it
"""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path

import numpy as np
from sedpipe.clips import ClipFormat
from sedpipe.failures import FailedClipError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.audio.cut import cut
from sedpipe.io.audio.survey import survey
from sedpipe.io.encoders.front_end import encoders_front_end, with_encoder_files
from sedpipe.io.files.archives import ArchiveError, is_archive, read_members
from sedpipe.io.lists.durations import read_durations
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.lists.read import read_annotations
from sedpipe.io.lists.weak import read_weak_list
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.settings.front_ends import load_front_end
from sedpipe.io.settings.presets import load_preset
from sedpipe.io.settings.recipes import load_recipe
from sedpipe.labels import LabelSet
from sedpipe.stages.check import check
from sedpipe.stages.download import download
from sedpipe.stages.init import init
from sedpipe.stages.predict import predict
from sedpipe.stages.score_lists import score_lists

from fuzz.surface import Surface, of_file

LABELS = LabelSet(("Low tone", "High tone"))
EVENTS = Path("testing-events.tsv")


def _survey(path: Path) -> object:
    """Return the survey of a recording, and the checksum of a cut from it, or only the failure if the cut is bad."""
    found = survey(path)
    try:
        piece = cut(path, 0.1, 0.5, 8_000)
    except FailedClipError as error:
        return found.fault, error.failure
    return found.fault, found.n_samples, sha256(piece.samples.tobytes()).hexdigest()


def _unpack(path: Path) -> object:
    """Return every member of an archive, with its checksum or its error."""
    if not is_archive(path):
        return None
    members = []
    for name, unpack in read_members(path):
        sink = io.BytesIO()
        try:
            unpack(sink)
        except ArchiveError as error:
            members.append((name, error.message))
        else:
            members.append((name, sha256(sink.getvalue()).hexdigest()))
    return members


def _hear(toml: str) -> object:
    """Return the shape of an encoder's output for half a second of silence."""
    front_end = encoders_front_end(toml, clips=ClipFormat(0.5))
    ready = with_encoder_files(FeatureSpec(front_end), Path("elsewhere")).front_end
    return ready.frames_of(np.zeros(front_end.sample_rate // 2, np.float32), front_end.n_frames).shape


def _score_lists(estimated: str) -> object:
    return score_lists(EVENTS, Path(estimated), durations=Path("durations.tsv"))


def _download(*, dry_run: bool = False) -> object:
    return download(load_manifest("tones.toml"), Path("elsewhere"), dry_run=dry_run).splits


def _list(name: str) -> Surface:
    path = Path("lists") / name
    return of_file(f"list {name}", path, lambda: read_annotations(path, "either").rows)


def _recording(suffix: str) -> Surface:
    path = Path("formats") / f"tone.{suffix}"
    return of_file(f"recording {suffix}", path, lambda: _survey(path), is_text=False)


def _archive(suffix: str) -> Surface:
    path = Path("formats") / f"tones.{suffix}"
    return of_file(f"archive {suffix}", path, lambda: _unpack(path), is_text=False)


_LISTS = (
    of_file("weak list", "testing.tsv", lambda: read_weak_list(Path("testing.tsv"), LABELS)),
    of_file("event list", EVENTS, lambda: read_event_list(EVENTS, LABELS)),
    of_file("durations", "durations.tsv", lambda: read_durations(Path("durations.tsv"))),
    of_file("lists, download", EVENTS, lambda: _download(dry_run=True)),
    of_file("estimated, score", "estimated.tsv", lambda: _score_lists("estimated.tsv")),
    of_file("reference, score", EVENTS, lambda: _score_lists("estimated.tsv")),
    of_file("durations, score", "durations.tsv", lambda: _score_lists("estimated.tsv")),
    of_file("list, init", "labelled/labels.csv", lambda: init(Path("labelled"), out=Path("own"), name="own")),
    of_file("list, check", "training-events.tsv", lambda: check(load_manifest("tones.toml"))),
    of_file("SPRSound, init", "spr/train_json/65097857_4.1_1_p1_39.json", lambda: init(Path("spr"), out=Path("own"))),
    *map(_list, ("audacity.txt", "raven.txt", "own.csv", "segments.csv", "studio.json", "rows.json")),
    of_file("list heard", "heard/tone.wav.json", lambda: read_annotations(Path("heard/tone.wav.json"))),
)  # fmt: skip
_SETTINGS = (
    of_file("manifest", "tones.toml", lambda: load_manifest("tones.toml").fingerprint),
    of_file("preset", "tiny.toml", lambda: load_preset("tiny.toml")),
    of_file("recipe", "recipe.toml", lambda: load_recipe("recipe.toml")),
    of_file("front end", "front_end.toml", lambda: load_front_end(Path("front_end.toml"))),
    of_file("encoder", "ears.toml", lambda: encoders_front_end("./ears.toml")),
    of_file("encoder's file", "ears.onnx", lambda: _hear("./ears.toml"), is_text=False),
    of_file("encoder, hears", "ears.toml", lambda: _hear("./ears.toml")),
)
_RECORDINGS = (
    *map(_recording, ("wav", "aiff", "flac", "mp3", "m4a", "webm")),
    of_file("recording, download", "recordings/testing-0.flac", _download, is_text=False, is_slow=True),
    of_file("recording, predict", "recordings/testing-0.flac",
            lambda: [file.state for file in predict([Path("recordings/testing-0.flac")], "./export").files],
            is_text=False),
    *map(_archive, ("zip", "tar", "tar.xz")),
)  # fmt: skip
BROUGHT = (*_LISTS, *_SETTINGS, *_RECORDINGS)
