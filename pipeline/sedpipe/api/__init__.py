"""What ``import sedpipe`` hands on: models, metrics, pooling and datasets for programs of one's own."""
