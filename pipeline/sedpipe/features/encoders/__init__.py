"""Pretrained encoders as front ends: their descriptions, their runtimes, the positions of their frames."""
