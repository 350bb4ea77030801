"""``python cli.py`` in a checkout: the same as the command ``sedpipe``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "pipeline"))

from sedpipe.cli import run

if __name__ == "__main__":
    run()
