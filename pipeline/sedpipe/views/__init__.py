"""What a person looks at: lines for the terminal, pages for the browser, tables and figures of ``reproduce``.

- ``terminal``: a stage's report as lines and tables
- ``page``: HTML of a scored run, of several, of a recording, of a folder of recordings
- ``tables``: Markdown, CSV and SVG of ``reproduce``
- ``render`` and ``templates/``: plain values -> HTML or SVG; ``charts``, ``png``: places on a drawing, pictures
- ``verdicts``, ``baselines``: what comparisons and baselines are called everywhere
"""
