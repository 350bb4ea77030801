"""A network that begins with what another one has learnt.

- :func:`begin_with`: its weights; last layers class by class
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sedpipe.labels import LabelSet
from sedpipe.nn.networks.network import Network


def begin_with(model: Network, labels: LabelSet, weights: Mapping[str, Tensor], learnt: LabelSet) -> None:
    """Give a network the weights of another one of the same sizes.

    Below the last layers everything is taken over, the statistics of its input, too: weights never meet another scaler.
    In the last layers each class that both know takes its own weights with it, wherever it stands in either list; other
    classes, and layers that the other network lacks (of another pooling), stay as chance made them.

    Parameters
    ----------
    model : Network
        With weights by chance.
    labels : LabelSet
        Its classes.
    weights : mapping of str to Tensor
        ``state_dict`` of the other one.
    learnt : LabelSet
        The other one's classes.

    Raises
    ------
    ValueError
        If a layer below the last ones is missing, or has other sizes.
    """
    own = model.state_dict()
    with torch.no_grad():
        for name, tensor in own.items():
            given = weights.get(name)
            if model.is_of_last_layers(name):
                if given is not None and given.shape[1:] == tensor.shape[1:] and len(given) == len(learnt):
                    _by_class(tensor, labels, given, learnt)
                continue
            if given is None or given.shape != tensor.shape:
                there = "is not there" if given is None else f"is {_sizes(given)}"
                here = f"the layer {name} is {_sizes(tensor)} in the network to train"
                raise ValueError(f"{here}, and {there} in the model to start from")
            tensor.copy_(given)
    model.keep_in_range()  # what another pooling learnt may lie beyond what this one can use


def _by_class(tensor: Tensor, labels: LabelSet, given: Tensor, learnt: LabelSet) -> None:
    for row, label in enumerate(labels):
        if label in learnt:
            tensor[row] = given[learnt.index(label)]


def _sizes(tensor: Tensor) -> str:
    return " x ".join(str(size) for size in tensor.shape) or "a number"
