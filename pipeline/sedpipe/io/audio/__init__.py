"""How audio comes in and how it is stored."""
