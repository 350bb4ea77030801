"""A manifest of recordings some of which belong together."""

from pathlib import Path

from sedpipe.io.manifests.form import Manifest
from sedpipe.io.manifests.load import load_manifest


def grouped_birds(folder: Path, group: str = 'group = "prefix_"') -> Manifest:
    """Write a manifest of two recordings per place, ``a_0.wav`` to ``b_1.wav``, all in ``testing``; none need exist."""
    names = [f"{place}_{n}.wav" for place in "ab" for n in range(2)]
    (folder / "birds").mkdir(exist_ok=True)
    (folder / "weak.tsv").write_text("".join(f"{name}\tCrow\n" for name in names))
    (folder / "strong.tsv").write_text("".join(f"{name}\t1\t2\tCrow\n" for name in names))
    path = folder / "birds.toml"
    path.write_text(
        'name = "birds"\nkind = "folder"\nlabels = ["Crow"]\n[splits.testing]\naudio = "birds"\nweak = "weak.tsv"\n'
        f'strong = "strong.tsv"\n{group}\n'
    )
    return load_manifest(str(path))
