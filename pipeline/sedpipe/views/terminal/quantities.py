"""Numbers as a person reads them in a table.

- :func:`rate`, :func:`percent`: scores, with a dash where undefined
- :func:`size`: bytes
- :func:`moment`: a time within a recording
"""

from __future__ import annotations


def rate(value: float | None) -> str:
    """A rate such as ER, five characters wide.

    >>> rate(0.5), rate(None)
    (' 0.50', '    -')
    """
    return "    -" if value is None else f"{value:5.2f}"


def percent(value: float | None) -> str:
    """A share in per cent, five characters wide.

    >>> percent(0.5), percent(None)
    (' 50.0', '    -')
    """
    return "    -" if value is None else f"{100 * value:5.1f}"


def size(n_bytes: float) -> str:
    """Bytes, 1 kB being 1,000.

    >>> size(7), size(1500)
    ('7 B', '1.5 kB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} TB"


def moment(seconds: float) -> str:
    """A time within a recording: seconds, and from a minute on minutes, from an hour on hours.

    >>> moment(3.456), moment(83.25), moment(3_661.0)
    ('3.46', '1:23.25', '1:01:01.00')
    """
    hundredths = round(100 * seconds)
    minutes, rest = divmod(hundredths, 6000)
    if not minutes:
        return f"{rest / 100:.2f}"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours}:{minutes_left:02d}:{rest / 100:05.2f}" if hours else f"{minutes}:{rest / 100:05.2f}"
