"""What a person reads: lines for the terminal."""
