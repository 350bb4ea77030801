"""What lies in ``cache/DATASET``: rows, features, runs, scores."""
