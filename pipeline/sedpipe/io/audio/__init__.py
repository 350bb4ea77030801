"""Decoding recordings, and storing the audio of clips."""
