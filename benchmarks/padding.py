"""How much padding changes the frame probabilities of a short clip, measured on a trained run.

``python benchmarks/padding.py CHECKPOINT FEATURES.h5`` cuts full clips to 2, 4 and 6 s, and compares the frame
probabilities of the clip alone with those of the clip padded to its full length: as sedpipe does it (padding zeroed
after standardisation, the backward GRU starts at the clip's end), and with the padding treated as part of the clip.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "pipeline"))

from sedpipe.io.cache.feature_file import FeatureFile  # noqa: E402
from sedpipe.io.models.checkpoints import TrainedModel, read_model  # noqa: E402
from sedpipe.nn.networks.network import Network  # noqa: E402
from sedpipe.nn.networks.registry import build_network  # noqa: E402
from sedpipe.nn.pooling import PoolingConfig  # noqa: E402

EDGE = 8  # output frames before the clip's end that are reported separately
N_CLIPS = 64


def single(trained: TrainedModel) -> Network:
    """Return the network with single pooling, so that clips of any length fit; frame probabilities are the same."""
    model = build_network(trained.network, PoolingConfig("average", ()), len(trained.labels), trained.spec)
    model.load_state_dict(trained.model.state_dict(), strict=False)
    return model.eval()


def main() -> None:
    """Print a table."""
    trained = read_model(Path(sys.argv[1]), torch.device("cpu"))
    model, floor = single(trained), trained.spec.front_end.padding
    features = torch.from_numpy(FeatureFile(Path(sys.argv[2])).read_features(range(N_CLIPS))).float()
    print(f"{N_CLIPS} clips; difference of frame probabilities from the clip alone: mean (largest)")
    print(f"{'':22}{'last 8 frames':>22}{'frames before':>22}")
    for n_frames in (100, 200, 300):
        counts, all_count = (torch.full((N_CLIPS,), n) for n in (n_frames, features.shape[1]))
        padded = features.clone()
        padded[:, n_frames:] = floor
        with torch.inference_mode():
            alone = model(features[:, :n_frames], counts).frame_probs
            ways = {"masked": model(padded, counts), "not masked": model(padded, all_count)}
        for name, prediction in ways.items():
            difference = (prediction.frame_probs[:, : alone.shape[1]] - alone).abs()
            parts = (difference[:, -EDGE:], difference[:, :-EDGE])
            cells = "".join(f"{part.mean():14.5f} ({part.max():5.3f})" for part in parts)
            print(f"{n_frames / 50:.0f} s, {name:<17}{cells}")


if __name__ == "__main__":
    main()
