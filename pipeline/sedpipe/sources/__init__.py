"""Where the clips of a dataset come from, one module for each kind."""
