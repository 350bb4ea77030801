"""Fitting a network to weak labels; knows no file and no terminal.

- :class:`Batch`: what a network eats
- :class:`TrainingConfig`: batch, epochs, learning rate, patience
- :class:`EpochRecord`: one line of ``log.csv``
- :class:`Fit`: an epoch at a time, with early stopping; its state can be stored after every epoch
- :func:`predict`: probabilities of a whole split
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from pipeline.nn.crnn import CRNN

_SMALLEST_PROBABILITY = 1e-7  # keeps the logarithm of the loss finite


class Batch(NamedTuple):
    """Log-mel ``x`` (B, T, F), weak labels ``y`` (B, K), ``n_frames`` (B,) that count, the clips' names."""

    x: Tensor
    y: Tensor
    n_frames: Tensor
    clip_ids: list[str]


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is fitted; the defaults are the paper's, ``epochs`` apart, which it does not state.

    Parameters
    ----------
    batch_size : int
        Clips a step.
    epochs : int
        At most this many; 0 leaves the network untrained.
    learning_rate : float
        Of Adam.
    patience : int
        Stop when the validation loss has not fallen for this many epochs.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    batch_size: int = 128
    epochs: int = 100
    learning_rate: float = 1e-3
    patience: int = 10

    def __post_init__(self) -> None:
        if self.batch_size < 1 or self.patience < 1 or self.epochs < 0:
            raise ValueError("batch_size and patience must be positive, epochs must not be negative")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate must be between 0 and 1, got {self.learning_rate}")


@dataclass(frozen=True)
class EpochRecord:
    """Mean losses a clip of one epoch (epochs count from 1)."""

    epoch: int
    training_loss: float
    validation_loss: float


def clip_loss(clip_probs: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy of clip probabilities (B, K), mean over clips and classes (Eq. A-3), in float32."""
    bounded = clip_probs.float().clamp(_SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY)
    return torch.nn.functional.binary_cross_entropy(bounded, targets)


class Fit:
    """A network under training.

    Parameters
    ----------
    model : CRNN
        On its device.
    config : TrainingConfig
    seed : int
        With the epoch's number, decides dropout; so every epoch can be repeated alone.
    """

    def __init__(self, model: CRNN, config: TrainingConfig, seed: int) -> None:
        self.model = model
        self.config = config
        self.records: list[EpochRecord] = []
        self.best_epoch = 0
        self._best_loss = math.inf
        self._best_weights = _copied(model.state_dict())
        self._optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)
        self._seed = seed

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.records)

    @property
    def best_loss(self) -> float:
        """Validation loss of the best epoch; infinite before the first."""
        return self._best_loss

    @property
    def stopped(self) -> str:
        """Why no further epoch is due: ``"epochs"``, ``"patience"``, or ``""`` while one is."""
        if self.epoch - self.best_epoch >= self.config.patience:
            return "patience"
        return "epochs" if self.epoch >= self.config.epochs else ""

    def run_epoch(self, training: Iterable[Batch], validation: Iterable[Batch]) -> EpochRecord:
        """Train on every batch once, then validate; keeps the weights if they are the best so far."""
        epoch = self.epoch + 1
        torch.manual_seed(int(np.random.SeedSequence([self._seed, epoch]).generate_state(1, np.uint64)[0] >> 1))
        record = EpochRecord(epoch, self._train(training), self._validate(validation))
        self.records.append(record)
        if record.validation_loss < self._best_loss:
            self._best_loss, self.best_epoch = record.validation_loss, epoch
            self._best_weights = _copied(self.model.state_dict())
        return record

    def restore_best(self) -> None:
        """Give the model the weights of the best epoch."""
        self.model.load_state_dict(self._best_weights)

    def state(self) -> dict[str, Any]:
        """Everything that the next epoch depends on, as tensors and plain values."""
        return {
            "weights": self.model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "best_weights": self._best_weights,
            "best_epoch": self.best_epoch,
            "best_loss": self._best_loss,
            "records": [asdict(record) for record in self.records],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on where :meth:`state` was taken."""
        self.model.load_state_dict(state["weights"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._best_weights = state["best_weights"]
        self.best_epoch = state["best_epoch"]
        self._best_loss = state["best_loss"]
        self.records = [EpochRecord(**record) for record in state["records"]]

    def _train(self, batches: Iterable[Batch]) -> float:
        self.model.train()
        total, n_clips = 0.0, 0
        for x, y, n_frames in _on_device(batches, self.model):
            loss = clip_loss(self.model(x, n_frames).clip_probs, y)
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            total += loss.item() * len(y)
            n_clips += len(y)
        return total / n_clips

    def _validate(self, batches: Iterable[Batch]) -> float:
        self.model.eval()
        total, n_clips = 0.0, 0
        with torch.inference_mode():
            for x, y, n_frames in _on_device(batches, self.model):
                total += clip_loss(self.model(x, n_frames).clip_probs, y).item() * len(y)
                n_clips += len(y)
        return total / n_clips


def predict(model: CRNN, batches: Iterable[Batch]) -> tuple[np.ndarray, np.ndarray]:
    """``frame_probs`` (N, T', K) and ``clip_probs`` (N, K) of all clips of ``batches``, float32."""
    model.eval()
    frame_probs, clip_probs = [], []
    with torch.inference_mode():
        for x, _, n_frames in _on_device(batches, model):
            prediction = model(x, n_frames)
            frame_probs.append(prediction.frame_probs.cpu().numpy())
            clip_probs.append(prediction.clip_probs.cpu().numpy())
    return np.concatenate(frame_probs), np.concatenate(clip_probs)


def _on_device(batches: Iterable[Batch], model: CRNN) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    device = model.mean.device
    for batch in batches:
        x, y, n_frames = (part.to(device, non_blocking=True) for part in batch[:3])
        yield x, y, n_frames


def _copied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in weights.items()}
