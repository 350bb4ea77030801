"""The stages: one file for each command, each to be read from top to bottom."""
