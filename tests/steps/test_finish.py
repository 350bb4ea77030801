from dataclasses import replace

import torch
from sedpipe.io.settings.train_settings import Asked, train_settings
from sedpipe.labels import LabelSet
from sedpipe.nn.networks.crnn import CRNNConfig
from sedpipe.nn.networks.mean import Mean
from sedpipe.nn.networks.registry import build_network
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.steps.finish import finished
from sedpipe.training.batch import Batch
from sedpipe.training.config import TrainingConfig
from sedpipe.training.fit import Fit
from sedpipe.training.processes import make_fabric
from specs import of

torch.set_num_threads(1)
SPEC, LABELS = of(40, 16), LabelSet(("Dog", "Rain"))
X = torch.randn(3, 40, 16, generator=torch.Generator().manual_seed(0))
BATCH = Batch(X, torch.tensor([[1.0, 0], [0, 1], [1, 1]]), torch.full((3,), 40), ["a", "b", "c"])


def fitted(checkpoints: int, epochs: int, members: int = 1):
    network = CRNNConfig(maps=(4,), pools=((2, 4),), conv_maps=4, gru_units=4, members=members)
    training = TrainingConfig(batch_size=3, epochs=epochs, learning_rate=0.05, patience=9, checkpoints=checkpoints)
    settings = replace(
        train_settings(Asked(1, "small", device="cpu")),
        network=network, pooling=PoolingConfig("linear", ()), training=training,
    )  # fmt: skip
    torch.manual_seed(0)
    fit = Fit(build_network(network, settings.pooling, 2, SPEC), training, 0, make_fabric("cpu"))
    said = []
    for _ in range(epochs):
        fit.run_epoch([BATCH], [BATCH])
        said.append(fit.model.eval()(X, BATCH.n_frames).frame_probs.detach())
    return fit, settings, said


def test_with_checkpoints_the_model_outputs_the_mean_of_its_last_epochs() -> None:
    fit, settings, said = fitted(checkpoints=3, epochs=5)
    model, network = finished(fit, settings, LABELS, SPEC)
    assert isinstance(model, Mean)
    assert network.members == 3
    torch.testing.assert_close(model.eval()(X, BATCH.n_frames).frame_probs, torch.stack(said[-3:]).mean(dim=0))
    again = build_network(network, settings.pooling, 2, SPEC)
    again.load_state_dict(model.state_dict())  # as when a stored model is read


def test_members_and_checkpoints_are_averaged_together() -> None:
    fit, settings, said = fitted(checkpoints=2, epochs=3, members=2)
    model, network = finished(fit, settings, LABELS, SPEC)
    assert network.members == 4
    torch.testing.assert_close(model.eval()(X, BATCH.n_frames).frame_probs, torch.stack(said[-2:]).mean(dim=0))


def test_without_checkpoints_the_model_is_that_of_the_best_epoch() -> None:
    fit, settings, said = fitted(checkpoints=1, epochs=3)
    model, network = finished(fit, settings, LABELS, SPEC)
    assert (model, network) == (fit.model, settings.network)
    torch.testing.assert_close(model.eval()(X, BATCH.n_frames).frame_probs, said[fit.best_epoch - 1])


def test_the_last_epochs_are_kept_across_an_interruption() -> None:
    fit, settings, said = fitted(checkpoints=3, epochs=4)
    other, _, _ = fitted(checkpoints=3, epochs=0)
    other.load_state(fit.state())
    model, _ = finished(other, settings, LABELS, SPEC)
    torch.testing.assert_close(model.eval()(X, BATCH.n_frames).frame_probs, torch.stack(said[-3:]).mean(dim=0))
