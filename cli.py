"""``python cli.py`` in a checkout: the same as the command ``sedpipe``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "pipeline"))

from sedpipe.cli import main

if __name__ == "__main__":
    main(prog_name="sedpipe")
