"""What a training is taught with: weak labels, or, of clips where they are known, strong ones too.

- :func:`teach_when`: let batches of ``training`` tell when classes sound
"""

from __future__ import annotations

from sedpipe.errors import MissingStageError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.reading import is_there
from sedpipe.io.lists.events import read_stored_events
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.steps.batches import ClipBatches


def teach_when(
    dataset: Dataset, training: ClipBatches, labels: LabelSet, spec: FeatureSpec, listener: Listener
) -> None:
    """Let batches of ``training`` tell when classes sound, where the dataset knows it; says of how many clips.

    Parameters
    ----------
    dataset : Dataset
        Whose strong labels of ``training`` are used.
    training : ClipBatches
        What a network learns from.
    labels : LabelSet
        The classes.
    spec : FeatureSpec
        What it hears.
    listener : Listener
        Hears of it.

    Raises
    ------
    MissingStageError
        If there are no strong labels, or they locate everything in no clip.
    """
    path = dataset.reference_path("training")
    events = read_stored_events(path, labels) if is_there(path) else {}
    n_known = training.locate(events, spec.front_end.grid) if events else 0
    if not n_known:
        found = f"{path} does not exist" if not events else f"{path} tells of no clip when all its labels sound"
        raise MissingStageError(
            f"--supervision mixed needs strong labels of training: {found}",
            hint=f"give [splits.training] a `strong` list and run `sedpipe download {dataset.name}`, or leave it out",
        )
    listener.say(f"{n_known:,} of {len(training):,} clips of training teach when their classes sound, too")
