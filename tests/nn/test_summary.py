import pytest
import torch
from sedpipe.nn.networks.crnn import CRNN, NetworkConfig, PoolingConfig
from sedpipe.nn.summary import layers, saved_bytes

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def paper() -> CRNN:
    return CRNN(17, 500, 80, NetworkConfig(), PoolingConfig())


def test_the_papers_network_has_the_shapes_and_multiply_adds_of_its_layers(paper):
    rows = {row.name: row for row in layers(paper, 500, 80)}
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


def test_looking_at_a_network_leaves_it_as_it_was():
    network = NetworkConfig(maps=(4,), pools=((4, 4),), conv_maps=4, gru_units=4)
    model = CRNN(2, 40, 16, network, PoolingConfig(hierarchy=(5,)))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    layers(model, 40, 16)
    assert saved_bytes(model, 40, 16) > 40 * 16 * 8 * 4  # at least the maps of the first convolution
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
