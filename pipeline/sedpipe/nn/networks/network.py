"""What every network is: features of clips in, probabilities out; and what all of them need for it.

- :class:`NetworkConfig`: its sizes; each network has its own
- :class:`Prediction`: what it returns; :class:`Taught`: what else learns than clips
- :data:`LAST_LAYERS`: those that know the classes
- :class:`Network`: standardises its input, pools its frames, knows where they lie; a new one fills in the rest
- :func:`first_frames`: which frames of a padded batch count

Shapes: B clips, T input frames, F features, T' = ceil(T / time_factor) output frames, K classes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from math import log
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.pooling import PoolingConfig, check_hierarchy, frame_weights, pool, pool_stage
from sedpipe.nn.pooling_functions import POOLING_FUNCTIONS, alpha_penalty, keep_in_range, learned_weights
from sedpipe.nn.precision import without_autocast

_MOST_FRAMES_A_SECOND = 1000
"""Of probabilities: those of an hour, and of many classes, must fit in memory, and times are told to 1 ms."""

_STORED_TO_DB = 0.1
"""As float16, in which features are stored, tells values around -100 dB apart."""

LAST_LAYERS = ("classify", "attend", "attend_segments", "alpha")
"""What :meth:`Network.add_head` makes: a row, or a number, for each class."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of a network, with a default each; ``__post_init__`` refuses what cannot work with a ``ValueError``.

    Parameters
    ----------
    name : str
        Of the network in :data:`sedpipe.nn.networks.registry.NETWORKS`.
    members : int
        How many of them, from other random weights, are one system: the mean of their probabilities.
    """

    name: str = ""
    members: int = field(default=1, kw_only=True)


class Taught(NamedTuple):
    """Parts of a clip that learn from its labels beside the clip itself.

    Parameters
    ----------
    probs : Tensor [shape=(B, parts, K)]
    counts : Tensor [shape=(B, parts)]
        Which of them are parts of the clip, not of its padding.
    """

    probs: Tensor
    counts: Tensor


class Prediction(NamedTuple):
    """Probabilities in [0, 1], float32.

    Parameters
    ----------
    frame_probs : Tensor [shape=(B, T', K)]
    segment_probs : list of Tensor
        Of each stage of the hierarchy, (B, segments, K), finest first.
    clip_probs : Tensor [shape=(B, K)]
    taught : tuple of Taught
        What else learns from the clip's labels; nothing, in most networks.
    alone : tuple of Prediction
        Of a mean of networks in training, what each says: they learn from that, and nothing from the mean.
    """

    frame_probs: Tensor
    segment_probs: list[Tensor]
    clip_probs: Tensor
    taught: tuple[Taught, ...] = ()
    alone: tuple[Prediction, ...] = ()


class Network(nn.Module, ABC):
    """A network from features to probabilities.

    One of your own calls ``super().__init__``, makes its layers, then its head (:meth:`add_head`), and has a
    ``forward`` that goes from :meth:`standardised` to :meth:`pooled`; or it makes a :class:`Prediction` in another way.
    It is given whole clips: one that hears a clip in several windows cuts them itself
    (``x.unfold(1, length, hop)`` is (B, windows, F, length)), folds them into the batch, and joins what it found.

    Parameters
    ----------
    pooling : PoolingConfig
        How frames become clips.
    n_classes : int
        K.
    spec : FeatureSpec
        What it hears.
    time_factor : int
        Input frames that become one output frame; it need not divide T.

    Raises
    ------
    ValueError
        If a clip has fewer frames than become one, these would last less than 1 ms, or the hierarchy does not fit them.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec, time_factor: int = 1) -> None:
        super().__init__()
        self.pooling, self.n_classes, self.time_factor = pooling, n_classes, time_factor
        self.content = spec.front_end.content
        self.n_decibels, self.silence_db = 0, 0.0
        if isinstance(spec.front_end, LogMelConfig):  # of a user's own decibels nobody knows what silence is
            self.n_decibels, self.silence_db = spec.front_end.n_mels, spec.front_end.silence_db
        self._compiled_for: int | None = None
        self._is_frozen = False
        n_frames, n_features = spec.shape
        if not 1 <= time_factor <= n_frames:
            raise ValueError(f"the network pools {time_factor} frames into one, but a clip has only {n_frames}")
        frames_a_second = 1 / spec.front_end.grid.subsampled(time_factor).frame_duration
        if frames_a_second > _MOST_FRAMES_A_SECOND:
            most = f"at most {_MOST_FRAMES_A_SECOND} can be used: let it pool more over time"
            raise ValueError(f"the network makes {frames_a_second:.0f} frames a second, {most}")
        self._n_output_frames = -(-n_frames // time_factor)
        check_hierarchy(pooling.hierarchy, self._n_output_frames)
        # beside the weights, so that these never meet the wrong scaler
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))

    def add_head(self, n_hidden: int, initial_probability: float = 0.5) -> None:
        """Make the layers of :meth:`pooled`, after those below it: weights are drawn in the order of the layers.

        Parameters
        ----------
        n_hidden : int
            Values a frame that it is given.
        initial_probability : float in (0, 1)
            Frame probability of every class before training.
        """
        self.classify: nn.Module = nn.Linear(n_hidden, self.n_classes)
        nn.init.constant_(self.classify.bias, log(initial_probability / (1 - initial_probability)))
        self.add_pooling(n_hidden)

    def add_pooling(self, n_hidden: int) -> None:
        """Make the layers that the pooling needs beside those that make frame probabilities: :meth:`pooled_probs`.

        Parameters
        ----------
        n_hidden : int
            Values a frame that they are given.
        """
        how, n_classes = self.pooling, self.n_classes
        function = POOLING_FUNCTIONS[how.function]
        self.attend = nn.Linear(n_hidden, n_classes) if function.attends else None
        self.attend_segments = nn.ModuleList(nn.Linear(n_hidden, n_classes) for _ in range(how.n_learned_stages))
        self.alpha = nn.Parameter(torch.ones(n_classes)) if function.learns_alpha else None

    @property
    def last_layers(self) -> tuple[str, ...]:
        """Names of the layers of which each row, or number, is a class's; a network with others names them."""
        return LAST_LAYERS

    def is_of_last_layers(self, parameter: str) -> bool:
        """Whether a parameter, by its name in the network, belongs to :attr:`last_layers`."""
        return f"{parameter}.".startswith(tuple(f"{layer}." for layer in self.last_layers))

    def freeze(self) -> None:
        """Let training change the last layers alone; below them no value drops out, and statistics stay."""
        self._is_frozen = True
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(self.is_of_last_layers(name))
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """As of any module, but that what is frozen is never in training."""
        super().train(mode)
        for name, part in self.named_children() if self._is_frozen else ():
            if not self.is_of_last_layers(name):
                part.eval()
        return self

    def standardise_with(self, mean: Tensor, deviation: Tensor) -> None:
        """Set what is subtracted from each feature and what it is divided by, (F,) each."""
        self.mean.copy_(mean)
        self.scale.copy_(1 / deviation.clamp(min=1e-3))

    @abstractmethod
    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Probabilities of each class.

        Parameters
        ----------
        x : Tensor [shape=(B, T, F)]
            Features, as the front end makes them.
        n_frames : Tensor [shape=(B,)]
            How many of the T frames count; the others are padding, and must change nothing. It may lie in the
            processor's memory where ``x`` does not, so that nobody has to wait to look at it.
        """

    def __call__(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """:meth:`forward`, compiled if it is, and if the batch is as large as those that it is compiled for."""
        is_meant = self._compiled_for is not None and len(x) == self._compiled_for
        prediction: Prediction = (super().__call__ if is_meant else self._call_impl)(x, n_frames)
        return prediction

    def compile_for(self, batch_size: int) -> None:
        """Compile it for batches of one size; others, as the last of an epoch is, are not worth half a minute each."""
        self._compiled_for = batch_size
        self.compile()

    def standardised(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, T, F), of mean 0 and deviation 1 a feature over the training clips."""
        return (x - self.mean) * self.scale

    def without_padding(self, x: Tensor, n_frames: Tensor) -> Tensor:
        """(B, T, F) -> (B, T' * time_factor, F): frames that do not count become 0, and a few are added at the end."""
        padding = ~first_frames(n_frames.to(x.device, non_blocking=True), x.shape[1])
        silent = x.masked_fill(padding.unsqueeze(-1), 0)
        lacking = -x.shape[1] % self.time_factor
        return nn.functional.pad(silent, (0, 0, 0, lacking)) if lacking else silent

    def digital_silence(self, x: Tensor) -> Tensor:
        """Which output frames hold no sound at all, as the bands of our log-mel tell; none of other features.

        Where decibels are relative to the clip, none are told either. Edited recordings have such silence, which no
        microphone makes: few networks have learnt what to say of it.

        Parameters
        ----------
        x : Tensor [shape=(B, T, F)]
            Features, as the front end makes them.

        Returns
        -------
        Tensor of bool [shape=(B, T')]
        """
        silent = (x[..., : self.n_decibels] <= self.silence_db + _STORED_TO_DB).all(dim=-1) & (self.n_decibels > 0)
        lacking = -x.shape[1] % self.time_factor
        whole = nn.functional.pad(silent, (0, lacking), value=True)
        return whole.reshape(len(x), -1, self.time_factor).all(dim=-1)

    def output_frames(self, n_frames: Tensor) -> Tensor:
        """How many output frames (B,) hold at least one of the input frames that count."""
        return (n_frames + self.time_factor - 1) // self.time_factor

    def pooled(self, hidden: Tensor, n_frames: Tensor) -> Prediction:
        """What the head makes of (B, T', n_hidden): a sigmoid a frame and class, and the pooling; in float32."""
        with without_autocast(hidden.device):
            hidden = hidden.float()
            return self.pooled_probs(self.classify(hidden).sigmoid(), hidden, n_frames)

    def pooled_probs(self, frame_probs: Tensor, hidden: Tensor, n_frames: Tensor) -> Prediction:
        """What pooling makes of frame probabilities (B, T', K), with what attention layers say of ``hidden``."""
        valid = first_frames(self.output_frames(n_frames).to(hidden.device, non_blocking=True), hidden.shape[1])
        with without_autocast(hidden.device):
            return self._pool(frame_probs.float(), hidden.float(), valid)

    def penalty(self) -> Tensor | float:
        """What training adds to the loss, whatever the clips are."""
        return alpha_penalty(self.pooling.function, getattr(self, "alpha", None))

    def keep_in_range(self) -> None:
        """What follows each step of training: a number that pooling learns goes back into its range."""
        keep_in_range(self.pooling.function, getattr(self, "alpha", None), self._n_output_frames)

    def _pool(self, frame_probs: Tensor, hidden: Tensor, valid: Tensor) -> Prediction:
        how = self.pooling
        attention = self.attention_of(hidden)
        weights = frame_weights(how.function, frame_probs, valid, attention, how.attention_axis, self.alpha)
        clip_probs, segment_probs = pool(
            how.function,
            frame_probs,
            weights,
            how.hierarchy,
            segment_weights=how.segment_weights,
            learned=self._learned_weights(hidden, valid),
        )
        return Prediction(frame_probs, segment_probs, clip_probs)

    def attention_of(self, hidden: Tensor) -> Tensor | None:
        """What the attention layer says of (B, T', n_hidden), before any softmax; None where pooling needs none."""
        return None if self.attend is None else self.attend(hidden)

    def _learned_weights(self, hidden: Tensor, valid: Tensor) -> list[Tensor]:
        """Of each stage's segments, from the mean of ``hidden`` over the frames of a segment that count."""
        weights, counts = [], valid.unsqueeze(-1).to(hidden.dtype).expand_as(hidden)
        for group, attend in zip(self.pooling.hierarchy, self.attend_segments, strict=False):
            hidden, counts = pool_stage(hidden, counts, group, segment_weights="original")
            weights.append(learned_weights(attend(hidden), counts[..., 0] > 0, self.pooling.attention_axis))
        return weights


def first_frames(n_frames: Tensor, n_all: int) -> Tensor:
    """Which of ``n_all`` frames are among the first ``n_frames`` (B,); (B, n_all)."""
    return torch.arange(n_all, device=n_frames.device) < n_frames.unsqueeze(1)
