"""What a person looks at: lines for the terminal, pages for the browser.

- ``lines``: a stage's report as lines
- ``scored_run``: a run on a split, read from what ``score`` wrote; ``operating_point``: its post-processing
- ``mistakes``, ``thresholds``: what is counted for a page; rolls and probabilities in, numbers out
- ``headline``, ``classes``, ``clip_view``, ``charts``, ``provenance``: the parts of a page as plain values
- ``png``, ``spectrogram``, ``sound``: pictures and MP3
- ``page``, ``comparison``: one run, several runs; ``render`` and ``templates/`` make HTML of them
"""
