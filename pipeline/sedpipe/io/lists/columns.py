"""Common column names in lists of labels and events, and the role that each column has here.

- :data:`ROLES`: the roles of columns, with the names in use for each
- :func:`roles_of`: a row of column names -> the columns of each role
- :func:`names_slices`: whether a column names slices, so that times beside it tell where these were cut out
- :func:`seconds_a_unit`: how many seconds the unit of a column lasts
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

ROLES: dict[str, tuple[str, ...]] = {
    "filename": (
        "filename", "file", "filepath", "path", "audio", "audiofile", "audiofilename", "audiofilepath", "audiopath",
        "audioname", "wav", "wavfile", "wavfilename", "wavname", "recording", "recordingfilename", "recordingname",
        "recordingfile", "recordingid", "soundfile", "soundfilename", "slicefilename", "clip", "clipfilename",
        "clipname", "clipid", "segmentid", "beginpath", "beginfile", "infile", "sourcefile", "fname", "itemid",
        "datei", "dateiname", "aufnahme", "fichier", "nomfichier", "archivo", "nombrearchivo",
    ),
    "onset": (
        "onset", "onsettime", "eventonset", "start", "starttime", "eventstart", "eventstarttime", "begin", "begintime",
        "eventbegin", "eventbegintime", "from", "tmin", "tstart", "tbegin", "beginn", "anfang", "debut", "inicio",
    ),
    "offset": (
        "offset", "offsettime", "eventoffset", "end", "endtime", "eventend", "eventendtime", "stop", "stoptime",
        "eventstop", "finish", "to", "tmax", "tend", "tstop", "ende", "fin",
    ),
    "duration": ("duration", "eventduration", "deltatime", "length", "dauer", "duree", "duracion"),
    "place": ("fileoffset",),
    "event_label": (
        "eventlabel", "eventlabels", "label", "labels", "annotation", "annotations", "class", "classname",
        "classlabel", "eventclass", "soundclass", "category", "event", "eventname", "eventtype", "soundevent", "tag",
        "tags", "commonname", "species", "speciesname", "scientificname", "speciescode", "code", "calltype", "type",
        "positivelabels", "primarylabel", "displayname", "sound", "klasse", "art", "classe", "espece", "especie",
        "clase",
    ),
    "segment": ("ytid", "youtubeid"),
    "index": ("", "unnamed0", "index", "rowid", "rownumber", "row", "nr", "no"),
    "selection": ("selection",),
    "view": ("view",),
}  # fmt: skip
"""Names without blanks, dashes, accents, capitals and units; if two columns fit a role, the name listed first wins.

``place`` is Raven's onset of an event in its own file, in tables whose times run on from file to file; ``segment`` is
Audio Set's YouTube id, for which times tell which piece of the video the clip is.
"""

_SECONDS = frozenset({"s", "sec", "secs", "second", "seconds", "sekunden", "secondes", "segundos"})
_MILLISECONDS = frozenset({"ms", "msec", "msecs", "millisecond", "milliseconds", "millis"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN = re.compile(r"[^0-9a-z]+")
_MOST_OF_A_NAME = 200
_ROLE_OF = {name: role for role, names in ROLES.items() for name in names}


def roles_of(names: Sequence[str]) -> dict[str, list[int]]:
    """Return the indices of the columns that fit each role, the best name first.

    >>> roles_of(["Begin Time (s)", "End Time (s)", "Species", "Annotation"])
    {'onset': [0], 'offset': [1], 'event_label': [3, 2]}
    """
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        role = _ROLE_OF.get(_plain(name)[0])
        if role is not None:
            found.setdefault(role, []).append(place)
    for role, places in found.items():
        places.sort(key=lambda place: ROLES[role].index(_plain(names[place])[0]))
    return found


def names_slices(name: str) -> bool:
    """Return whether a file column is UrbanSound8K's, whose times refer to the recordings that slices were cut from.

    >>> names_slices("slice_file_name"), names_slices("filename")
    (True, False)
    """
    return _plain(name)[0] == "slicefilename"


def seconds_a_unit(name: str) -> float:
    """Return 1, or 0.001 if the name contains a unit of milliseconds.

    >>> seconds_a_unit("start_ms"), seconds_a_unit("start_time_seconds"), seconds_a_unit("onset")
    (0.001, 1.0, 1.0)
    """
    return _plain(name)[1]


def _plain(name: str) -> tuple[str, float]:
    """Return a name as it is spelled in :data:`ROLES`, and its unit in seconds."""
    apart = unicodedata.normalize("NFKD", _CAMEL.sub(" ", name.strip()[:_MOST_OF_A_NAME]))
    ascii_only = apart.encode("ascii", "ignore").decode()
    words = [word for word in _BETWEEN.split(ascii_only.lower()) if word]
    unit = 1.0
    if len(words) > 1 and words[-1] in _SECONDS | _MILLISECONDS:
        unit = 0.001 if words.pop() in _MILLISECONDS else 1.0
    return "".join(words), unit
