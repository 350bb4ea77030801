"""The start times that recorders write into their file names.

- :func:`recorded_at`: name of a recording -> date and time
"""

from __future__ import annotations

import re
from datetime import datetime

_DATE_AND_TIME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)([-_]?)(\d\d)\2(\d\d)[-_T ]{1,2}(\d\d)([-_:.]?)(\d\d)\6(\d\d)(?!\d)"
)
"""AudioMoth's 20230501_053000, Song Meter's NAME_20230501_053000, 2023-05-01T05-30-00, 2023-05-01 05.30.00."""


def recorded_at(name: str) -> datetime | None:
    """Start of a recording by the recorder's clock, whose time zone is not in the name; None if the name has no time.

    >>> recorded_at("site 1/20230501_053000.WAV").isoformat()
    '2023-05-01T05:30:00'
    >>> recorded_at("street.wav"), recorded_at("20231301_053000.WAV")
    (None, None)
    """
    match = _DATE_AND_TIME.search(name.replace("\\", "/").rsplit("/", 1)[-1])
    if match is None:
        return None
    year, _, month, day, hour, _, minute, second = match.groups()
    try:
        return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second))
    except ValueError:
        return None
