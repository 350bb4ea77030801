"""``python -m sedpipe``: the same as the command ``sedpipe``."""

from sedpipe.cli import run

if __name__ == "__main__":
    run()
