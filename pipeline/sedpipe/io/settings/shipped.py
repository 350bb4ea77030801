"""What comes with sedpipe and is called by name: presets, recipes, encoders, datasets, models.

- :class:`Shelf`: a folder of them; a name or a path -> the path
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
        What one of them is called: ``preset``.
    folder : Path
        Where they lie.
    error : type of SedpipeError
        What is raised for a name that none of them has.
    """

    of: str
    folder: Path
    error: type[SedpipeError] = SettingsError

    @property
    def names(self) -> list[str]:
        """How they are called, in the order of the alphabet."""
        return sorted(path.stem for path in self.folder.glob("*.toml"))

    def find(self, name_or_path: str) -> Path:
        """The path of a name, or of a file of somebody's own, which need not be there.

        Raises
        ------
        SedpipeError
            If it is neither a path nor one of the names.

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
