"""Make a front end from what the user names with ``--encoder``, and provide the files that it needs.

- :func:`encoders_front_end`: ``yamnet``, ``yamnet,aisfx``, ``my-ears.toml``: one or several encoders on one frame grid
- :func:`named_front_end`: the same, or, with ``logmel`` among the names, a spectrogram combined with the encoders
- :func:`with_encoder_files`: the same features, whose front end has all files that it needs
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from sedpipe.clips import ClipFormat
from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.features.encoders.both import BothConfig, aligned
from sedpipe.features.encoders.encoder import NeedsEncoders
from sedpipe.features.encoders.front_end import EncoderConfig
from sedpipe.features.encoders.runtimes import check_runtime
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import MOST_VALUES, FeatureSpec
from sedpipe.io.encoders.cards import LEAST_HOP_S, EncoderCard, load_encoder
from sedpipe.io.encoders.fetch import keep_encoder
from sedpipe.io.encoders.kept import KeptWeights, encoder_path, not_there
from sedpipe.listener import Listener

CLIPS = ClipFormat()
BESIDE_LOGMEL_S = 0.08
"""Hop of encoders that are combined with log-mel, in seconds."""

_LOGMEL = "logmel"


@dataclass(frozen=True)
class OfferedWeights:
    """The file of an encoder that the user has named, not in a cache yet: its card says where it is."""

    card: EncoderCard

    def read(self) -> bytes:
        """Raise MissingStageError: the file must be in a cache first, see :func:`with_encoder_files`."""
        raise MissingStageError(f"the encoder {self.card.name} is not in the cache yet")


def encoders_front_end(names: str, hop_s: float | None = None, clips: ClipFormat = CLIPS) -> EncoderConfig:
    """Return a front end of one or several encoders, on one frame grid.

    Parameters
    ----------
    names : str
        Names of encoders that come with sedpipe, or paths of TOML files, separated by commas.
    hop_s : float, optional
        Seconds from one frame to the next, rounded to the nearest sample; by default the shortest hop of the encoders.
    clips : ClipFormat
        Format of the dataset's clips. Only their length matters, since each encoder has a fixed sample rate.

    Raises
    ------
    SettingsError
        If an encoder does not exist, is named twice, or cannot be used.
    """
    cards = [load_encoder(name) for name in names.split(",")]
    rate = max(card.encoder.sample_rate for card in cards)  # so that no encoder loses bandwidth
    offered = tuple(OfferedWeights(card) for card in cards)
    try:
        _check_hop(hop_s, clips)
        hop = round((min(card.hop_s for card in cards) if hop_s is None else hop_s) * rate)
        made = EncoderConfig(rate, hop, 1, tuple(card.encoder for card in cards), offered)
        made = made.fitted_to(clips.sample_rate, clips.clip_s)
        _check_size(made, clips)
        return made
    except (ValueError, ArithmeticError) as error:
        raise SettingsError(f"--encoder {names}: {error}") from error


def named_front_end(names: str, hop_s: float | None = None, clips: ClipFormat = CLIPS) -> EncoderConfig | BothConfig:
    """Return the front end that ``--encoder`` names: encoders, or log-mel and encoders (``logmel,yamnet``).

    Parameters
    ----------
    names, hop_s, clips
        As for :func:`encoders_front_end`. With log-mel, the encoders' frames last 80 ms, as in the paper, unless
        another hop is requested, which must be a multiple of log-mel's frames.

    Raises
    ------
    SettingsError
        As for :func:`encoders_front_end`, or if log-mel is named alone.
    """
    others = [name for name in names.split(",") if name != _LOGMEL]
    if len(others) == len(names.split(",")):
        return encoders_front_end(names, hop_s, clips)
    if not others:
        raise SettingsError("--encoder logmel names no encoder", hint="leave --encoder out for log-mel alone")
    spectrogram = LogMelConfig().fitted_to(clips.sample_rate, clips.clip_s)
    vectors = encoders_front_end(",".join(others), clips.clip_s, clips)  # aligned() sets the requested hop later
    try:
        _check_hop(hop_s, clips)
        frames_each = _frames_each(hop_s, spectrogram.grid.frame_duration)
        both = BothConfig(*aligned(spectrogram, vectors, frames_each))
        _check_size(both.vectors, clips, beside=both.spectrogram.n_frames * both.spectrogram.n_mels)
        return both
    except (ValueError, ArithmeticError) as error:
        raise SettingsError(f"--encoder {names}: {error}") from error


def _check_hop(hop_s: float | None, clips: ClipFormat) -> None:
    if hop_s is not None and not LEAST_HOP_S <= hop_s <= clips.clip_s:
        raise ValueError(
            f"--hop {hop_s:g} must be from {LEAST_HOP_S:g} to {clips.clip_s:g}: it is in seconds, and a clip lasts "
            f"{clips.clip_s:g}"
        )


def _check_size(made: EncoderConfig, clips: ClipFormat, beside: int = 0) -> None:
    """Raise ``ValueError``, with a hop that would do, if a clip has too many values, ``beside`` of them log-mel."""
    most = MOST_VALUES - beside
    if made.n_frames * made.n_features > most > 0:
        least = clips.clip_s * made.n_features / most
        raise ValueError(
            f"a frame every {made.grid.frame_duration:g} s (--hop, or hop in its TOML) makes {made.n_frames:,} x "
            f"{made.n_features:,} values per clip, more than {most:,}: give --hop {_rounded_up(least)} or more"
        )


def _rounded_up(seconds: float) -> float:
    """Round up to milliseconds, and add one more, since a hop is a whole number of samples."""
    return (math.ceil(seconds * 1000) + 1) / 1000


def _frames_each(hop_s: float | None, frame_s: float) -> int:
    """Return how many log-mel frames make one encoder frame; ``ValueError`` if that is no whole number within 1 %."""
    if hop_s is None:
        return round(BESIDE_LOGMEL_S / frame_s)
    frames_each = round(hop_s / frame_s)
    if frames_each < 1 or abs(frames_each * frame_s - hop_s) > 0.01 * hop_s:
        raise ValueError(f"--hop {hop_s:g} beside log-mel must be a multiple of its frames, {frame_s:g} s")
    return frames_each


def with_encoder_files(spec: FeatureSpec, cache_dir: Path, listener: Listener | None = None) -> FeatureSpec:
    """Return the same features, with the files of the encoders that their front end needs, if any.

    Parameters
    ----------
    spec : FeatureSpec
        Specification of the features. An encoder that the user has just named is fetched if necessary; one that a model
        names is only looked for, since a model may come from anywhere.
    cache_dir : Path
    listener : Listener, optional
        Listener that receives progress and remarks.

    Raises
    ------
    MissingStageError
        If a file is not in the cache; the hint names the command that fetches it.
    SettingsError
        If the runtime of an encoder is not installed.
    """
    front_end = spec.front_end
    if not isinstance(front_end, NeedsEncoders):
        return spec
    for encoder in front_end.encoders:
        check_runtime(encoder)
    for offered in front_end.weights:
        if isinstance(offered, OfferedWeights):
            keep_encoder(offered.card, cache_dir, listener=listener)
    for encoder in front_end.encoders:
        if not encoder_path(cache_dir, encoder).is_file():
            raise not_there(encoder, cache_dir)
    weights = tuple(KeptWeights(cache_dir.absolute(), encoder) for encoder in front_end.encoders)
    return replace(spec, front_end=front_end.with_weights(weights))
