"""``sedpipe demo``: the whole pipeline on the built-in dataset, an untrained network beside the trained one.

- :func:`demo`: download, features, train, score
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.records.scores import ScoreReport
from sedpipe.listener import Listener
from sedpipe.reports.scores import DemoReport
from sedpipe.stages.download import download
from sedpipe.stages.features import extract_features
from sedpipe.stages.score import score
from sedpipe.stages.train import train
from sedpipe.training.settings import TrainSettings

DATASET = "demo"


def demo(cache_dir: Path, settings: TrainSettings, *, jobs: int = 1, listener: Listener | None = None) -> DemoReport:
    """Run every stage on the built-in dataset; run again, only what is missing is made.

    Parameters
    ----------
    cache_dir : Path
        The cache.
    settings : TrainSettings
        Of the trained run.
    jobs : int
        Worker processes.
    listener : Listener, optional
        Hears of progress.
    """
    listener = listener or Listener()
    listener.say("1/4 download: synthesising soundscapes of 17 classes")
    download(load_manifest(DATASET), cache_dir, jobs=jobs, listener=listener)
    dataset = Dataset(cache_dir, DATASET)
    spec = FeatureSpec.of_clips(dataset.read_record().clip_format)
    listener.say("2/4 features: log-mel spectrograms")
    extract_features(dataset, spec, jobs=jobs, listener=listener)
    listener.say("3/4 train")
    untrained = replace(settings, training=replace(settings.training, epochs=0))
    chance = train(dataset, untrained, spec, run_name="untrained", listener=listener)
    trained = train(dataset, settings, spec, listener=listener)
    listener.say("4/4 score")
    return DemoReport(
        score=_score(trained.run, dataset, settings, listener),
        untrained=_score(chance.run, dataset, settings, listener),
    )


def _score(run: str, dataset: Dataset, settings: TrainSettings, listener: Listener) -> ScoreReport:
    return score(dataset, run=run, split="evaluation", device=settings.device, listener=listener)
