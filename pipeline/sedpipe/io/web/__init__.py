"""Access to the network: files, parts of files, videos."""
