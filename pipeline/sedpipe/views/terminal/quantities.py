"""Numbers as text for tables and sentences.

- :func:`rate`, :func:`percent`: scores, with a dash if undefined
- :func:`size`: numbers of bytes
- :func:`moment`: a time within a recording; :func:`moment_with_unit`: the same in a sentence
- :func:`distinguishable`: two numbers that a reader compares
"""

from __future__ import annotations


def rate(value: float | None) -> str:
    """Return a rate such as ER, five characters wide.

    >>> rate(0.5), rate(None)
    (' 0.50', '    -')
    """
    return "    -" if value is None else f"{value:5.2f}"


def percent(value: float | None) -> str:
    """Return a share in per cent, five characters wide.

    >>> percent(0.5), percent(None)
    (' 50.0', '    -')
    """
    return "    -" if value is None else f"{100 * value:5.1f}"


def size(n_bytes: float) -> str:
    """Return a number of bytes with its unit; 1 kB is 1,000 bytes.

    >>> size(7), size(1500), size(999_990)
    ('7 B', '1.5 kB', '1.0 MB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        decimals = 0 if unit == "B" else 1
        if round(n_bytes, decimals) < 1000:
            return f"{n_bytes:.{decimals}f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} TB"


def moment(seconds: float) -> str:
    """Return a time within a recording: seconds, with minutes from one minute on, and hours from one hour on.

    >>> moment(3.456), moment(83.25), moment(3_661.0)
    ('3.46', '1:23.25', '1:01:01.00')
    """
    hundredths = round(100 * seconds)
    minutes, rest = divmod(hundredths, 6000)
    if not minutes:
        return f"{rest / 100:.2f}"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours}:{minutes_left:02d}:{rest / 100:05.2f}" if hours else f"{minutes}:{rest / 100:05.2f}"


def moment_with_unit(seconds: float) -> str:
    """Return the same for a sentence: seconds without minutes are followed by their unit.

    >>> moment_with_unit(59.99), moment_with_unit(59.996)
    ('59.99 s', '1:00.00')
    """
    told = moment(seconds)
    return told if ":" in told else f"{told} s"


def distinguishable(one: float, other: float) -> tuple[str, str]:
    """Return two probabilities with two decimals, or with up to four if they would otherwise look the same.

    >>> distinguishable(0.31, 0.42), distinguishable(0.497, 0.4999)
    (('0.31', '0.42'), ('0.497', '0.500'))
    """
    written = [(f"{one:.{decimals}f}", f"{other:.{decimals}f}") for decimals in (2, 3, 4)]
    return next((pair for pair in written if pair[0] != pair[1]), written[-1])
