"""Trained models that a training starts from, instead of random weights.

- :class:`Beginning`: the weights, and the model that they belong to
- :func:`beginning_of`: an open model as a beginning
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from torch import Tensor

from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.runs import Run
from sedpipe.io.models.open import OpenModel
from sedpipe.io.records.run import UsedEncoder
from sedpipe.labels import LabelSet
from sedpipe.nn.networks.network import NetworkConfig
from sedpipe.nn.pooling import PoolingConfig

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MOST_OF_A_NAME = 40


@dataclass(frozen=True, eq=False)
class Beginning:
    """A trained model, as the starting point of another training.

    Parameters
    ----------
    name : str
        Name of the model, as part of a run's name.
    sha256 : str
        Checksum of its files, hex.
    labels : LabelSet
        Its classes.
    spec : FeatureSpec
        Specification of the features that it takes as input.
    network, pooling : NetworkConfig, PoolingConfig
        Configuration that it is built from.
    weights : dict of str to Tensor
    taught_by : tuple of UsedEncoder
        Pretrained encoders whose knowledge is in the weights, as far as the record of its run shows.
    """

    name: str
    sha256: str
    labels: LabelSet
    spec: FeatureSpec
    network: NetworkConfig
    pooling: PoolingConfig
    weights: dict[str, Tensor] = field(repr=False)
    taught_by: tuple[UsedEncoder, ...] = ()

    @property
    def told(self) -> str:
        """Name and first digits of the checksum, as a run's settings contain them."""
        return f"{self.name}@{self.sha256[:16]}"


def beginning_of(opened: OpenModel) -> Beginning:
    """Return an open model as the starting point of a training."""
    folder = opened.folder.resolve()
    folder = folder.parent if folder.name == "export" else folder
    record = Run(folder).find_record()
    trained = opened.trained
    weights = {key: tensor.detach().cpu() for key, tensor in trained.model.state_dict().items()}
    return Beginning(
        name=_UNSAFE.sub("-", folder.name)[:_MOST_OF_A_NAME] or "model",
        sha256=opened.sha256,
        labels=trained.labels,
        spec=trained.spec,
        network=trained.network,
        pooling=trained.pooling,
        weights=weights,
        taught_by=record.passed_on if record else (),
    )
