"""Figures and tables of ``sedpipe reproduce``."""
