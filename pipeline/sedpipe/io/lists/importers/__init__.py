"""Importers of ``sedpipe init``: one module for each way in which people store recordings and their labels.

- :data:`IMPORTERS`: tried in this order; the first that recognises a folder is used. To add one, write a module here
  and its test, and add a line below
"""

from __future__ import annotations

from collections.abc import Callable

from sedpipe.io.lists.importers.class_folders import from_class_folders
from sedpipe.io.lists.importers.findings import Findings, Folder
from sedpipe.io.lists.importers.label_files import from_label_files
from sedpipe.io.lists.importers.sprsound import from_sprsound

Importer = Callable[[Folder], Findings | None]

IMPORTERS: dict[str, Importer] = {
    "sprsound": from_sprsound,
    "label-files": from_label_files,
    "class-folders": from_class_folders,
}
"""Functions by name: a folder -> what is in it, or None if the folder is not of this kind."""
