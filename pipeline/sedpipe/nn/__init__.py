"""The network: pooling, blocks, CRNN, fitting; knows no file."""
