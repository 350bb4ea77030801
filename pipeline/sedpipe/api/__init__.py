"""What ``import sedpipe`` offers to your own programs: models, metrics, pooling and datasets."""
