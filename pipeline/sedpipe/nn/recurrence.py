"""Bidirectional GRUs whose backward direction starts at the end of each clip.

- :class:`BidirectionalGRU`: replaces ``torch.nn.GRU``, whose backward direction starts in the padding, so that the
  output for a short clip would depend on the amount of padding. The weights have the same names.
- :class:`GatedGRU`: two bidirectional GRUs side by side, one of which decides how much of the other passes
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sedpipe.nn.precision import without_autocast
from sedpipe.nn.sending import sent


class BidirectionalGRU(nn.GRU):
    """One layer, batch first; always in float32, since cuDNN would round to float16 under any autocast.

    On a GPU, matrix products in training are TF32 where torch allows it, as it does by default: see
    :mod:`sedpipe.nn.precision`.

    Parameters
    ----------
    n_in, units : int
        Values per frame of the input, and units in each direction.
    """

    def __init__(self, n_in: int, units: int) -> None:
        super().__init__(n_in, units, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor, n_frames: Tensor) -> Tensor:  # type: ignore[override]
        """(B, T, n_in), of which the first ``n_frames`` (B,) count -> (B, T, 2 * units).

        The output for frames that do not count is finite, but meaningless. For a GPU, ``n_frames`` should be in CPU
        memory: reading it there does not have to wait for the GPU.
        """
        with without_autocast(x.device):
            x = x.float()
            return self._whole(x, n_frames) if x.is_cuda else self._by_halves(x, sent(n_frames, x.device))

    def _whole(self, x: Tensor, n_frames: Tensor) -> Tensor:
        """Compute both directions in one call, which is fast with cuDNN and keeps its weights in one piece."""
        # torch could sort the clips by length itself (enforce_sorted=False), but would wait for the GPU twice to do so
        lengths, longest_first = n_frames.cpu().clamp(1, x.shape[1]).sort(descending=True)
        by_length, as_before = (sent(order, x.device) for order in (longest_first, longest_first.argsort()))
        packed = pack_padded_sequence(x.index_select(0, by_length), lengths, batch_first=True)
        hidden, _ = super().forward(packed)
        padded, _ = pad_packed_sequence(hidden, batch_first=True, total_length=x.shape[1])
        return padded.index_select(0, as_before)

    def _by_halves(self, x: Tensor, n_frames: Tensor) -> Tensor:
        """Compute one direction per call: on a CPU, torch would process a packed sequence in a loop over frames."""
        forwards, backwards = self.all_weights
        there_and_back = _from_the_end(n_frames, x.shape[1]).unsqueeze(-1)
        reversed_x = x.gather(1, there_and_back.expand_as(x))
        before = self._one_way(x, forwards)
        after = self._one_way(reversed_x, backwards)
        return torch.cat([before, after.gather(1, there_and_back.expand_as(after))], dim=-1)

    def _one_way(self, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        start = x.new_zeros(1, x.shape[0], self.hidden_size)
        hidden, _ = torch.gru(x, start, list(weights), True, 1, 0.0, self.training, False, True)
        return hidden


def _from_the_end(n_frames: Tensor, n_all: int) -> Tensor:
    """Return indices (B, T) that reverse the frames that count, with the others after them; twice, they cancel out."""
    frames = torch.arange(n_all, device=n_frames.device)
    return (n_frames.long().unsqueeze(1) - 1 - frames) % n_all


class GatedGRU(nn.Module):
    """A bidirectional GRU without its hyperbolic tangent, times one with a sigmoid in its place; always in float32.

    As in Keras in 2017: gates are ``clip(0.2 x + 0.5, 0, 1)``, and the reset gate acts before the weights of the state.

    Source: Xu, Kong, Wang & Plumbley, ICASSP 2018 (github.com/yongxuUSTC/dcase2017_task4_cvssp, ``main_crnn_sed.py``).

    Parameters
    ----------
    n_in, units : int
        Values per frame of the input, and units in each direction.
    """

    def __init__(self, n_in: int, units: int) -> None:
        super().__init__()
        self.units = units
        # four GRUs: forwards and backwards linear, forwards and backwards sigmoid; three gates each: update, reset, new
        self.weight_ih = nn.Parameter(torch.empty(4, n_in, 3 * units))
        self.weight_hh = nn.Parameter(torch.empty(4, units, 3 * units))
        self.bias = nn.Parameter(torch.zeros(4, 1, 3 * units))
        for one in range(4):
            nn.init.xavier_uniform_(self.weight_ih[one])
            nn.init.orthogonal_(self.weight_hh[one])

    def forward(self, x: Tensor, n_frames: Tensor) -> Tensor:
        """(B, T, n_in), of which the first ``n_frames`` (B,) count -> (B, T, 2 * units)."""
        with without_autocast(x.device):
            x = x.float()
            there_and_back = _from_the_end(sent(n_frames, x.device), x.shape[1]).unsqueeze(-1)
            both = torch.stack([x, x.gather(1, there_and_back.expand_as(x))])
            given = both.flatten(1, 2).repeat(2, 1, 1) @ self.weight_ih + self.bias
            hidden = self._steps(given.view(4, *x.shape[:2], -1))
            forwards, backwards = hidden[:2] * hidden[2:]
            return torch.cat([forwards, backwards.gather(1, there_and_back.expand_as(backwards))], dim=-1)

    def _steps(self, given: Tensor) -> Tensor:
        """(4, B, T, 3 * units), the contribution of the input -> (4, B, T, units), the states."""
        state, states = given.new_zeros(4, given.shape[1], self.units), []
        for_gates, for_new = self.weight_hh[..., : 2 * self.units], self.weight_hh[..., 2 * self.units :]
        for frame in given.unbind(2):
            gates = (0.2 * (frame[..., : 2 * self.units] + state @ for_gates) + 0.5).clamp(0, 1)
            update, reset = gates.chunk(2, dim=-1)
            new = frame[..., 2 * self.units :] + (reset * state) @ for_new
            new = torch.cat([new[:2], new[2:].sigmoid()])
            state = new + update * (state - new)
            states.append(state)
        return torch.stack(states, dim=2)

    def multiply_adds(self, output: Tensor) -> int:
        """Return the multiply-adds of the products with its weights."""
        return output.shape[:-1].numel() * (self.weight_ih.numel() + self.weight_hh.numel())
