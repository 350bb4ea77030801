"""The page of one recording, on which people see, hear, correct and save events.

- :func:`recording_page`: a recording, its spectrogram and its audio as HTML
- :func:`sound_quality`: the quality of the audio that fits into the page
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from sedpipe.views.page.gallery import CARD_SCRIPTS, page_data
from sedpipe.views.page.introduction import date_text
from sedpipe.views.page.pictures import data_uri, pictures_of
from sedpipe.views.page.provenance import flatten
from sedpipe.views.page.recording import (
    NEVER_HEARD,
    Recording,
    can_move_thresholds,
    classes_by_events,
    recording_data,
)
from sedpipe.views.page.recording_picture import RecordingPicture, whole_picture
from sedpipe.views.page.served import Served
from sedpipe.views.page.sound import QUALITIES, Quality, best_quality
from sedpipe.views.page.spectrogram import decibel_range, frequencies_of
from sedpipe.views.render import Parts, render

PARTS = Parts(
    "recording.html",
    styles=("base", "scores", "clips", "recording"),
    scripts=(
        *CARD_SCRIPTS, "decode", "lists", "corrections", "hearing", "lanes", "editor", "recording_card", "event_table",
        "thresholds", "saving", "serving", "sorting", "recording",
    ),
)  # fmt: skip

_COMFORTABLE_BYTES, _MOST_BYTES = 9_000_000, 22_000_000
"""Sizes of the audio: one that keeps the page at 12 MB, and the largest that every browser plays inside a page."""

LISTS = (("tsv", "DCASE list"), ("audacity", "Audacity labels"), ("raven", "Raven table"))


def sound_quality(duration: float) -> Quality | None:
    """Return the quality of the audio inside the page; None if it does not fit, and is played from its own file.

    >>> sound_quality(60.0).sample_rate, sound_quality(24 * 3600.0)
    (44100, None)
    """
    fits = QUALITIES[-1].bytes_of(duration) <= _MOST_BYTES
    return best_quality(duration, _COMFORTABLE_BYTES) or (QUALITIES[-1] if fits else None)


def recording_page(
    recording: Recording,
    picture: RecordingPicture,
    sound: bytes | None,
    changed_on: date,
    remark: str = "",
    served: Served | None = None,
) -> str:
    """Return the HTML page of a recording.

    Parameters
    ----------
    recording : Recording
    picture : RecordingPicture
        Its spectrogram at the sample rate of the model's input.
    sound : bytes or None
        Its audio as MP3.
    changed_on : date
        Date on which its file was last changed.
    remark : str
        An additional remark on the recording.
    served : Served, optional
        Data for saving, if a server on this machine serves the page; else the page is a file that requests nothing.

    Returns
    -------
    str
        A complete document.
    """
    decibels = decibel_range([picture.features])
    pictures = pictures_of(picture.features, decibels, len(picture.features) * picture.column_s)
    data = recording_data(
        recording,
        pictures,
        whole_picture(picture, decibels),
        data_uri("audio/mpeg", sound) if sound else "",
    )
    classes = classes_by_events(recording)
    counts = Counter(event.label for event in recording.events)
    return render(
        PARTS,
        title=f"{recording.name}: events predicted by {recording.model}",
        date=date_text(changed_on),
        recording=recording,
        has_sound=bool(sound),
        length=length_text(recording.duration),
        n_events=len(recording.events),
        found=counts.most_common(),
        classes=classes,
        lists=LISTS,
        remarks=[*([remark] if remark else []), *_remarks(recording, sound)],
        can_move=can_move_thresholds(),
        served=served,
        is_served=served is not None,
        data={
            "server": served and served.data(),
            **page_data(recording.labels, [recording.model], frequencies_of(picture.bands)),
            **data,
        },
        provenance={recording.name: _provenance(recording)},
    )


def length_text(seconds: float) -> str:
    """Return a duration as people write it.

    >>> [length_text(seconds) for seconds in (9.94, 192, 5_400)]
    ['9.94 s', '3 min 12 s', '1 h 30 min']
    """
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _remarks(recording: Recording, sound: bytes | None) -> list[str]:
    remarks = []
    if not can_move_thresholds():
        remarks.append(
            "Thresholds cannot be moved here: this model uses a post-processing step of its own, which the page "
            "cannot repeat."
        )
    silent = [row.label for row in classes_by_events(recording) if row.peak < NEVER_HEARD and not row.n_events]
    if silent:
        remarks.append(f"No curve, since the probability never reaches 1 %: {', '.join(silent)}.")
    quality = sound_quality(recording.duration)
    if sound and quality and quality != QUALITIES[0]:
        remarks.append(
            f"The audio in this page is reduced to {quality.sample_rate / 1000:g} kHz and "
            f"{quality.bits_per_second // 1000} kbit/s, to keep the page small; the model used the original."
        )
    return remarks


def _provenance(recording: Recording) -> dict[str, list[tuple[str, str]]]:
    heard = {"model": recording.model, "sample_rate": recording.sample_rate, "frame_s": recording.grid.frame_duration}
    return {"Model": flatten(heard), "Post-processing": flatten(recording.point)}
