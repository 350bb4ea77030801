"""What comes from the network: files, parts of files, videos."""
