"""A small split (32 clips, 17 classes) and what the first edition of sedpipe made of it; probabilities are k / 255."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.truth import Truth

FOLDER = Path(__file__).parent


def example() -> tuple[FrameScores, Truth]:
    """Probabilities and reference."""
    with np.load(FOLDER / "example.npz") as stored:
        about = json.loads(str(stored["meta"]))
        frame_probs, clip_probs = ((stored[name] / np.float32(255)) for name in ("frame_probs", "clip_probs"))
        n_frames, durations = stored["n_frames"], stored["durations"]
    for probs, end in zip(frame_probs, n_frames.tolist(), strict=True):
        probs[end:] = 0  # the first edition let hysteresis carry events out of the padding, which is no sound
    labels = LabelSet(tuple(about["labels"]))
    scores = FrameScores(
        about["clip_ids"], frame_probs, clip_probs, n_frames, durations, labels, FrameGrid(**about["grid"])
    )
    reference = {clip_id: [Event(*event) for event in events] for clip_id, events in about["reference"].items()}
    return scores, Truth(reference, dict(zip(scores.clip_ids, durations.tolist(), strict=True)), labels)


def expected() -> dict[str, Any]:
    """What it came to."""
    found: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text())
    return found
