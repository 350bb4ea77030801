"""The model that hears what a person looks at, one recording at a time.

- :class:`Ear`: a recording -> its page
- :class:`Page`: the page, and how long the recording is
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
from sedpipe.steps.hearing import heard_and_told

_KEPT = 8
"""Pages of as many recordings: looking back costs nothing."""


@dataclass(frozen=True)
class _Known:
    state: State
    parts: RecordingParts


class Ear:
    """A model, and the recordings that it heard last.

    Parameters
    ----------
    opened : OpenModel
    point : PostProcessing
        How probabilities become events.
    """

    def __init__(self, opened: OpenModel, point: PostProcessing) -> None:
        self.opened, self._point = opened, point
        self._one_at_a_time = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def hear(self, file: AudioFile) -> RecordingParts:
        """What the page of a recording is made of; kept until the recording changes.

        Raises
        ------
        AudioError
            If it cannot be read as audio.
        """
        with self._one_at_a_time:
            state, known = state_of(file.path), self._known.get(file.name)
            if known is None or known.state != state:
                heard, told = heard_and_told(Recording(file.path), self.opened.trained)
                known = _Known(state, recording_parts(file, heard, self.opened, self._point, told.remark))
                self._known[file.name] = known
            self._known.move_to_end(file.name)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            return known.parts
