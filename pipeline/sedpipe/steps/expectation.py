"""What a download still has before it: clips, hours, disk.

- :func:`clips_left`: clips that may still come
- :class:`Expectation`, :func:`expectation`: the same with hours and bytes
"""

from __future__ import annotations

from dataclasses import dataclass

from sedpipe.errors import SedpipeError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.reading import is_there
from sedpipe.io.manifests.load import load_manifest
from sedpipe.sources.youtube import MOST_AN_HOUR
from sedpipe.steps.tally import tally

BYTES_A_CLIP = 500_000 + 80_000
"""FLAC of ten seconds (387 kB on average in esc10-fold4, at most 882), and 500 x 80 float16 features."""


@dataclass(frozen=True)
class Expectation:
    """Of a download from YouTube.

    Parameters
    ----------
    clips : int
        That may still come.
    hours : float
        That a guest, who gets 300 videos an hour, needs for them.
    n_bytes : int
        That audio and features take.
    """

    clips: int
    hours: float
    n_bytes: int


def expectation(dataset: Dataset, address: str) -> Expectation:
    """What is left of a dataset that is called ``address``."""
    clips = clips_left(dataset, address)
    return Expectation(clips, clips / MOST_AN_HOUR["guest"], clips * BYTES_A_CLIP)


def clips_left(dataset: Dataset, address: str) -> int:
    """Clips that may still come; before ``download``, as many as the manifest tells of."""
    try:
        record = dataset.find_record()
        if record is not None and is_there(dataset.clips_path):
            return sum(counts.pending + counts.retryable for counts in tally(dataset, record).values())
        return load_manifest(address).clips_to_expect()
    except SedpipeError:
        return 0  # what is damaged is said by the stages
