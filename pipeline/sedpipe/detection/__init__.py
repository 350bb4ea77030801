"""From frame probabilities to events: filters, post-processing, tuning, segment counts, sensitivity."""
