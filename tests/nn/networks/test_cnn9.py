import torch
from sedpipe.nn.networks.cnn9 import CNN9, CNN9Config, SelfAttention
from sedpipe.nn.pooling import PoolingConfig
from specs import of

torch.set_num_threads(1)


def test_self_attention_matches_torchs_without_biases_followed_by_a_relu() -> None:
    torch.manual_seed(0)
    mine = SelfAttention(8, heads=2, head_size=4, dropout=0.2).eval()
    torchs = torch.nn.MultiheadAttention(8, 2, batch_first=True).eval()
    torchs.in_proj_weight.data = torch.cat([mine.project[name].weight for name in ("ask", "match", "say")])
    torchs.out_proj.weight.data = mine.join.weight
    x, n_frames = torch.randn(2, 6, 8), torch.tensor([6, 4])
    theirs, _ = torchs(x, x, x, key_padding_mask=torch.arange(6) >= n_frames.unsqueeze(1))
    torch.testing.assert_close(mine(x, n_frames), theirs.relu(), atol=1e-6, rtol=1e-5)


def test_attention_over_time_is_clipped_at_ten() -> None:
    torch.manual_seed(0)
    config = CNN9Config(maps=(4, 8), context="none")
    model = CNN9(config, PoolingConfig("attention", (), "time"), 3, of(20, 8)).eval()
    torch.nn.init.constant_(model.attend.bias, 500.0)
    hidden = torch.randn(1, 5, 8)
    assert model.attention_of(hidden).tolist() == [[[10.0] * 3] * 5]
    one, two = (model(torch.randn(1, 20, 8), torch.tensor([20])).clip_probs for _ in range(2))
    assert one.isfinite().all()
    assert not torch.equal(one, two)


def test_all_layers_get_gradients_with_each_kind_of_context() -> None:
    for context in ("gru", "transformer", "none"):
        config = CNN9Config(maps=(4, 8), context=context, gru_units=4, heads=2, head_size=4)
        model = CNN9(config, PoolingConfig("attention", (), "time"), 3, of(20, 8)).train()
        model(torch.randn(3, 20, 8), torch.tensor([20, 20, 9])).clip_probs.sum().backward()
        assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())
