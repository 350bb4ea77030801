"""Soundscapes: sounds made by rule, and the mixing of any sounds; arrays in, arrays out."""
