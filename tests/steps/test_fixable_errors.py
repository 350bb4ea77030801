import pytest
from sedpipe.errors import SedpipeError
from sedpipe.nn.networks.crnn import CRNNConfig
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.steps.fixable_errors import fixable_errors
from sedpipe.training.config import TrainingConfig
from sedpipe.training.settings import TrainSettings

SETTINGS = TrainSettings("small", CRNNConfig(), PoolingConfig(), TrainingConfig(batch_size=64), 0, "cuda", 1)


@pytest.mark.parametrize(
    "said",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 14.75 GiB",
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes",
    ],
)
def test_every_out_of_memory_message_gives_a_one_line_error(said: str) -> None:
    with pytest.raises(SedpipeError) as caught, fixable_errors("run", SETTINGS):
        raise RuntimeError(said)
    assert caught.value.message == "run: memory of cuda is too small for a batch size of 64"
    assert "try --batch-size 32" in caught.value.hint


def test_an_error_that_a_user_cannot_fix_is_raised_unchanged() -> None:
    with pytest.raises(RuntimeError, match="no kernel image"), fixable_errors("run", SETTINGS):
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")
