"""HTML pages: of a scored run, of several runs, of a recording, of a folder of recordings."""
