"""The HTML page about a scored run."""
