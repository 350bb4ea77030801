"""Front ends: a waveform in, frames out; one file each."""
