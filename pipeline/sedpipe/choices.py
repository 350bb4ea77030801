"""Names that users choose from, each list written once; cheap to import.

Lists that a user's script can extend (pooling functions, networks, front ends) are registries in their own modules.
"""

SPLITS = ("training", "testing", "evaluation")
"""DCASE's names, in the order of a dataset's table: ``testing`` is the development test set."""

TRAINED_ON = "training"
"""Split on which networks are trained; if its strong labels are known, it can be scored, too."""

TUNED_ON = "testing"
"""Split on which early stopping and thresholds are chosen: DCASE's development test set."""

OPERATING_POINTS = ("min_er", "max_f1")
"""Post-processing with the lowest error rate, and with the highest micro F1."""

DTYPES = ("float16", "float32")
"""Data types in which features are stored."""

COMPRESSIONS = ("none", "gzip", "lzf")
"""Compression filters of HDF5 itself, which every reader supports."""

PRECISIONS = ("auto", "float32", "bfloat16")
"""Precisions in which convolutions are computed."""

RETRY = ("gone", "blocked", "all")
"""Final states of a download that can be retried on request."""
