"""The layers of a network, and the memory that a training step takes.

- :class:`Layer`: one row of the table
- :func:`layers`: all rows, found by passing one clip through the network
- :func:`saved_bytes`: bytes per clip that the backward pass needs
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.networks.network import Network


@dataclass(frozen=True)
class Layer:
    """A part of the network.

    Parameters
    ----------
    name, kind : str
        Its place in the network, and its type.
    shape : tuple of int
        Shape of its output for one clip.
    parameters : int
        Number of parameters.
    multiply_adds : int
        Multiply-adds for one clip of convolutions, recurrent and dense layers, and of layers with a method
        ``multiply_adds(output)``, which counts those that they do themselves.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


def layers(model: Network, spec: FeatureSpec) -> list[Layer]:
    """Return the parts of a network in order; a sequence or list of parts is replaced by its own parts."""
    parts: dict[str, nn.Module] = {}
    for name, part in model.named_children():
        inner = part.named_children() if isinstance(part, nn.Sequential | nn.ModuleList) else ()
        parts |= {f"{name}.{child}": one for child, one in inner} or {name: part}
    shapes: dict[str, tuple[int, ...]] = {}
    work = dict.fromkeys(parts, 0)

    def watch(name: str, part: nn.Module, output: Any) -> None:
        output = output[0] if isinstance(output, tuple) else output  # recurrent layers return their state, too
        work[name] += _multiply_adds(part, output)
        if part is parts[name]:
            shapes[name] = tuple(output.shape[1:])

    handles = [
        module.register_forward_hook(lambda module, _, output, name=name: watch(name, module, output))
        for name, part in parts.items()
        for module in part.modules()
    ]
    try:
        _one_clip(model, spec)
    finally:
        for handle in handles:
            handle.remove()
    return [
        Layer(name, type(part).__name__, shapes[name], sum(p.numel() for p in part.parameters()), work[name])
        for name, part in parts.items()
        if name in shapes
    ]


def saved_bytes(model: Network, spec: FeatureSpec) -> int:
    """Return the bytes per clip that the forward pass saves for the backward pass; each storage counts once."""
    own = {tensor.untyped_storage().data_ptr() for tensor in model.state_dict().values()}
    sizes: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor), _training(model):
        kept = model(torch.zeros(2, *spec.shape), torch.full((2,), spec.shape[0]))  # keeps the graph alive
        del kept
    return sum(sizes.values()) // 2


def _one_clip(model: Network, spec: FeatureSpec) -> None:
    was_training, device = model.training, model.mean.device
    model.eval()
    with torch.inference_mode():
        model(torch.zeros(1, *spec.shape, device=device), torch.tensor([spec.shape[0]]).to(device))
    model.train(was_training)


@contextmanager
def _training(model: Network) -> Iterator[None]:
    """Set training mode in the block, and restore mode and running statistics afterwards."""
    before: dict[str, Any] = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    was_training = model.training
    model.train()
    yield
    model.load_state_dict(before)
    model.train(was_training)


def _multiply_adds(part: nn.Module, output: Tensor) -> int:
    if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return output.numel() * part.weight[0].numel()
    if isinstance(part, nn.Linear):
        return output.numel() * part.in_features
    if isinstance(part, nn.RNNBase):
        return output.shape[:-1].numel() * sum(tensor.numel() for tensor in _matrices(part))
    by_hand = getattr(part, "multiply_adds", None)
    return 0 if by_hand is None else int(by_hand(output))


def _matrices(part: nn.RNNBase) -> Iterator[Tensor]:
    """Return the matrices that each frame is multiplied by, without biases."""
    return (tensor for name, tensor in part.named_parameters() if name.startswith("weight"))
