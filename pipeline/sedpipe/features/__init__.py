"""Front ends, one file each: a waveform in, frames of features out."""
