"""Everything that sedpipe reads: each file with its reader. Each is damaged and read by the real reader.

- :data:`SURFACES`: all surfaces
"""

from __future__ import annotations

from fuzz.brought import BROUGHT
from fuzz.command_lines import COMMAND_LINES
from fuzz.records import RECORDS

SURFACES = (*RECORDS, *BROUGHT, *COMMAND_LINES)
