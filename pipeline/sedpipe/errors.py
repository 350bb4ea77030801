"""Errors that the user can fix, as exceptions; wrong arguments of a pure function raise a plain ``ValueError``.

:mod:`sedpipe.cli.main` turns a :class:`SedpipeError` into one sentence and exit code 1.

- :class:`SedpipeError` and its subclasses
- :func:`trouble_of_the_machine`: an error of the operating system as a :class:`SedpipeError`
"""

import errno

from sedpipe.printable import printable, shortened


class SedpipeError(Exception):
    """An error that the user can fix.

    Parameters
    ----------
    message : str
        Where the error is, what was found and what was expected, in one line of at most 300 characters; the middle of a
        longer message is left out.
    hint : str, optional
        Advice on how to fix it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = shortened(printable(message))
        super().__init__(self.message)
        self.hint = hint


class ManifestError(SedpipeError):
    """A dataset description or a list of labels whose content is not valid."""


class SettingsError(SedpipeError):
    """A preset or an option with a value that cannot be used."""


class MissingStageError(SedpipeError):
    """A stage was started before the stage that makes its input; the hint names the command."""


class StaleError(SedpipeError):
    """Something in the cache was made with settings other than the current ones."""


class AudioError(SedpipeError):
    """One recording cannot be used; a stage records it in a row with this reason and continues."""


class NameTooLongError(SedpipeError):
    """A file name would be longer than the disk allows; if it is named after a recording, only that recording fails."""


class ListFormatError(SedpipeError):
    """A list (clips, labels, events) has a row that cannot be read; the message names file, line and value."""


def trouble_of_the_machine(error: BaseException) -> SedpipeError | None:
    """Return an error of the operating system or a lack of memory as a :class:`SedpipeError`; None for any other error.

    Code that reads or writes a file raises its own errors, with advice; this function covers all other cases.

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
