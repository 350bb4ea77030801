"""Base class of all networks, which turn features of clips into probabilities.

- :class:`NetworkConfig`: sizes of a network; each network has its own subclass
- :class:`Prediction`: output of a network; :class:`Taught`: parts of clips that are also trained with the clips' labels
- :data:`LAST_LAYERS`: the layers that depend on the classes
- :class:`Network`: standardises its input, pools its frames, knows their times; a subclass adds the rest
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
from sedpipe.nn.sending import sent

_MOST_FRAMES_A_SECOND = 1000
"""Limit for output frames: probabilities of an hour and of many classes must fit in memory, and times have a
resolution of 1 ms."""

_STORED_TO_DB = 0.1
"""Tolerance: features are stored as float16, which resolves values around -100 dB to about this."""

LAST_LAYERS = ("classify", "attend", "attend_segments", "alpha")
"""Layers that :meth:`Network.add_head` makes: their parameters have a row, or a number, for each class."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of a network, each with a default; ``__post_init__`` raises ``ValueError`` for values that cannot work.

    Parameters
    ----------
    name : str
        Name of the network in :data:`sedpipe.nn.networks.registry.NETWORKS`.
    members : int
        Number of networks with different initial weights that form one system: the mean of their probabilities.
    """

    name: str = ""
    members: int = field(default=1, kw_only=True)


class Taught(NamedTuple):
    """Probabilities of parts of a clip that are trained with the clip's labels, in addition to those of the clip.

    Parameters
    ----------
    probs : Tensor [shape=(B, parts, K)]
    counts : Tensor [shape=(B, parts)]
        Whether a part belongs to the clip, and not to its padding.
    """

    probs: Tensor
    counts: Tensor


class Prediction(NamedTuple):
    """Probabilities in [0, 1], float32.

    Parameters
    ----------
    frame_probs : Tensor [shape=(B, T', K)]
    segment_probs : list of Tensor
        Segment probabilities of each stage of the hierarchy, (B, segments, K), finest first.
    clip_probs : Tensor [shape=(B, K)]
    taught : tuple of Taught
        Further probabilities that are trained with the clip's labels; empty for most networks.
    alone : tuple of Prediction
        Only for a mean of networks in training: the prediction of each member. The members are trained on these, not
        on the mean.
    """

    frame_probs: Tensor
    segment_probs: list[Tensor]
    clip_probs: Tensor
    taught: tuple[Taught, ...] = ()
    alone: tuple[Prediction, ...] = ()


class Network(nn.Module, ABC):
    """A network from features to probabilities.

    A subclass calls ``super().__init__``, makes its layers, then its head (:meth:`add_head`), and has a ``forward``
    that goes from :meth:`standardised` to :meth:`pooled`; or it makes a :class:`Prediction` in another way. Its input
    consists of whole clips: a network that processes a clip in several windows cuts them itself
    (``x.unfold(1, length, hop)`` is (B, windows, F, length)), folds them into the batch, and joins their outputs.

    Parameters
    ----------
    pooling : PoolingConfig
        How frame probabilities become clip probabilities.
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Features that the network takes as input.
    time_factor : int
        Number of input frames per output frame; it need not divide T.

    Raises
    ------
    ValueError
        If a clip has fewer input frames than one output frame needs, output frames would last less than 1 ms, or the
        hierarchy does not fit their number.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec, time_factor: int = 1) -> None:
        super().__init__()
        self.pooling, self.n_classes, self.time_factor = pooling, n_classes, time_factor
        self.content = spec.front_end.content
        self.n_decibels, self.silence_db = 0, 0.0
        if isinstance(spec.front_end, LogMelConfig):  # a user's own decibels: the value of silence is unknown
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
        # stored with the weights, so that these are never combined with the wrong scaler
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))

    def add_head(self, n_hidden: int, initial_probability: float = 0.5) -> None:
        """Make the layers of :meth:`pooled`; call it after making those below: weights are drawn in that order.

        Parameters
        ----------
        n_hidden : int
            Number of values per frame in the input of these layers.
        initial_probability : float in (0, 1)
            Frame probability of every class before training.
        """
        self.classify: nn.Module = nn.Linear(n_hidden, self.n_classes)
        nn.init.constant_(self.classify.bias, log(initial_probability / (1 - initial_probability)))
        self.add_pooling(n_hidden)

    def add_pooling(self, n_hidden: int) -> None:
        """Make the layers that pooling needs in addition to frame probabilities: see :meth:`pooled_probs`.

        Parameters
        ----------
        n_hidden : int
            Number of values per frame in the input of these layers.
        """
        how, n_classes = self.pooling, self.n_classes
        function = POOLING_FUNCTIONS[how.function]
        self.attend = nn.Linear(n_hidden, n_classes) if function.attends else None
        self.attend_segments = nn.ModuleList(nn.Linear(n_hidden, n_classes) for _ in range(how.n_learned_stages))
        self.alpha = nn.Parameter(torch.ones(n_classes)) if function.learns_alpha else None

    @property
    def last_layers(self) -> tuple[str, ...]:
        """Names of the layers with a row, or a number, for each class; a network with other layers overrides this."""
        return LAST_LAYERS

    def is_of_last_layers(self, parameter: str) -> bool:
        """Return whether a parameter, given by its name in the network, belongs to :attr:`last_layers`."""
        return f"{parameter}.".startswith(tuple(f"{layer}." for layer in self.last_layers))

    def freeze(self) -> None:
        """Let training change only the last layers; those below have no dropout, and keep their statistics."""
        self._is_frozen = True
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(self.is_of_last_layers(name))
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set the training mode as in any module, but leave frozen layers in evaluation mode."""
        super().train(mode)
        for name, part in self.named_children() if self._is_frozen else ():
            if not self.is_of_last_layers(name):
                part.eval()
        return self

    def standardise_with(self, mean: Tensor, deviation: Tensor) -> None:
        """Set the mean that is subtracted from each feature and the deviation that it is divided by, (F,) each."""
        self.mean.copy_(mean)
        self.scale.copy_(1 / deviation.clamp(min=1e-3))

    @abstractmethod
    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class.

        Parameters
        ----------
        x : Tensor [shape=(B, T, F)]
            Features, as the front end makes them.
        n_frames : Tensor [shape=(B,)]
            Number of frames that count; the others are padding, and must not affect the result. It may be in CPU
            memory even if ``x`` is not, so that reading it need not wait for another device.
        """

    def __call__(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Call :meth:`forward`; its compiled form, if there is one and the batch has the size it was compiled for."""
        is_meant = self._compiled_for is not None and len(x) == self._compiled_for
        prediction: Prediction = (super().__call__ if is_meant else self._call_impl)(x, n_frames)
        return prediction

    def compile_for(self, batch_size: int) -> None:
        """Compile for batches of one size; others, like an epoch's last one, are not worth half a minute each."""
        self._compiled_for = batch_size
        self.compile()

    def standardised(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, T, F): subtract each feature's mean over the training clips, and divide by its deviation."""
        return (x - self.mean) * self.scale

    def without_padding(self, x: Tensor, n_frames: Tensor) -> Tensor:
        """(B, T, F) -> (B, T' * time_factor, F): set frames that do not count to 0, and append zeros as needed."""
        padding = ~first_frames(sent(n_frames, x.device), x.shape[1])
        silent = x.masked_fill(padding.unsqueeze(-1), 0)
        lacking = -x.shape[1] % self.time_factor
        return nn.functional.pad(silent, (0, 0, 0, lacking)) if lacking else silent

    def digital_silence(self, x: Tensor) -> Tensor:
        """Return which output frames are digital silence, judged by the bands of our log-mel; none for other features.

        Where decibels are relative to the clip, no frame counts as silent, either. Edited recordings contain digital
        silence, which no microphone records: few networks have learnt what to output for it.

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
        """Return the number of output frames (B,) that contain at least one of the input frames that count."""
        return (n_frames + self.time_factor - 1) // self.time_factor

    def pooled(self, hidden: Tensor, n_frames: Tensor) -> Prediction:
        """Apply the head to (B, T', n_hidden): a sigmoid for each frame and class, then pooling; in float32."""
        with without_autocast(hidden.device):
            hidden = hidden.float()
            return self.pooled_probs(self.classify(hidden).sigmoid(), hidden, n_frames)

    def pooled_probs(self, frame_probs: Tensor, hidden: Tensor, n_frames: Tensor) -> Prediction:
        """Pool frame probabilities (B, T', K); attention layers, if any, take ``hidden`` as input."""
        valid = first_frames(sent(self.output_frames(n_frames), hidden.device), hidden.shape[1])
        with without_autocast(hidden.device):
            return self._pool(frame_probs.float(), hidden.float(), valid)

    def penalty(self) -> Tensor | float:
        """Return the penalty that training adds to the loss, which does not depend on the clips."""
        return alpha_penalty(self.pooling.function, getattr(self, "alpha", None))

    def keep_in_range(self) -> None:
        """Clip the parameter that pooling learns to its range; called after each training step."""
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
        """Return the attention layer's output for (B, T', n_hidden), before any softmax; None if pooling needs none."""
        return None if self.attend is None else self.attend(hidden)

    def _learned_weights(self, hidden: Tensor, valid: Tensor) -> list[Tensor]:
        """Return the weights of each stage's segments, from the mean of ``hidden`` over their frames that count."""
        weights, counts = [], valid.unsqueeze(-1).to(hidden.dtype).expand_as(hidden)
        for group, attend in zip(self.pooling.hierarchy, self.attend_segments, strict=False):
            hidden, counts = pool_stage(hidden, counts, group, segment_weights="original")
            weights.append(learned_weights(attend(hidden), counts[..., 0] > 0, self.pooling.attention_axis))
        return weights


def first_frames(n_frames: Tensor, n_all: int) -> Tensor:
    """Return which of ``n_all`` frames are among the first ``n_frames`` (B,), as (B, n_all)."""
    return torch.arange(n_all, device=n_frames.device) < n_frames.unsqueeze(1)
