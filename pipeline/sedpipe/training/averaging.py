"""A moving average of a network's weights, which is steadier than the latest weights.

- :class:`MovingAverage`
- :func:`copied`: copies of values, which later steps do not change
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_WARM_UP = 10  # steps after which the average is about as long as the training so far


class MovingAverage:
    """Exponential average of all floating-point weights and running statistics; all other values are the latest ones.

    Parameters
    ----------
    model : nn.Module
        Network whose current values the average starts from.
    decay : float in (0, 1)
        Weight of the past at each step; smaller at the beginning, so that the untrained network soon has no influence.

    Source: Polyak & Juditsky, "Acceleration of stochastic approximation by averaging", 1992; Tarvainen & Valpola,
    arXiv:1703.01780, for the exponential form.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._n_updates = 0
        self._values = copied(model.state_dict())

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Add the values after a step to the average."""
        self._n_updates += 1
        decay = min(self._decay, self._n_updates / (self._n_updates + _WARM_UP))
        state = model.state_dict()
        averaged = [name for name, value in state.items() if value.is_floating_point()]
        # one call for all of them: on a GPU, a kernel for each would take longer to start than to run
        torch._foreach_lerp_([self._values[name] for name in averaged], [state[name] for name in averaged], 1 - decay)
        for name in state.keys() - averaged:
            self._values[name].copy_(state[name])

    @contextmanager
    def applied_to(self, model: nn.Module) -> Iterator[None]:
        """Give the model the averaged values for the duration of the block."""
        own = copied(model.state_dict())
        model.load_state_dict(self._values)
        try:
            yield
        finally:
            model.load_state_dict(own)

    def state(self) -> dict[str, Any]:
        """Return what :meth:`load_state` needs to continue."""
        return {"n_updates": self._n_updates, "values": self._values}

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from a :meth:`state`."""
        self._n_updates = state["n_updates"]
        for name, value in self._values.items():
            value.copy_(state["values"][name])


def copied(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return copies of the values of a ``state_dict``, as they are now."""
    return {name: value.detach().clone() for name, value in values.items()}
