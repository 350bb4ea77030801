"""What a person can mend, as exceptions; a programmer's slip in a pure function stays a ``ValueError``.

:mod:`sedpipe.cli.main` turns a :class:`SedpipeError` into one sentence and exit code 1.
"""

from sedpipe.printable import printable, shortened


class SedpipeError(Exception):
    """Something the user can mend.

    Parameters
    ----------
    message : str
        Where, what was found, what was expected, in a line of at most 300 characters: of a longer one, whatever
        somebody's file made it, the middle is left out.
    hint : str, optional
        What to do about it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = shortened(printable(message))
        super().__init__(self.message)
        self.hint = hint


class ManifestError(SedpipeError):
    """A dataset description or a list of labels that does not say what it should."""


class SettingsError(SedpipeError):
    """A preset or an option with a value that cannot be used."""


class MissingStageError(SedpipeError):
    """A stage was asked for before the stage that makes its input; the hint names the command."""


class StaleError(SedpipeError):
    """Something in the cache was made with other settings than the ones asked for now."""


class AudioError(SedpipeError):
    """One recording that cannot be used; a stage records it as a row with this reason and goes on."""


class ListFormatError(SedpipeError):
    """A list (clips, labels, events) with a row that cannot be read; names file, line, value."""
