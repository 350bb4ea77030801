"""Scores: pure functions with one shape in every file, validate -> counts -> scores.

- ``clip_based``: what is in the clip; precision, recall, F1, mAP
- ``segment_based``: what sounds in each second; fast, for tuning
- ``sed_eval_scores``: the official scorer, segment-based and event-based
- ``detection_scores``: what the scores of the last two look like
- ``validation``: event lists made fit for scoring
"""
