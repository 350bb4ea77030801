"""Several networks of one kind combined into one: the mean of their probabilities.

- :class:`Mean`: members that are each trained on their own output, or one network as it was after several epochs
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.networks.network import Network, Prediction


class Mean(Network):
    """Networks with the same input, whose probabilities are averaged; each is trained on its own.

    Parameters
    ----------
    members : sequence of Network
        Networks of one kind and one size.
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Features that they take as input.
    """

    def __init__(self, members: Sequence[Network], n_classes: int, spec: FeatureSpec) -> None:
        first = members[0]
        super().__init__(first.pooling, n_classes, spec, first.time_factor)
        self.n_decibels, self.silence_db = first.n_decibels, first.silence_db
        self.members = nn.ModuleList(members)

    @property
    def networks(self) -> list[Network]:
        """The members."""
        return [member for member in self.members if isinstance(member, Network)]

    def standardise_with(self, mean: Tensor, deviation: Tensor) -> None:
        """Set mean and deviation for each member, and here: the mean is what replaces masked values."""
        super().standardise_with(mean, deviation)
        for member in self.networks:
            member.standardise_with(mean, deviation)

    @property
    def last_layers(self) -> tuple[str, ...]:
        """Names of the last layers of each member."""
        return tuple(f"members.{k}.{layer}" for k, member in enumerate(self.networks) for layer in member.last_layers)

    def freeze(self) -> None:
        """Let training change only the last layers of each member."""
        for member in self.networks:
            member.freeze()

    def penalty(self) -> Tensor | float:
        """Return the mean of the members' penalties, as their losses are averaged."""
        return sum((member.penalty() for member in self.networks), start=0.0) / len(self.networks)

    def keep_in_range(self) -> None:
        """Clip the parameter that pooling learns to its range, in each member."""
        for member in self.networks:
            member.keep_in_range()

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return mean probabilities; in training, members learn from their own, and the mean has no gradient."""
        each = [member(x, n_frames) for member in self.networks]
        frame_probs = torch.stack([prediction.frame_probs for prediction in each]).mean(dim=0)
        clip_probs = torch.stack([prediction.clip_probs for prediction in each]).mean(dim=0)
        segments = [torch.stack(stage).mean(dim=0) for stage in zip(*(one.segment_probs for one in each), strict=True)]
        if not self.training:
            return Prediction(frame_probs, segments, clip_probs)
        return Prediction(frame_probs.detach(), segments, clip_probs.detach(), alone=tuple(each))
