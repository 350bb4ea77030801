"""End of a training: the weights of the best epoch are kept, or those of the last epochs as one system.

- :func:`finished`
"""

from __future__ import annotations

from dataclasses import replace

from sedpipe.features.spec import FeatureSpec
from sedpipe.labels import LabelSet
from sedpipe.nn.networks.mean import Mean
from sedpipe.nn.networks.network import Network, NetworkConfig
from sedpipe.nn.networks.registry import build_network
from sedpipe.training.fit import Fit
from sedpipe.training.settings import TrainSettings


def finished(fit: Fit, settings: TrainSettings, labels: LabelSet, spec: FeatureSpec) -> tuple[Network, NetworkConfig]:
    """Return the model that is kept, and the configuration that it is built from.

    With ``checkpoints``, the model averages the probabilities of as many members as epochs are kept (times the number
    of members that the network itself has).

    Parameters
    ----------
    fit : Fit
        A fit that has ended.
    settings : TrainSettings
        Settings of the run.
    labels : LabelSet
        The classes.
    spec : FeatureSpec
        Features that the network takes as input.
    """
    if len(fit.last_weights) < 2:
        fit.restore_best()
        return fit.model, settings.network
    network = replace(settings.network, members=settings.network.members * len(fit.last_weights))
    mean = build_network(network, settings.pooling, len(labels), spec).to(fit.model.mean.device)
    assert isinstance(mean, Mean)
    mean.mean.copy_(fit.model.mean)
    mean.scale.copy_(fit.model.scale)
    each = iter(mean.networks)
    for weights in fit.last_weights:
        fit.model.load_state_dict(weights)
        for member in fit.model.networks if isinstance(fit.model, Mean) else [fit.model]:
            next(each).load_state_dict(member.state_dict())
    return mean, network
