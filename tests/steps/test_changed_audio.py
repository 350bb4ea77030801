import os
from pathlib import Path

import pytest
from own_dataset import Own
from sedpipe.listener import Listener
from sedpipe.steps.changed_audio import changed, perhaps_changed, report_changed_audio


class Remarks(Listener):
    """A listener that keeps the remarks."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def remark(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def own(tmp_path: Path) -> Own:
    made = Own(tmp_path, training=3)
    made.extract()
    return made


def told(own: Own) -> list[str]:
    listener = Remarks()
    report_changed_audio(own.cache, own.store(), own.clips, listener)
    return listener.lines


def test_features_of_unchanged_audio_give_no_remark(own: Own) -> None:
    assert (perhaps_changed(own.cache, own.store(), own.clips), told(own)) == ({}, [])


def test_features_of_replaced_audio_are_reported_until_they_are_recomputed(own: Own) -> None:
    own.record_audio(own.clips[1], seed=99)
    assert changed(own.cache, own.store(), own.clips, Listener()) == ["training-1"]
    assert told(own) == [
        "training: the audio of 1 clip ('training-1') has changed since the features were computed; the old features "
        f"are used: run `sedpipe features own --cache {own.root}` again, with the same options"
    ]
    own.extract()
    assert told(own) == []


def test_an_audio_file_with_only_a_new_timestamp_is_not_reported(own: Own) -> None:
    os.utime(own.cache.audio_path(own.clips[0]), ns=(1, 1))
    assert list(perhaps_changed(own.cache, own.store(), own.clips)) == ["training-0"]
    assert told(own) == []


def test_features_whose_audio_was_deleted_give_no_remark(own: Own) -> None:
    own.cache.audio_path(own.clips[0]).unlink()
    assert told(own) == []


def test_clips_with_audio_but_no_features_are_reported_unless_they_failed(own: Own) -> None:
    own.clips += [own.clip("training", 3), own.clip("training", 4)]
    own.list_clips(own.clips)
    own.record_audio(own.clips[3], seed=3)
    assert told(own) == [
        "training: 1 clip ('training-3') left out, whose features are not computed yet: "
        f"run `sedpipe features own --cache {own.root}` again, with the same options"
    ]
    own.cache.audio_path(own.clips[3]).write_bytes(b"no audio")
    own.extract()
    assert told(own) == []
