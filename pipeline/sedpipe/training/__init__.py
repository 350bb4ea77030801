"""How a network is trained: steps, augmentation, averaging, orders, processes and their settings."""
