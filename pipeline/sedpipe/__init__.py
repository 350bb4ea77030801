"""Weakly labelled sound event detection: what sounds in a clip is known, when it sounds is learned.

From the bottom up; a file imports only what stands above it in this list:

- ``errors``, ``suggestions``: what a user can mend, and what was probably meant
- ``labels``, ``events``, ``clips``, ``frames``: the words of the field, as small values
- ``logmel_kernel``, ``logmel``, ``windows``, ``postprocess``, ``tuning``, ``sensitivity``, ``soundscapes``,
  ``metrics``, ``nn``: arrays in, arrays out
- ``io``: everything that touches disk or network
- ``batches``, ``truth``: rows and stored features -> tensors; what is known about when things sound
- ``sources``: where the clips of a dataset come from (mixtures, a folder, YouTube)
- ``report``: what a person looks at: a report as lines, a scored run as a page
- ``stages``: one file a verb (download, features, train, score, predict, export, report, reproduce, ...)

``cli.py``, beside this package, is the door.
"""

__version__ = "0.1.0"
