"""Settings read from TOML: presets, recipes, front ends."""
