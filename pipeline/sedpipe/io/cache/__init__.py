"""The contents of ``cache/DATASET``: rows, features, runs, scores."""
