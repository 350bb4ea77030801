"""``sedpipe demo``: the whole pipeline on the built-in dataset, with a trained and, to compare, an untrained network.

- :func:`demo`: download, features, train, score
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.records.scores import ScoreReport
from sedpipe.listener import Listener, clock
from sedpipe.reports.scores import DemoReport
from sedpipe.stages.download import download
from sedpipe.stages.features import extract_features
from sedpipe.stages.score import score
from sedpipe.stages.train import train
from sedpipe.training.settings import TrainSettings
from sedpipe.wording import counted

DATASET = "demo"


def demo(cache_dir: Path, settings: TrainSettings, *, jobs: int = 1, listener: Listener | None = None) -> DemoReport:
    """Run every stage on the built-in dataset; a second call only makes what is missing.

    Parameters
    ----------
    cache_dir : Path
        Folder of the cache.
    settings : TrainSettings
        Settings of the trained run.
    jobs : int
        Number of worker processes.
    listener : Listener, optional
        Receiver of progress and remarks.
    """
    listener, began = listener or Listener(), time.monotonic()
    listener.say("1/4 download: synthesising soundscapes of 17 classes, no network needed")
    made = download(load_manifest(DATASET), cache_dir, jobs=jobs, listener=listener)
    listener.say(f"    {_counted(made.splits, 'ok')} clips of 10 s, {clock(time.monotonic() - began)}")
    dataset = Dataset(cache_dir, DATASET)
    spec = FeatureSpec.of_clips(dataset.read_record().clip_format)
    listener.say("2/4 features: log-mel spectrograms")
    features = extract_features(dataset, spec, jobs=jobs, listener=listener)
    listener.say(f"    {_counted(features.splits, 'clips')} spectrograms, {clock(time.monotonic() - began)} so far")
    listener.say("3/4 train: from weak labels only")
    untrained = replace(settings, training=replace(settings.training, epochs=0))
    chance = train(dataset, untrained, spec, run_name="untrained", listener=listener)
    trained = train(dataset, settings, spec, listener=listener)
    listener.say(f"    {trained.run}: {counted(trained.epochs, 'epoch')}, {clock(time.monotonic() - began)} so far")
    listener.say("4/4 score: on clips that were never trained or tuned on")
    scores = _score(trained.run, dataset, settings, listener)
    return DemoReport(
        score=scores,
        untrained=_score(chance.run, dataset, settings, listener),
        seconds=round(time.monotonic() - began, 1),
        clip=_clip_with_an_event(dataset, scores.estimated),
    )


def _counted(splits: Mapping[str, object], what: str) -> str:
    return f"{sum(getattr(counts, what) for counts in splits.values()):,}"


def _clip_with_an_event(dataset: Dataset, estimated: str) -> str:
    """Return the path of the audio of the first scored clip with an estimated event; empty if there is no such clip."""
    events = read_event_list(Path(estimated))
    clips = (clip for clip in dataset.read_clips()["evaluation"] if events.get(clip.clip_id))
    return next((str(dataset.audio_path(clip)) for clip in clips), "")


def _score(run: str, dataset: Dataset, settings: TrainSettings, listener: Listener) -> ScoreReport:
    return score(dataset, run=run, split="evaluation", device=settings.device, listener=listener)
