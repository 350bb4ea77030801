import numpy as np
import pytest
import torch
from process_work import broken, fitted, killed, tiny
from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.training.processes import launch, make_fabric

torch.set_num_threads(1)


def test_under_mixed_precision_convolutions_are_bfloat16_and_gru_and_pooling_are_float32():
    model, seen = tiny(), []
    for part in (model.convolutions[-2], model.gru):
        part.register_forward_hook(lambda module, given, made: seen.append(made.dtype))
    x, whole = torch.randn(3, 40, 16), torch.tensor([40, 40, 20])
    exact = model(x, whole)
    rounded = make_fabric("cpu", "bfloat16").setup(model)(x, whole)
    assert seen == [torch.float32, torch.float32, torch.bfloat16, torch.float32]
    assert rounded.frame_probs.dtype == rounded.clip_probs.dtype == torch.float32
    torch.testing.assert_close(rounded.clip_probs, exact.clip_probs, rtol=0, atol=0.02)


def test_under_mixed_precision_log_mel_is_standardised_before_it_is_rounded():
    model, seen = tiny(), []
    model.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    x = torch.full((1, 40, 16), -60.123)
    make_fabric("cpu", "bfloat16").setup(model)(x, torch.tensor([40]))
    assert torch.equal(seen[0], x)


@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_a_cpu_computes_in_float32_by_default(precision):
    model, seen = tiny(), []
    model.gru.register_forward_hook(lambda module, given, made: seen.append(made.dtype))
    make_fabric("cpu", precision).setup(model)(torch.randn(1, 40, 16), torch.tensor([40]))
    assert seen == [torch.float32]


@pytest.mark.parametrize(("device", "number"), [("cuda", 0), ("cuda:0", 0), ("cuda:1", 1)])
def test_a_single_gpu_becomes_the_current_device_before_training(device, number, monkeypatch):
    chosen = []
    monkeypatch.setattr("lightning_fabric.accelerators.cuda.num_cuda_devices", lambda: 2)
    monkeypatch.setattr("lightning_fabric.accelerators.cuda._check_cuda_matmul_precision", lambda place: None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda place: (9, 0))
    monkeypatch.setattr(torch._C, "_cuda_setDevice", chosen.append, raising=False)
    assert launch(make_fabric(device), lambda fabric: str(fabric.device)) == f"cuda:{number}"
    assert chosen == [number]


@pytest.mark.parametrize(("capability", "precision"), [((7, 5), "32-true"), ((8, 0), "bf16-mixed")])
def test_a_gpu_computes_in_bfloat16_by_default_only_if_its_hardware_supports_it(capability, precision, monkeypatch):
    monkeypatch.setattr("lightning_fabric.accelerators.cuda.num_cuda_devices", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_, **__: True)  # as torch returns for a T4, too
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda place: capability)
    assert make_fabric("cuda").strategy.precision.precision == precision


def test_asking_for_too_many_devices_gives_a_one_line_error():
    with pytest.raises(SettingsError, match=r"--devices 3: found \d of cuda"):
        make_fabric("cuda", "float32", 3)
    with pytest.raises(SettingsError, match="--device cuda:1 is one device, but --devices asks for 2"):
        make_fabric("cuda:1", "float32", 2)


def close(one, other, key: str = "") -> None:
    """Check equality up to the order of sums, through nested tables and lists."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            close(one[name], other[name], f"{key}.{name}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            close(a, b, key)
    elif isinstance(one, torch.Tensor | float):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6, err_msg=key)
    else:
        assert one == other, key


def test_two_processes_match_one_with_the_same_batch_and_resume_where_they_stopped(tmp_path, capfd):
    alone, begun, ended = tmp_path / "alone.pt", tmp_path / "begun.pt", tmp_path / "ended.pt"
    launch(make_fabric("cpu"), fitted, None, 2, alone)
    launch(make_fabric("cpu", n_processes=2), fitted, None, 1, begun)
    launch(make_fabric("cpu", n_processes=2), fitted, begun, 1, ended)
    one, first, second = (torch.load(path, weights_only=True) for path in (alone, begun, ended))
    assert len(one["gradients"]) == 4
    close(first["gradients"] + second["gradients"], one["gradients"])
    close(second["state"], one["state"])
    assert "strides" not in capfd.readouterr().err  # torch would warn of them


@pytest.mark.parametrize(
    ("process", "trouble", "message", "hint"),
    [
        (0, "told", "the disk is full", "buy another"),
        (1, "told", "the disk is full", "buy another"),
        (0, "of the machine", "log.csv: No space left on device", "free some space and run the same command again"),
    ],
)
def test_errors_that_a_user_can_fix_are_reported_from_any_process(process, trouble, message, hint):
    with pytest.raises(SedpipeError, match=f"^{message}$") as caught:
        launch(make_fabric("cpu", n_processes=2), broken, process, trouble)
    assert hint in caught.value.hint


def test_a_killed_process_ends_the_others_with_a_one_line_error():
    with pytest.raises(SedpipeError, match=r"a training process ended: .*SIGKILL") as caught:
        launch(make_fabric("cpu", n_processes=2), killed)
    assert "resume" in caught.value.hint
