"""Pretrained encoders as front ends: what one is, what runs it, where its frames lie."""
