import io
import os
import pickle

import librosa
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (its usual name)
from sedpipe.errors import SedpipeError
from sedpipe.features.encoders.aisfx import LARGEST, SAMPLE_RATE, STRIDE, open_aisfx, scaled_log_mel
from sedpipe.features.encoders.runtimes import open_runner
from sedpipe.io.encoders.cards import load_encoder

BLOCKS = ((1, 64, 2), (64, 128, 2), (128, 256, 2), (256, 512, 1))


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    generator, made = torch.Generator().manual_seed(0), {}
    for number, (maps_in, maps_out, _) in enumerate(BLOCKS, start=1):
        for half, maps in ((1, maps_in), (2, maps_out)):
            block = f"embedding_net.conv_block{number}"
            made[f"{block}.conv{half}.weight"] = torch.randn(maps_out, maps, 3, 3, generator=generator) / (
                3 * maps**0.5
            )
            made[f"{block}.bn{half}.weight"] = torch.rand(maps_out, generator=generator) + 0.5
            made[f"{block}.bn{half}.bias"] = torch.randn(maps_out, generator=generator) * 0.1
            made[f"{block}.bn{half}.running_mean"] = torch.randn(maps_out, generator=generator) * 0.1
            made[f"{block}.bn{half}.running_var"] = torch.rand(maps_out, generator=generator) + 0.5
            made[f"{block}.bn{half}.num_batches_tracked"] = torch.tensor(1)
    return {**made, "fc.0.0.weight": torch.zeros(256, 512)}


def checkpoint(*content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    return (0.2 * np.random.default_rng(1).standard_normal(3 * STRIDE - 500)).astype(np.float32)


def test_the_log_mel_spectrogram_matches_librosa(clip: np.ndarray) -> None:
    mel = librosa.feature.melspectrogram(
        y=clip / np.abs(clip).max(), sr=SAMPLE_RATE, n_fft=2048, hop_length=1024, n_mels=96, htk=True, norm=1,
        pad_mode="constant",
    )  # fmt: skip
    expected = np.log10(10_000 * mel.T + 1) / LARGEST
    found = scaled_log_mel(clip)
    assert found.shape == (24, 96)
    np.testing.assert_allclose(found[:24], expected[:24], atol=2e-6)


def test_the_level_of_a_clip_has_no_effect_and_silence_gives_zeros(clip: np.ndarray) -> None:
    np.testing.assert_allclose(scaled_log_mel(0.01 * clip), scaled_log_mel(clip), atol=1e-5)
    assert not scaled_log_mel(np.zeros(5000, np.float32)).any()


def test_embeddings_are_the_maps_of_the_last_block_averaged_over_frequency(
    weights: dict[str, torch.Tensor], clip: np.ndarray
) -> None:
    x = torch.from_numpy(scaled_log_mel(clip))[None, None]
    for number, (_, _, pool) in enumerate(BLOCKS, start=1):
        for half in (1, 2):
            part = {name.rsplit(f"bn{half}.")[-1]: value for name, value in weights.items()
                    if f"conv_block{number}.bn{half}." in name}  # fmt: skip
            x = F.conv2d(x, weights[f"embedding_net.conv_block{number}.conv{half}.weight"], padding=1)
            x = F.relu(F.batch_norm(x, part["running_mean"], part["running_var"], part["weight"], part["bias"]))
        x = F.max_pool2d(x, pool)
    found = open_aisfx(checkpoint(weights, {"ucs": (np.int64(0), 7)}))(clip[None])
    assert (found.shape, found.dtype) == ((1, 3, 512), np.float32)
    np.testing.assert_allclose(found[0], x[0].mean(dim=2).T, atol=1e-5)


def test_a_checkpoint_that_would_run_code_is_refused_and_runs_nothing(tmp_path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "ran"),)

    for raw in (checkpoint({"embedding_net.x": Evil()}, {}), pickle.dumps(Evil())):
        with pytest.raises(
            SedpipeError, match=r"^checkpoint\.pth cannot be opened as the encoder aisfx .* more than tensors"
        ):
            open_runner(raw, load_encoder("aisfx").encoder)
    assert not (tmp_path / "ran").exists()


def test_weights_of_another_network_give_a_one_line_error(weights: dict[str, torch.Tensor]) -> None:
    lacking = {name: value for name, value in weights.items() if "conv_block4" not in name}
    with pytest.raises(SedpipeError, match=r"cannot be opened as the encoder aisfx .*Missing key"):
        open_runner(checkpoint(lacking, {}), load_encoder("aisfx").encoder)
