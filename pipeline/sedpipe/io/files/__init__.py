"""Writing so that nothing is lost, locks, checksums, archives."""
