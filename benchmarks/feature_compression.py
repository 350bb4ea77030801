"""Cost and benefit of compressing stored features.

``python benchmarks/feature_compression.py DATASET --cache CACHE`` takes log-mel features that are stored already,
writes them anew with each compression, prints bytes and processor time per clip, and writes them to
``results/compression.json``.
Sizes are the same on every machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median

from sedpipe.choices import COMPRESSIONS
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.feature_store import write_shard
from sedpipe.io.cache.open import open_dataset

RESULT = Path(__file__).parent / "results" / "compression.json"


def main() -> None:
    """Write the same rows with each compression in turn, and print and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--split", default="testing")
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    dataset = open_dataset(options.dataset, options.cache)
    spec = FeatureSpec.of_clips(dataset.read_record().clip_format)
    store = FeatureFile(dataset.features_dir(spec.fingerprint) / f"{options.split}.h5")
    rows = [store.read(row) for row in range(min(options.clips, len(store.clip_ids)))]
    seconds: dict[str, list[float]] = {compression: [] for compression in COMPRESSIONS}
    sizes = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for compression in COMPRESSIONS:
                path, began = Path(folder) / f"{compression}.h5", time.process_time()
                write_shard(path, rows, spec, compression)
                seconds[compression].append(time.process_time() - began)
                sizes[compression] = path.stat().st_size
    report = {
        "dataset": options.dataset,
        "split": options.split,
        "clips": len(rows),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "bytes a clip": {compression: round(size / len(rows)) for compression, size in sizes.items()},
        "milliseconds of the processor a clip": {
            compression: round(1000 * median(spent) / len(rows), 2) for compression, spent in seconds.items()
        },
    }
    print(json.dumps(report, indent=1))
    RESULT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
