"""Errors that the user can fix, as exceptions; wrong arguments of a pure function stay a ``ValueError``.

:mod:`sedpipe.cli.main` turns a :class:`SedpipeError` into one sentence and exit code 1.

- :class:`SedpipeError` and its kinds
- :func:`trouble_of_the_machine`: what the operating system has refused, as one
"""

import errno

from sedpipe.printable import printable, shortened


class SedpipeError(Exception):
    """Something that the user can fix.

    Parameters
    ----------
    message : str
        Where, what was found, what was expected, in a line of at most 300 characters; the middle of a longer one is
        left out.
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


class NameTooLongError(SedpipeError):
    """A file name would be longer than the disk allows; if it is named after a recording, only that recording fails."""


class ListFormatError(SedpipeError):
    """A list (clips, labels, events) with a row that cannot be read; names file, line, value."""


def trouble_of_the_machine(error: BaseException) -> SedpipeError | None:
    """What the operating system, or the size of memory, has kept a program from; None for anything else.

    Whoever reads or writes a file tells what to do about it; this is for what they did not think of.

    >>> trouble_of_the_machine(OSError(errno.ENAMETOOLONG, "File name too long", "x.wav"))
    SedpipeError('x.wav: File name too long')
    """
    if isinstance(error, MemoryError):
        return SedpipeError("not enough memory", hint="ask for less at once: fewer --jobs, a smaller --batch-size")
    if not isinstance(error, OSError) or error.errno is None or isinstance(error, BrokenPipeError):
        return None
    where = f"{error.filename}: " if error.filename is not None else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "free some space and run the same command again: it resumes"
    elif isinstance(error, PermissionError):
        hint = "let your user read and write there, or ask whose it is"
    else:
        hint = ""
    return SedpipeError(f"{where}{error.strerror or error}", hint=hint)
