"""Output for people: lines for the terminal, pages for the browser, tables and figures of ``reproduce``.

- ``terminal``: the report of a stage as lines and tables
- ``page``: HTML pages of a scored run, of several runs, of a recording, and of a folder of recordings
- ``tables``: Markdown, CSV and SVG of ``reproduce``
- ``render`` and ``templates/``: plain values -> HTML or SVG; ``charts``, ``png``: coordinates in a drawing, images
- ``verdicts``, ``baselines``: the wording for comparisons and baselines, the same everywhere
"""
