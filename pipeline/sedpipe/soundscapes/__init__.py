"""Soundscapes: synthetic sounds, and the mixing of any sounds; arrays in, arrays out."""
