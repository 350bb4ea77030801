"""Everything that sedpipe reads: which file, and what reads it. Each is damaged and read through the real readers.

- :data:`SURFACES`: all of them
"""

from __future__ import annotations

from fuzz.brought import BROUGHT
from fuzz.command_lines import COMMAND_LINES
from fuzz.records import RECORDS

SURFACES = (*RECORDS, *BROUGHT, *COMMAND_LINES)
