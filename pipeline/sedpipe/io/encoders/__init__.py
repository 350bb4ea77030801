"""Pretrained encoders: their cards, their files in a cache, and how these files are fetched."""
