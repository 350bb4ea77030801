"""What is left of a download: clips, hours, disk space.

- :func:`clips_left`: number of clips that may still be downloaded
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
"""FLAC of ten seconds (387 kB on average in esc10-fold4, at most 882 kB), and 500 x 80 float16 features."""


@dataclass(frozen=True)
class Expectation:
    """What is left of a download from YouTube.

    Parameters
    ----------
    clips : int
        Number of clips that may still be downloaded.
    hours : float
        Hours that this takes a guest, who gets 300 videos per hour.
    n_bytes : int
        Size of their audio and features in bytes.
    """

    clips: int
    hours: float
    n_bytes: int


def expectation(dataset: Dataset, address: str) -> Expectation:
    """Return what is left of the download of a dataset; ``address`` is its name in commands."""
    clips = clips_left(dataset, address)
    return Expectation(clips, clips / MOST_AN_HOUR["guest"], clips * BYTES_A_CLIP)


def clips_left(dataset: Dataset, address: str) -> int:
    """Return the number of clips that may still be downloaded; before ``download``, the number in the manifest."""
    try:
        record = dataset.find_record()
        if record is not None and is_there(dataset.clips_path):
            return sum(counts.pending + counts.retryable for counts in tally(dataset, record).values())
        return load_manifest(address).clips_to_expect()
    except SedpipeError:
        return 0  # damaged files are reported by the stages
