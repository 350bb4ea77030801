"""Writing without loss, locks, checksums, archives."""
