"""The model that finds events in the recordings that the user opens, one recording at a time.

- :class:`Ear`: a recording -> the parts of its page
- :class:`~sedpipe.stages.predict_page.RecordingParts`: these parts, with the recording
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.io.audio.find import AudioFile
from sedpipe.io.audio.waveforms import Recording
from sedpipe.io.models.open import OpenModel
from sedpipe.io.prediction_log import State, state_of
from sedpipe.stages.predict_page import RecordingParts, recording_parts
from sedpipe.steps.hearing import probabilities_and_remarks

_KEPT = 8
"""Number of recordings whose pages are cached, so that going back to them costs nothing."""


@dataclass(frozen=True)
class _Known:
    state: State
    parts: RecordingParts


class Ear:
    """A model, and its results for the last few recordings.

    Parameters
    ----------
    opened : OpenModel
        The model.
    point : PostProcessing
        Settings with which events are made from probabilities.
    """

    def __init__(self, opened: OpenModel, point: PostProcessing) -> None:
        self.opened, self._point = opened, point
        self._one_at_a_time = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def hear(self, file: AudioFile) -> RecordingParts:
        """Return the parts of the page of a recording; they are cached until the recording changes.

        Raises
        ------
        AudioError
            If the recording cannot be read as audio.
        """
        with self._one_at_a_time:
            state, known = state_of(file.path), self._known.get(file.name)
            if known is None or known.state != state:
                heard, told = probabilities_and_remarks(Recording(file.path), self.opened.trained)
                known = _Known(state, recording_parts(file, heard, self.opened, self._point, told.remark))
                self._known[file.name] = known
            self._known.move_to_end(file.name)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            return known.parts
