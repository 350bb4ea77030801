"""Figure 5 of the paper for any clip: frame probabilities of several systems, and the reference.

- :class:`Voice`: the output of one system for a clip
- :class:`Heard`: the clip itself
- :func:`figure5`: both -> SVG

Source: He, Shen & Zhang (2019), Figure 5, which shows one class of one clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.views.charts import Scale
from sedpipe.views.page.pictures import data_uri
from sedpipe.views.page.recording_picture import RecordingPicture
from sedpipe.views.page.spectrogram import decibel_range, frequencies_of, spectrogram_png
from sedpipe.views.render import draw
from sedpipe.views.tables.table2 import styles_of
from sedpipe.views.tables.table2_words import name_of

WIDTH, LEFT, FIRST, LAST = 860, 24, 130, 832
_HEAD, _SPECTROGRAM, _CLASS_HEAD, _LANE, _BARS, _CLASS_GAP = 88, 96, 38, 40, 14, 8


@dataclass(frozen=True)
class Voice:
    """The output of one system for a clip.

    Parameters
    ----------
    pooling : str
    hierarchy : tuple of int
        Empty for single pooling.
    frame_probs : ndarray [shape=(T, K)]
        Frame probabilities, without padding.
    grid : FrameGrid
        Times of the frames.
    events : sequence of Event
        Events that the system estimates from the probabilities.
    """

    pooling: str
    hierarchy: tuple[int, ...]
    frame_probs: np.ndarray
    grid: FrameGrid
    events: Sequence[Event]


@dataclass(frozen=True)
class Heard:
    """A clip.

    Parameters
    ----------
    picture : RecordingPicture, optional
        Its spectrogram, if it can be drawn.
    duration : float
        Its length in seconds.
    reference : sequence of Event
        Its reference events.
    labels : LabelSet
        The K classes.
    """

    picture: RecordingPicture | None
    duration: float
    reference: Sequence[Event]
    labels: LabelSet


@dataclass(frozen=True)
class Spectrogram:
    """A picture as a data URI, the coordinate of its end, and a few frequencies: height from the top, and name."""

    src: str
    end: float
    frequencies: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Line:
    """A system in a lane: its curve, and its events as coordinates (start, end)."""

    style: str
    path: str
    bars: Sequence[tuple[float, float]]
    bar_y: float


@dataclass(frozen=True)
class Lane:
    """A pooling function; its probabilities, from 0 to 1, are drawn on the axis ``up``."""

    pooling: str
    up: Scale
    lines: Sequence[Line]


@dataclass(frozen=True)
class Panel:
    """A class: reference events as coordinates (start, end), and a lane for each pooling function."""

    label: str
    top: float
    bottom: float
    reference: Sequence[tuple[float, float]]
    lanes: Sequence[Lane]


def figure5(voices: Sequence[Voice], heard: Heard, title: str, remark: str) -> str:
    """Draw a clip: its spectrogram, and a panel for each class in the reference or the estimates.

    Parameters
    ----------
    voices : sequence of Voice
        Outputs of at least one system, with the labels of ``heard``.
    heard : Heard
    title, remark : str
        The first line, and a remark before the legend.

    Returns
    -------
    str
        An SVG.
    """
    across = Scale(0.0, heard.duration, FIRST, LAST)
    styles = styles_of(voice.hierarchy for voice in voices)
    systems = [(name_of(hierarchy), styles[hierarchy]) for hierarchy in dict.fromkeys(v.hierarchy for v in voices)]
    panels: list[Panel] = []
    for label in _labels_in_question(voices, heard):
        top = panels[-1].bottom + _CLASS_GAP if panels else _HEAD + _SPECTROGRAM
        panels.append(_panel(label, voices, heard, styles, across, top + _CLASS_HEAD))
    return draw(
        "figure5.svg", title=title, remark=remark, panels=panels, across=across, left=LEFT, width=WIDTH,
        systems=systems,
        height=round(panels[-1].bottom + 44), top=_HEAD, bottom=_HEAD + _SPECTROGRAM,
        spectrogram=None if heard.picture is None else _spectrogram(heard.picture, across),
    )  # fmt: skip


def _spectrogram(picture: RecordingPicture, across: Scale) -> Spectrogram:
    heights = frequencies_of(picture.bands)
    return Spectrogram(
        src=data_uri("image/png", spectrogram_png(picture.features, decibel_range([picture.features]))),
        end=across.place(min(len(picture.features) * picture.column_s, across.high)),
        frequencies=[(_HEAD + (1 - height / 100) * _SPECTROGRAM, name) for name, height in heights],
    )


def _labels_in_question(voices: Sequence[Voice], heard: Heard) -> list[str]:
    """Return the classes of the reference by onset, then other estimated ones; else the class with the highest peak."""
    events = sorted(heard.reference) + sorted(event for voice in voices for event in voice.events)
    if events:
        return list(dict.fromkeys(event.label for event in events))
    likeliest = np.max([voice.frame_probs.max(axis=0, initial=0.0) for voice in voices], axis=0)
    return [heard.labels.names[int(np.argmax(likeliest))]]


def _panel(
    label: str, voices: Sequence[Voice], heard: Heard, styles: dict[tuple[int, ...], str], across: Scale, top: float
) -> Panel:
    lanes, upper = [], top
    for pooling in dict.fromkeys(voice.pooling for voice in voices):
        up = Scale(0.0, 1.0, upper + _LANE, upper)
        of_lane = [voice for voice in voices if voice.pooling == pooling]
        k = heard.labels.index(label)
        lines = [_line(voice, label, k, styles, across, up) for voice in of_lane]
        lanes.append(Lane(pooling, up, lines))
        upper += _LANE + _BARS
    sounding = [_places(event, across) for event in heard.reference if event.label == label and event.is_located]
    return Panel(label, top, upper, sounding, lanes)


def _line(voice: Voice, label: str, k: int, styles: dict[tuple[int, ...], str], across: Scale, up: Scale) -> Line:
    probs = voice.frame_probs[:, k].tolist()
    middles = [min((t + 0.5) * voice.grid.frame_duration, across.high) for t in range(len(probs))]
    style = styles[voice.hierarchy]
    bars = [_places(event, across) for event in voice.events if event.label == label]
    bar_y = up.first + 3 + 4 * list(styles).index(voice.hierarchy)
    return Line(style, across.path(middles, [up.place(prob) for prob in probs]), bars, bar_y)


def _places(event: Event, across: Scale) -> tuple[float, float]:
    return across.place(event.onset), across.place(min(event.offset, across.high))
