"""Damaged files through everything that reads them."""
