"""Starting a network from the weights of another, trained one.

- :func:`begin_with`: copies the weights; last layers class by class
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sedpipe.labels import LabelSet
from sedpipe.nn.networks.network import Network


def begin_with(model: Network, labels: LabelSet, weights: Mapping[str, Tensor], learnt: LabelSet) -> None:
    """Copy the weights of another network of the same sizes into a network.

    Below the last layers everything is copied, including the statistics of the input: weights are never combined with
    another scaler. In the last layers, each class that both networks have keeps its own weights, whatever its position
    in either list; other classes, and layers that the other network lacks (with another pooling), keep their random
    weights.

    Parameters
    ----------
    model : Network
        Network with random weights, which are replaced.
    labels : LabelSet
        Classes of ``model``.
    weights : mapping of str to Tensor
        ``state_dict`` of the other network.
    learnt : LabelSet
        Classes of the other network.

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
    model.keep_in_range()  # a parameter that another pooling learnt may lie outside of this one's range


def _by_class(tensor: Tensor, labels: LabelSet, given: Tensor, learnt: LabelSet) -> None:
    for row, label in enumerate(labels):
        if label in learnt:
            tensor[row] = given[learnt.index(label)]


def _sizes(tensor: Tensor) -> str:
    return " x ".join(str(size) for size in tensor.shape) or "a number"
