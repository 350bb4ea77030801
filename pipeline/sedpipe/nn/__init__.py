"""Neural networks: blocks, pooling, architectures; nothing here reads or writes files."""
