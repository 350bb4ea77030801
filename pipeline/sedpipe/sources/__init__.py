"""Where the clips of a dataset come from, one file a kind."""
