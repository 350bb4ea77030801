"""Trained networks on disk: checkpoints, exports, opening one by name."""
