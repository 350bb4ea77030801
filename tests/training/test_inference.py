import numpy as np
import pytest
import torch
from sedpipe.errors import SedpipeError
from sedpipe.nn.networks.crnn import CRNN, CRNNConfig
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.training.batch import Batch
from sedpipe.training.inference import predict
from specs import of

torch.set_num_threads(1)
NETWORK = CRNNConfig(maps=(4,), pools=((4, 4),), conv_maps=4, gru_units=4, dropout=0.3)


def crnn() -> CRNN:
    torch.manual_seed(0)
    return CRNN(NETWORK, PoolingConfig("linear", (5,)), 2, of(40, 16))


def some_batches(n_batches: int = 3) -> list[Batch]:
    g, n_frames = torch.Generator().manual_seed(1), torch.tensor([40, 40, 31, 8])
    return [
        Batch(torch.randn(4, 40, 16, generator=g), torch.ones(4, 2), n_frames, list("abcd")) for _ in range(n_batches)
    ]


def test_prediction_is_in_the_order_of_the_clips_and_without_dropout() -> None:
    model, batches = crnn(), some_batches()
    frame_probs, clip_probs = predict(model, batches)
    assert frame_probs.shape == (12, 10, 2)
    assert clip_probs.shape == (12, 2)
    assert frame_probs.dtype == clip_probs.dtype == np.float32
    alone = [Batch(*(part[row : row + 1] for part in some[:4])) for some in batches for row in range(4)]
    for one, other in zip(predict(model, alone), (frame_probs, clip_probs), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_nan_probabilities_give_a_one_line_error() -> None:
    model = crnn()
    model.scale.fill_(torch.nan)
    with pytest.raises(SedpipeError, match="the network's probabilities are NaN"):
        predict(model, some_batches())
