"""One file a verb, each a story read from top to bottom."""
