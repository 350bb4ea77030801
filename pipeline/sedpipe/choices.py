"""Names that a person chooses among, each list written once; importing it costs nothing.

Lists that a script of one's own can add to (pooling functions, networks, front ends) are registries where they belong.
"""

SPLITS = ("training", "testing", "evaluation")
"""DCASE's names, in the order of a dataset's table: ``testing`` is the development test set."""

TRAINED_ON = "training"
"""The network learns here; where its strong labels are known, it can be scored, too."""

TUNED_ON = "testing"
"""Early stopping and thresholds come from here: DCASE's development test set."""

OPERATING_POINTS = ("min_er", "max_f1")
"""Post-processing with the lowest error rate, and with the highest micro F1."""

DTYPES = ("float16", "float32")
"""How feature values are stored."""

COMPRESSIONS = ("none", "gzip", "lzf")
"""HDF5's own filters, which every reader has."""

PRECISIONS = ("auto", "float32", "bfloat16")
"""What convolutions compute in."""

RETRY = ("gone", "blocked", "all")
"""States of a download that are settled, and that may be tried again all the same."""
