"""Draw one clip: its log-mel spectrogram, the reference events and the events that a run estimated.

    python docs/draw_clip.py demo evaluation-00003 docs/clip.png

Run ``sedpipe demo`` (or download, features, train and score of another dataset) first. Needs matplotlib.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sedpipe.events import Event
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.runs import find_run
from sedpipe.io.lists.events import read_event_list

REFERENCE, ESTIMATED = "#2a9d8f", "#e76f51"


def draw(cache: Dataset, clip_id: str, picture: Path) -> None:
    """Write the picture of a clip; the run is the newest."""
    split = next(clip.split for clips in cache.read_clips().values() for clip in clips if clip.clip_id == clip_id)
    run, front_end = find_run(cache, None), LogMelConfig()
    file = FeatureFile(cache.features_dir(FeatureSpec(front_end).fingerprint) / f"{split}.h5")
    spectrogram = file.read(file.clip_ids.index(clip_id)).features.astype(np.float32)
    reference = read_event_list(cache.reference_path(split))[clip_id]
    estimated = read_event_list(run.estimated_path(split)).get(clip_id, [])

    labels = sorted({event.label for event in [*reference, *estimated]})
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(9, 4.6), sharex=True, height_ratios=[2, 0.5 + 0.4 * len(labels)], layout="constrained"
    )
    extent = (0.0, front_end.n_samples / front_end.sample_rate, 0.0, float(front_end.n_mels))
    above.imshow(spectrogram.T, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=-75, vmax=-5)
    above.set(ylabel="mel band", title=f"{cache.name} {clip_id}, {run.name}")
    _draw_events(below, labels, reference, REFERENCE, "reference", 0.18)
    _draw_events(below, labels, estimated, ESTIMATED, "estimated", -0.18)
    below.set(xlabel="seconds", yticks=range(len(labels)), yticklabels=labels, ylim=(len(labels) - 0.5, -0.5))
    figure.legend(*below.get_legend_handles_labels(), loc="outside lower right", ncols=2, frameon=False)
    figure.savefig(picture, dpi=80)


def _draw_events(
    axes: plt.Axes, labels: list[str], events: list[Event], colour: str, name: str, above_line: float
) -> None:
    """One bar an event, reference above estimated on the line of its class."""
    lines = [labels.index(event.label) - above_line for event in events]
    onsets = [event.onset for event in events]
    axes.barh(lines, [event.duration for event in events], left=onsets, height=0.3, color=colour, label=name)


if __name__ == "__main__":
    dataset, clip_id, picture = sys.argv[1:4]
    draw(Dataset(Path("cache"), dataset), clip_id, Path(picture))
