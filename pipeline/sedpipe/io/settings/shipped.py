"""Files that come with sedpipe and are called by name: presets, recipes, encoders, datasets, models.

- :class:`Shelf`: a folder of such files; a name or a path -> the path
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.printable import printable, shortened
from sedpipe.suggestions import did_you_mean

PACKAGE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Shelf:
    """TOML files of one kind.

    Parameters
    ----------
    of : str
        Name of the kind: ``preset``.
    folder : Path
        Folder that contains the files.
    error : type of SedpipeError
        Exception that is raised for an unknown name.
    """

    of: str
    folder: Path
    error: type[SedpipeError] = SettingsError

    @property
    def names(self) -> list[str]:
        """Names of the files without extension, in alphabetical order."""
        return sorted(path.stem for path in self.folder.glob("*.toml"))

    def find(self, name_or_path: str) -> Path:
        """Return the path of a shipped file, by its name; the path of a user's own file is returned unchecked.

        Raises
        ------
        SedpipeError
            If ``name_or_path`` is neither a path nor one of the names.

        Examples
        --------
        >>> Shelf("preset", PACKAGE / "presets").find("own/small.toml").name
        'small.toml'
        """
        if name_or_path.endswith(".toml") or "/" in name_or_path or "\\" in name_or_path:
            return Path(name_or_path)
        if name_or_path not in self.names:
            called = shortened(printable(name_or_path), 60)
            meant = did_you_mean(name_or_path, self.names)
            raise self.error(
                f"{self.of} '{called}' is not one of {', '.join(self.names)}{meant}",
                hint="or give the path of your own .toml",
            )
        return self.folder / f"{name_or_path}.toml"
