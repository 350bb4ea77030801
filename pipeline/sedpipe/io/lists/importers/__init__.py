"""What ``sedpipe init`` understands: a file for each way in which people keep recordings and their labels.

- :data:`IMPORTERS`: looked through in this order; the first that understands a folder is asked. A new one is a file
  here, its test, and a line
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
"""By name: a folder -> what is in it, or None where it is nothing of this kind."""
