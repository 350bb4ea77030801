"""Training of networks: steps, augmentation, averaging, order of clips, processes and their settings."""
