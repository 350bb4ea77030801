"""Comparison of two systems on the same clips: one run of each, or one run per random seed of each.

- :func:`against_runs`: differences between the two, with each run's chosen settings and with common ones
- :class:`Rivals`: the runs of both systems
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.tuning import common_settings
from sedpipe.errors import SettingsError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run
from sedpipe.io.records.scores import AgainstRun
from sedpipe.listener import Listener
from sedpipe.metrics.comparison import Difference
from sedpipe.metrics.segment_scores import TIME_RESOLUTION
from sedpipe.steps.recordings import Recordings
from sedpipe.steps.scoring import compare
from sedpipe.steps.systems import System, system_of
from sedpipe.truth import Truth


@dataclass(frozen=True)
class Rivals:
    """The runs of two systems."""

    ours: Sequence[Run]
    theirs: Sequence[Run]

    @property
    def are_seeds(self) -> bool:
        """Whether they are compared run by run: both have equally many runs, and more than one."""
        return len(self.ours) == len(self.theirs) > 1

    def as_systems(self, of: Sequence[Run]) -> list[Sequence[Run]]:
        """Return the runs of each system to compare: each run by itself, or all runs as a mean."""
        return [[run] for run in of] if self.are_seeds else [of]

    def paired(self) -> tuple[Rivals, str]:
        """Return both in the order of their seeds; if the seeds differ, in the given order, with a remark."""
        by_seed = [{_seed_of(run): run for run in of} for of in (self.ours, self.theirs)]
        seeds = [seed for seed in by_seed[0] if seed is not None]
        if set(seeds) != set(by_seed[1]) or len(seeds) < len(self.ours):
            return self, "the two systems have different seeds: runs are paired in the order in which they are named"
        return Rivals(*([of[seed] for seed in sorted(seeds)] for of in by_seed)), ""


def against_runs(
    cache: Dataset,
    rivals: Rivals,
    split: str,
    operating_point: str,
    truth: Truth,
    recordings: Recordings,
    device: str,
    listener: Listener,
) -> AgainstRun:
    """Return the differences between the first system and the second.

    Parameters
    ----------
    cache : Dataset
        Dataset with the runs.
    rivals : Rivals
        Runs of both systems, compared run by run if both have equally many; else run against run or mean against mean,
        as one seed.
    split : str
        Split with the clips.
    operating_point : str
        Operating point that the settings are for.
    truth : Truth
        Reference events of the clips that both were scored on.
    recordings : Recordings
        Recordings that these clips were made from.
    device : str
        Device for the networks, if they have to run.
    listener : Listener
        Receives progress and remarks.

    Raises
    ------
    SettingsError
        If a run was scored on other clips, or two runs of a system give the same probabilities.
    """
    rivals, remark = rivals.paired() if rivals.are_seeds else (rivals, "")
    ours, theirs = (
        [system_of(cache, runs, split, device, listener) for runs in rivals.as_systems(of)]
        for of in (rivals.ours, rivals.theirs)
    )
    for of in (ours, theirs):
        _check_different(of)
    for system in (*ours, *theirs):
        if list(system.scores.clip_ids) != list(truth.reference):
            raise SettingsError(f"{system.run.name} and {ours[0].run.name} were not scored on the same clips")

    def differences(rule: Callable[[System], PostProcessing | None]) -> dict[str, Difference | None]:
        of_ours, of_theirs = (
            [system.scores.decode(settings) for system in of if (settings := rule(system)) is not None]
            for of in (ours, theirs)
        )
        if len(of_ours) < len(ours) or len(of_theirs) < len(theirs):
            return {}
        return compare(truth, of_ours, of_theirs, TIME_RESOLUTION, recordings.sharing)

    return AgainstRun(
        run="+".join(run.name for run in rivals.theirs),
        differences=differences(lambda system: system.scores.points[operating_point]),
        differences_common=differences(lambda system: common_settings(system.tuning.get(operating_point, ()))),
        remarks=(remark,) if remark else (),
    )


def _check_different(systems: Sequence[System]) -> None:
    """Raise ``SettingsError`` if two runs of a system give the same probabilities: they are not two random seeds."""
    for n, one in enumerate(systems):
        for other in systems[:n]:
            if np.array_equal(one.scores.frame_probs, other.scores.frame_probs):
                raise SettingsError(
                    f"{other.run.name} and {one.run.name} give the same probabilities for every clip: one model",
                    hint="name each random seed of a system once",
                )


def _seed_of(run: Run) -> int | None:
    record = run.find_record()
    return None if record is None else record.settings.seed
