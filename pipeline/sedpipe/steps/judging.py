"""Evaluation on ``testing`` during training, and tuning at its end.

- :class:`Examiner`: the clips on which a network is validated and tuned
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.tuning import OperatingPoint, scores_at_thresholds, tune
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.steps.batches import ClipBatches
from sedpipe.steps.recordings import recordings_of
from sedpipe.steps.truth import find_truth
from sedpipe.training.fit import Judge
from sedpipe.truth import Truth


@dataclass(frozen=True)
class Examiner:
    """The clips on which a network is validated and tuned, with their events, where these are known.

    Parameters
    ----------
    testing : ClipBatches
        The clips.
    labels : LabelSet
        The classes.
    spec : FeatureSpec
        Features that a network takes as input.
    durations : ndarray [shape=(N,)]
        Length of each clip in seconds.
    truth : Truth or None
        Reference events; None if it is not known when anything sounds.
    groups : list of str
        Group of each clip: tuning keeps the clips of one recording together.
    """

    testing: ClipBatches
    labels: LabelSet
    spec: FeatureSpec
    durations: np.ndarray
    truth: Truth | None
    groups: list[str]

    @classmethod
    def of(cls, dataset: Dataset, testing: ClipBatches, labels: LabelSet, spec: FeatureSpec) -> Examiner:
        """Look up the reference events of the clips, and which clips belong together."""
        durations = testing.durations(spec.front_end.grid, dataset.read_record().clip_format.clip_s)
        of_clips = {clip.clip_id: length for clip, length in zip(testing.clips, durations.tolist(), strict=True)}
        truth = find_truth(dataset, "testing", of_clips, labels)
        groups = recordings_of(dataset, "testing", list(of_clips)).groups(list(of_clips))
        return cls(testing, labels, spec, durations, truth if truth and truth.is_located else None, groups)

    def judge(self, time_factor: int) -> Judge | None:
        """Return a judge for a network that pools ``time_factor`` frames into one; None if no events are known.

        It returns the error rate and the F1, each at the best of a few thresholds.
        """
        truth = self.truth
        if truth is None:
            return None

        def judge(frame_probs: np.ndarray, clip_probs: np.ndarray) -> dict[str, float | None]:
            best = scores_at_thresholds(self._scores(time_factor, frame_probs, clip_probs), truth)
            return {"error_rate": best["min_er"], "f1": best["max_f1"]}

        return judge

    def tuned(
        self, time_factor: int, frame_probs: np.ndarray, clip_probs: np.ndarray, listener: Listener
    ) -> dict[str, OperatingPoint]:
        """Return post-processing for each operating point; empty if no events are known."""
        if self.truth is None:
            listener.remark(
                "testing has no strong labels: thresholds are not tuned and stay at 0.5; mark when events sound "
                "(`sedpipe listen FOLDER`) and name the list as `strong`"
            )
            return {}
        return tune(self._scores(time_factor, frame_probs, clip_probs), self.truth, groups=self.groups)

    def _scores(self, time_factor: int, frame_probs: np.ndarray, clip_probs: np.ndarray) -> FrameScores:
        """Return the output of a network that pools ``time_factor`` frames into one."""
        clip_ids, grid = [clip.clip_id for clip in self.testing.clips], self.spec.front_end.grid
        return FrameScores.pooled(
            frame_probs, clip_probs, clip_ids, self.testing.n_frames, self.durations, self.labels, grid, time_factor
        )
