"""Trained networks on disk: checkpoints, exports, and opening a model by its name."""
