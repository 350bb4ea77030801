"""Datasets as TOML files: ``load`` finds and checks one; the other modules define the forms of each kind."""
