"""Settings of a run: everything that the user decides.

- :class:`TrainSettings`
"""

from __future__ import annotations

from dataclasses import dataclass

from sedpipe.detection.clip_thresholds import ClipThresholds
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.hierarchy import as_name
from sedpipe.nn.networks.network import NetworkConfig
from sedpipe.nn.networks.registry import DEFAULT
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.training.config import TrainingConfig

PAPER = "paper"
"""Name of the recipe that changes nothing: presets are trained as published."""


@dataclass(frozen=True)
class TrainSettings:
    """Settings of a run.

    Parameters
    ----------
    preset : str
        Name of the preset that network and training come from.
    network : NetworkConfig
        Name and sizes of the network.
    pooling : PoolingConfig
    training : TrainingConfig
    seed : int
        Random seed of initial weights, order of clips, dropout and augmentation.
    device : str
        ``cpu``, ``cuda``, ``cuda:1``, ...
    threads : int
        Number of CPU threads; sums depend on it in the last digit.
    precision : str
        Precision of convolutions during training: ``auto``, ``float32`` or ``bfloat16``.
    compiled : bool
        Whether the network is compiled with ``torch.compile``; sums depend on it, too.
    recipe : str
        Name of the recipe that changed the preset's training settings.
    devices : int
        Number of processes that share each batch; on GPUs, each has its own.
    deterministic : bool
        Whether the same seed yields the same bits on a GPU, too, and after a resume.
    init : str
        Name and checksum of the model whose weights the training starts from; "" for random weights.
    freeze : bool
        Whether only the last layers are trained.
    teacher : str
        Name and checksum of the run whose frame probabilities for ``training``, within the weak labels, this run also
        learns from; "" for none.
    more_epochs : int
        Epochs beyond those after which the run ended by itself. They do not affect what the run was started with, so
        the settings in its record leave them out.
    command : tuple of str
        The user's command that started the run, with ``train`` as the first word, so that messages can say how to
        resume it; has no effect on the training.
    own_rule : PostProcessing or ClipThresholds, optional
        Post-processing that the system was published with, scored beside the tuned one. It has no effect on the
        training, so the settings in the record leave it out.
    """

    preset: str
    network: NetworkConfig
    pooling: PoolingConfig
    training: TrainingConfig
    seed: int
    device: str
    threads: int
    precision: str = "auto"
    compiled: bool = False
    recipe: str = PAPER
    devices: int = 1
    deterministic: bool = False
    init: str = ""
    freeze: bool = False
    teacher: str = ""
    more_epochs: int = 0
    own_rule: PostProcessing | ClipThresholds | None = None
    command: tuple[str, ...] = ()

    def default_run(self, heard_through: str = "") -> str:
        """Return a name that tells runs apart; ``heard_through`` names the encoders, if any."""
        how = self.pooling
        weights = "" if how.segment_weights == "corrected" else f"-{how.segment_weights}"
        recipe = "" if self.recipe == PAPER else f"-{self.recipe}"
        network = "" if self.network.name in (DEFAULT, self.preset) else f"-{self.network.name}"
        heard = f"-{heard_through}" if heard_through else ""
        begun = f"-from-{self.init.partition('@')[0]}" if self.init else ""
        begun += "-frozen" if self.freeze else ""
        begun += f"-taught-by-{self.teacher.partition('@')[0][:32]}" if self.teacher else ""
        begun += "" if self.training.supervision == "weak" else f"-{self.training.supervision}"
        pooled = f"{how.function}-{as_name(how.hierarchy)}{weights}"
        return f"{self.preset}{network}{heard}{recipe}{begun}-{pooled}-seed{self.seed}"
