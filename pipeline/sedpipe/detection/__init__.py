"""From frame probabilities to events: filters, post-processing, tuning, tallies, sensitivity."""
