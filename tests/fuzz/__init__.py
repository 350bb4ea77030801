"""Fuzz tests that pass damaged files through everything that reads them."""
