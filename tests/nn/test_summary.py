import pytest
import torch
from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.networks.crnn import CRNN, CRNNConfig
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.summary import layers, saved_bytes
from specs import of

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def paper() -> CRNN:
    return CRNN(CRNNConfig(), PoolingConfig(), 17, FeatureSpec())


def test_the_papers_network_has_the_expected_shapes_and_multiply_adds(paper):
    rows = {row.name: row for row in layers(paper, FeatureSpec())}
    assert [rows[f"convolutions.{k}"].shape for k in range(4)] == [
        (64, 250, 40),
        (64, 125, 20),
        (64, 125, 10),
        (64, 125, 5),
    ]
    assert (rows["gru"].shape, rows["classify"].shape) == ((125, 256), (125, 17))
    assert rows["convolutions.0"].multiply_adds == 500 * 80 * 128 * 9 * (1 + 64)
    assert rows["classify"].multiply_adds == 125 * 256 * 17
    assert rows["gru"].multiply_adds == 125 * 2 * 3 * 128 * (1280 + 128)
    assert sum(row.parameters for row in rows.values()) == sum(p.numel() for p in paper.parameters())
    assert sum(row.multiply_adds for row in rows.values()) == pytest.approx(5.25e9, rel=0.01)


def test_summarising_a_network_does_not_change_it():
    network = CRNNConfig(maps=(4,), pools=((4, 4),), conv_maps=4, gru_units=4)
    model = CRNN(network, PoolingConfig(hierarchy=(5,)), 2, of(40, 16))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    layers(model, of(40, 16))
    assert saved_bytes(model, of(40, 16)) > 40 * 16 * 8 * 4  # at least the maps of the first convolution
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
