"""What a run is made with, all that a person decides.

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
"""The recipe that changes nothing: presets are trained as published."""


@dataclass(frozen=True)
class TrainSettings:
    """What a run is made with.

    Parameters
    ----------
    preset : str
        Name of the preset that network and training come from.
    network : NetworkConfig
        Names the network, and says its sizes.
    pooling : PoolingConfig
    training : TrainingConfig
    seed : int
        Decides initial weights, order of clips, dropout.
    device : str
        ``cpu``, ``cuda``, ``cuda:1``, ...
    threads : int
        Of the CPU; sums depend on it in the last digit.
    precision : str
        What convolutions compute in while training: ``auto``, ``float32`` or ``bfloat16``.
    compiled : bool
        By ``torch.compile``; sums depend on it, too.
    recipe : str
        Name of the recipe that the preset's training was changed by.
    devices : int
        Processes that share each batch, on GPUs one each.
    deterministic : bool
        The same bits from the same seed, and after a resume, on a GPU, too.
    init : str
        Name and checksum of the model whose weights it begins with; "" for chance.
    freeze : bool
        Only the last layers are trained.
    teacher : str
        Name and checksum of the run whose frame probabilities of ``training`` it learns from, within the weak labels;
        "" for none.
    more_epochs : int
        Beyond those after which the run ended by itself; decides nothing of what it was begun with, and no record's
        settings hold it.
    command : tuple of str
        What a person wrote to begin it, ``train`` first, so that it can be told how to resume; decides nothing either.
    own_rule : PostProcessing or ClipThresholds, optional
        That the system was published with, to be scored beside what is tuned; decides nothing of the training, and no
        record's settings hold it.
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
        """A name that tells runs apart; ``heard_through`` says which encoders, if any."""
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
