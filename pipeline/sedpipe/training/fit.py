"""Training a network on weak labels, without access to files or the terminal.

- :class:`EpochRecord`: one line of ``log.csv``
- :class:`Fit`: trains one step at a time, with early stopping; its state can be stored after every step
- :class:`LossError`: raised when the loss is no longer finite
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor

from sedpipe.nn.networks.network import Network, Prediction
from sedpipe.nn.precision import exactly
from sedpipe.training.augment import augment_located, check_content
from sedpipe.training.averaging import MovingAverage, copied
from sedpipe.training.batch import Batch
from sedpipe.training.config import TrainingConfig
from sedpipe.training.late import LateValue
from sedpipe.training.loss import clip_loss, frame_loss, parts_loss
from sedpipe.training.schedule import Schedule
from sedpipe.training.smoothing import smoothed

if TYPE_CHECKING:  # takes a second to import, and only training needs it
    from lightning_fabric import Fabric


class LossError(ArithmeticError):
    """A loss that is not finite: nothing can be learnt from it."""


@dataclass(frozen=True)
class EpochRecord:
    """Results of one epoch: mean losses per clip, and the scores of the validation clips; epochs count from 1."""

    epoch: int
    training_loss: float
    validation_loss: float
    scores: dict[str, float | None] = field(default_factory=dict)


Judge = Callable[[np.ndarray, np.ndarray], dict[str, float | None]]
"""Function that scores the probabilities of the validation clips: frames (N, T', K), clips (N, K)."""


class Fit:
    """A network in training.

    Parameters
    ----------
    model : Network
        Network to train; it is moved to the device of ``fabric``.
    config : TrainingConfig
    seed : int
        Random seed; with the numbers of epoch and step, it decides dropout and augmentation, so every step can be
        repeated in isolation.
    fabric : Fabric
        Device, precision and processes; see :mod:`sedpipe.training.processes`.
    steps_per_epoch : int
        Number of steps that go through every clip once; ``config.epoch_steps`` overrides it.
    in_all : int
        Total number of epochs of a fit that continues an earlier one: it ends after exactly as many, whatever
        ``config`` says. 0 for any other fit.

    Raises
    ------
    ValueError
        If the augmentation does not work on the model's input features.
    """

    def __init__(
        self,
        model: Network,
        config: TrainingConfig,
        seed: int,
        fabric: Fabric,
        steps_per_epoch: int = 1,
        in_all: int = 0,
    ) -> None:
        check_content(config.augment, model.content)
        self.model = model
        self.config = config
        self.records: list[EpochRecord] = []
        self.best_epoch = 0
        self.step = 0
        self._loss_sum, self._n_clips = 0.0, 0
        self._unsettled: tuple[LateValue, int, int] | None = None
        self._best_loss = math.inf
        self._fabric = fabric
        adam = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)
        self._network, self._optimiser = fabric.setup(model, adam)  # the model's own weights, shared by processes
        self._best_weights = copied(model.state_dict())
        self._last_weights: list[dict[str, Tensor]] = []
        self._seed = seed
        self._steps_per_epoch = config.epoch_steps or steps_per_epoch
        self.planned_epochs, self._in_all = config.most_epochs(self._steps_per_epoch), in_all
        whole = self.planned_epochs * self._steps_per_epoch
        self._lacking = max(0, whole - config.steps) if config.steps else 0  # in the last epoch of the plan
        self._average = MovingAverage(model, config.averaging) if config.averaging else None

    @property
    def epoch(self) -> int:
        """Number of epochs done."""
        return len(self.records)

    @property
    def best_loss(self) -> float:
        """Validation loss of the best epoch; infinite before the first."""
        return self._best_loss

    @property
    def stopped(self) -> str:
        """Reason why no further epoch is due: ``"epochs"`` or ``"patience"``; ``""`` while one is."""
        if self.epoch < self._in_all:
            return ""
        if self.epoch - self.best_epoch >= self.config.patience:
            return "patience"
        return "epochs" if self.epoch >= self.most_epochs else ""

    @property
    def most_epochs(self) -> int:
        """Number of the last epoch that can be due."""
        return self._in_all or self.planned_epochs

    @property
    def steps_done(self) -> int:
        """Number of steps done in all epochs."""
        return self.epoch * self._steps_per_epoch + self.step - self._lacking * (self.epoch >= self.planned_epochs)

    @property
    def steps_due(self) -> int:
        """Number of steps left in the epoch."""
        return self._steps_per_epoch - self.step - self._lacking * (self.epoch == self.planned_epochs - 1)

    def run_epoch(self, training: Iterable[Batch], validation: Iterable[Batch]) -> EpochRecord:
        """Train on every batch once, then validate."""
        for _ in self.steps(training):
            pass
        return self.end_epoch(validation)

    def steps(self, batches: Iterable[Batch]) -> Iterator[int]:
        """Train on the rest of an epoch, one batch per step, and yield the number of steps done after each.

        At each yield, :meth:`state` can be called.

        Parameters
        ----------
        batches : iterable of Batch
            Batches of the epoch without the first ``step``, which are done already.

        Raises
        ------
        LossError
            If the loss is not finite.
        """
        self.model.train()
        for batch in batches:
            self._begin_step()
            part = self._augmented(batch.on_device(self.model.mean.device))
            n_clips, n_here = batch.whole or len(batch.y), len(batch.y)
            # processes average their gradients: weight each mean by its number of clips, to get the batch's mean
            share = n_here * self._fabric.world_size / n_clips if n_here < n_clips else 1.0
            loss = share * self._loss(self._network(part.x, part.n_frames), part)
            value = LateValue(cast(Tensor, self._fabric.all_reduce(loss.detach(), reduce_op="mean")))
            self._settle()
            self._unsettled = (value, n_clips, self.step + 1)
            if value.costs_nothing:  # then a loss that is not finite changes no weights
                self._settle()
            self._optimiser.zero_grad()
            self._fabric.backward(loss)
            self._optimiser.step()
            self.model.keep_in_range()
            if self._average is not None:
                self._average.update(self.model)
            self.step += 1
            yield self.step
        self._settle()

    def _settle(self) -> None:
        """Count the loss of the previous step, which a GPU has computed by now; raise ``LossError`` if not finite."""
        if self._unsettled is None:
            return
        (late, n_clips, step), self._unsettled = self._unsettled, None
        value = late.read()
        if not math.isfinite(value):
            raise LossError(f"the loss is {value} at step {step} of epoch {self.epoch + 1}")
        self._loss_sum += value * n_clips
        self._n_clips += n_clips

    def end_epoch(self, validation: Iterable[Batch], judge: Judge | None = None) -> EpochRecord:
        """Validate, in the first process only; keep the weights if they are the best so far.

        Raises
        ------
        LossError
            If the validation loss is not finite.
        """
        with self._averaged():
            found = self._validate(validation, judge) if self._fabric.is_global_zero else (math.nan, {})
            weights = copied(self.model.state_dict())
        loss, scores = self._fabric.broadcast(found)
        if not math.isfinite(loss):
            raise LossError(f"the validation loss is {loss} after epoch {self.epoch + 1}")
        record = EpochRecord(self.epoch + 1, self._loss_sum / self._n_clips, loss, scores)
        self.records.append(record)
        self.step, self._loss_sum, self._n_clips = 0, 0.0, 0
        if loss < self._best_loss:
            self._best_loss, self.best_epoch = loss, record.epoch
            self._best_weights = weights
        if self.config.checkpoints > 1:
            self._last_weights = [*self._last_weights, weights][-self.config.checkpoints :]
        return record

    @property
    def last_weights(self) -> list[dict[str, Tensor]]:
        """Weights of the last ``config.checkpoints`` epochs, oldest first; empty if only the best epoch's are kept."""
        return self._last_weights

    def restore_best(self) -> None:
        """Give the model the weights of the best epoch."""
        self.model.load_state_dict(self._best_weights)

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, as tensors and plain values; only the first process's is needed.

        Raises
        ------
        LossError
            If the loss of the last step is not finite.
        """
        self._settle()
        return {
            "step": self.step,
            "loss_sum": self._loss_sum,
            "n_clips": self._n_clips,
            "weights": self.model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "best_weights": self._best_weights,
            "last_weights": self._last_weights,
            "best_epoch": self.best_epoch,
            "best_loss": self._best_loss,
            "records": [asdict(record) for record in self.records],
            "average": None if self._average is None else self._average.state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from a :meth:`state`, taken at any step."""
        self._unsettled = None
        self.step, self._loss_sum, self._n_clips = state["step"], state["loss_sum"], state["n_clips"]
        self.model.load_state_dict(state["weights"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._best_weights = state["best_weights"]
        self._last_weights = state.get("last_weights", [])  # absent in early states
        self.best_epoch = state["best_epoch"]
        self._best_loss = state["best_loss"]
        self.records = [EpochRecord(**record) for record in state["records"]]
        if self._average is not None:
            self._average.load_state(state["average"])

    def _begin_step(self) -> None:
        """Derive random state and learning rate from seed, epoch and step, so that no generator state need be kept."""
        numbers = np.random.SeedSequence([self._seed, self.epoch + 1, self.step], spawn_key=self._process)
        torch.manual_seed(int(numbers.generate_state(1, np.uint64)[0] >> 1))
        for group in self._optimiser.param_groups:
            group["lr"] = self.config.learning_rate * self._share_of_rate()

    @property
    def _process(self) -> tuple[int, ...]:
        """Key that makes the random draws of processes differ; the first process draws what a single one would."""
        return (self._fabric.global_rank,) if self._fabric.global_rank else ()

    def _share_of_rate(self) -> float:
        # if patience had ended a fit early and it continues, but not up to its planned end, the planned end counts
        most, config = float(max(self.planned_epochs, self._in_all)), self.config
        if config.steps and self._in_all <= self.planned_epochs:  # then the last epoch may be shorter
            most = min(most, config.steps / self._steps_per_epoch)
        schedule = Schedule(config.schedule, config.decay_epochs, config.decay_factor)
        losses = [record.validation_loss for record in self.records]
        return schedule.share(losses, self.epoch + self.step / self._steps_per_epoch, most)

    def _loss(self, prediction: Prediction, batch: Batch) -> Tensor:
        """Return the loss of clips, of their parts, and of frames where events are known; for members, the mean."""
        if prediction.alone:
            each = [self._loss(one, batch) for one in prediction.alone]
            return sum(each, start=batch.y.new_zeros(())) / len(each)
        # clip probabilities that are a mean of parts which learn by themselves are detached: nothing learns from them
        teaches = prediction.clip_probs.requires_grad or not prediction.taught
        parts = [parts_loss(taught, batch.y) for taught in prediction.taught]
        losses = [clip_loss(prediction.clip_probs, batch.y), *parts] if teaches else parts
        of_clips = sum(losses, start=batch.y.new_zeros(())) + self.model.penalty()
        if batch.located is None:
            return of_clips
        return of_clips + frame_loss(prediction.frame_probs, batch.located, batch.n_frames, self.model.time_factor)

    def _augmented(self, batch: Batch) -> Batch:
        numbers = np.random.SeedSequence([self._seed, self.epoch + 1, self.step, 1], spawn_key=self._process)
        generator = np.random.default_rng(numbers)
        fill, content, config = self.model.mean, self.model.content, self.config
        x, y, n_frames, located = augment_located(
            batch.x, batch.y, batch.n_frames, batch.located, fill, config.augment, generator, content
        )
        y = smoothed(y, config.label_smoothing, config.smoothing)
        return batch._replace(x=x, y=y, n_frames=n_frames, located=located)

    def _averaged(self) -> AbstractContextManager[None]:
        return nullcontext() if self._average is None else self._average.applied_to(self.model)

    def _validate(self, batches: Iterable[Batch], judge: Judge | None) -> tuple[float, dict[str, float | None]]:
        self.model.eval()
        total, n_clips, frame_probs, clip_probs = 0.0, 0, [], []
        with torch.inference_mode(), exactly():
            for batch in batches:
                here = batch.on_device(self.model.mean.device)
                prediction = self.model(here.x, here.n_frames)
                total += clip_loss(prediction.clip_probs, here.y).item() * len(here.y)
                n_clips += len(here.y)
                if judge is not None:
                    frame_probs.append(prediction.frame_probs.cpu().numpy())
                    clip_probs.append(prediction.clip_probs.cpu().numpy())
        loss = total / n_clips
        if judge is None or not math.isfinite(loss):
            return loss, {}
        return loss, judge(np.concatenate(frame_probs), np.concatenate(clip_probs))
