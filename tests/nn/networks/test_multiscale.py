import torch
from sedpipe.nn.networks.mlms import MLMS, MLMSConfig
from sedpipe.nn.networks.multiscale import Multiscale, MultiscaleConfig
from sedpipe.nn.networks.network import Prediction
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.training.located import Located
from sedpipe.training.loss import frame_loss, parts_loss
from specs import of

torch.set_num_threads(1)
NONE = PoolingConfig("average", ())


def multiscale(**sizes) -> Multiscale:
    torch.manual_seed(0)
    return Multiscale(MultiscaleConfig(maps=(4, 4), **sizes), NONE, 3, of(200, 8)).eval()  # 4 s, 20 ms a frame


def test_short_windows_locate_sounds_and_the_longest_gives_the_clip_probabilities() -> None:
    x, n_frames = torch.randn(1, 200, 8), torch.tensor([200])
    louder = x.clone()
    louder[:, :25] *= 5  # the first half second
    model = multiscale(lengths_s=(4.0, 1.0))
    one, two = model(x, n_frames), model(louder, n_frames)
    assert one.frame_probs.shape == (1, 8, 3)
    gate_one, gate_two = (prediction.taught[0].probs[:, 0] for prediction in (one, two))
    torch.testing.assert_close(one.clip_probs, gate_one)
    later = 2 * (two.frame_probs - one.frame_probs)[:, 3:]  # beyond windows of 1 s, only the gate depends on it
    torch.testing.assert_close(later, (gate_two - gate_one).unsqueeze(1).expand_as(later), atol=1e-6, rtol=1e-4)


def test_each_network_learns_only_from_its_own_windows() -> None:
    model = multiscale(lengths_s=(4.0, 1.0)).train()
    prediction = model(torch.randn(2, 200, 8), torch.tensor([200, 120]))
    assert [tuple(taught.probs.shape) for taught in prediction.taught] == [(2, 1, 3), (2, 4, 3)]
    assert prediction.taught[1].counts.tolist() == [[True] * 4, [True, True, True, False]]
    parts_loss(prediction.taught[1], torch.ones(2, 3)).backward()
    assert all(parameter.grad is None for parameter in model.members[0].parameters())
    assert all(parameter.grad is not None for parameter in model.members[1].parameters())


def test_strong_labels_train_every_network() -> None:
    model, n_frames = multiscale(lengths_s=(4.0, 1.0)).train(), torch.tensor([200, 120])
    located = Located(torch.rand(2, 200, 3).round(), torch.tensor([True, False]))
    prediction = model(torch.randn(2, 200, 8), n_frames)
    assert not prediction.clip_probs.requires_grad
    frame_loss(prediction.frame_probs, located, n_frames, model.time_factor).backward()
    assert all(parameter.grad is not None for parameter in model.members.parameters())


def test_a_clip_shorter_than_a_window_length_is_one_window() -> None:
    prediction: Prediction = multiscale(lengths_s=(10.0, 1.0))(torch.randn(1, 200, 8), torch.tensor([200]))
    assert prediction.taught[0].probs.shape == (1, 1, 3)


def test_mlms_learns_from_a_batch_of_a_single_window() -> None:
    from sedpipe.features.spec import FeatureSpec
    from sedpipe.features.waveform import WaveformConfig

    torch.manual_seed(0)
    spec = FeatureSpec(WaveformConfig(sample_rate=1000, hop_length=20, n_frames=50))  # 1 s
    model = MLMS(MLMSConfig(lengths=(1458,), maps=(4, 4, 4), units=4), NONE, 3, spec).train()
    of_windows, of_steps = model(torch.randn(1, 50, 20), torch.tensor([50])).taught
    assert of_windows.probs.shape == of_steps.probs.shape == (1, 1, 3)
    parts_loss(of_windows, torch.ones(1, 3)).backward()
    assert all(tensor.isfinite().all() for tensor in model.state_dict().values())


def test_the_second_stage_of_mlms_sends_no_gradient_to_the_first() -> None:
    from sedpipe.features.spec import FeatureSpec
    from sedpipe.features.waveform import WaveformConfig

    torch.manual_seed(0)
    spec = FeatureSpec(WaveformConfig(sample_rate=1000, hop_length=20, n_frames=50))  # 1 s
    model = MLMS(MLMSConfig(lengths=(64, 486), maps=(4, 4, 4), units=4), NONE, 3, spec).train()
    prediction = model(torch.randn(3, 50, 20), torch.tensor([50, 50, 20]))
    prediction.clip_probs.sum().backward()
    assert all(parameter.grad is None for parameter in model.members.parameters())
    assert all(parameter.grad is not None for parameter in model.classify_clips.parameters())
    *of_windows, of_steps = prediction.taught
    parts_loss(of_steps, torch.ones(3, 3)).backward()
    assert all(parameter.grad is not None for parameter in model.classify_steps.parameters())
    assert all(parameter.grad is None for parameter in model.members.parameters())
    sum(parts_loss(taught, torch.ones(3, 3)) for taught in of_windows).backward()
    assert all(parameter.grad is not None for parameter in model.members.parameters())


def test_a_second_of_mlms_depends_on_windows_in_it_and_longer_ones_that_begin_with_it() -> None:
    from sedpipe.features.spec import FeatureSpec
    from sedpipe.features.waveform import WaveformConfig

    torch.manual_seed(0)
    spec = FeatureSpec(WaveformConfig(sample_rate=1000, hop_length=20, n_frames=200))  # 4 s
    model = MLMS(MLMSConfig(lengths=(486, 1458), maps=(4, 4, 4), units=4), NONE, 3, spec).eval()
    x, whole = torch.randn(1, 200, 20), torch.tensor([200])
    changed = x.clone()
    changed[:, 100:110] += 1  # from 2 s on, for 0.2 s
    one, two = model(x, whole), model(changed, whole)
    differ = (one.frame_probs != two.frame_probs).any(dim=2)[0]
    assert differ.tolist() == [False, True, True, False]  # of windows of 1.458 s, those that begin at 1 s and 2 s
    assert [taught.probs.shape[1] for taught in one.taught] == [4000 // 486 + 1, 4000 // 1458 + 1, 4]
    assert model(x, torch.tensor([60])).taught[-1].counts.tolist() == [[True, True, False, False]]
