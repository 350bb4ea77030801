"""Datasets as TOML files: ``load`` finds and checks one, the others are the forms of its kinds."""
