"""``python -m sedpipe``: the same as the command ``sedpipe``."""

from sedpipe.cli import main

if __name__ == "__main__":
    main(prog_name="sedpipe")
