from pathlib import Path

import numpy as np
import pytest
from sedpipe.choices import COMPRESSIONS
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache import feature_shelf
from sedpipe.io.cache.feature_file import DamagedStoreError, FeatureFile
from sedpipe.io.cache.feature_shelf import Shelf
from sedpipe.io.cache.feature_store import FeatureRow, merge, write_shard
from stored_rows import CONFIG, as_in_the_first_edition, rows, stored, zero_bytes


def test_a_shelf_reads_every_row_with_a_limited_number_of_open_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_shelf, "MOST_OPEN_FILES", 2)
    some = rows("a", "b", "c", "d", "e")
    paths = [tmp_path / f"{row.clip_id}.h5" for row in some]
    for path, row in zip(paths, some, strict=True):
        write_shard(path, [row], FeatureSpec(CONFIG, "float32"))
    shelf = Shelf(paths, [])
    wanted = [some[k] for k in (4, 0, 4, 2, 1, 3, 0)]
    merge(
        tmp_path / "m.h5",
        shelf.rows([(r.clip_id, r.audio_sha256) for r in wanted], "none"),
        7,
        FeatureSpec(CONFIG, "float32"),
    )
    np.testing.assert_array_equal(FeatureFile(tmp_path / "m.h5").read_features(range(7)), [r.features for r in wanted])
    assert sum(file._handle is not None for file in shelf._files.values()) <= 2


def test_the_last_of_several_copies_is_used_under_the_requested_clip_id(tmp_path: Path) -> None:
    write_shard(tmp_path / "shard.h5", rows("a", "b", value=-1), FeatureSpec(CONFIG, "float32"))
    merge(tmp_path / "store.h5", rows("a", value=-2), 1, FeatureSpec(CONFIG, "float32"))
    shelf = Shelf([tmp_path / "shard.h5"], [tmp_path / "store.h5"])
    assert f"{1:064x}" in shelf
    assert f"{2:064x}" not in shelf
    clips = [("renamed", f"{0:064x}"), ("b", f"{1:064x}"), ("twin", f"{0:064x}")]
    merge(tmp_path / "merged.h5", shelf.rows(clips, "none"), 3, FeatureSpec(CONFIG, "float32"))
    file = FeatureFile(tmp_path / "merged.h5")
    assert file.clip_ids == ["renamed", "b", "twin"]
    assert file.read_features([0, 1, 2])[:, 0, 0].tolist() == [-2, -1, -2]


def test_a_replaced_store_can_still_be_read_while_another_is_written(tmp_path: Path) -> None:
    merge(tmp_path / "training.h5", rows("a", "b", value=-1), 2, FeatureSpec(CONFIG, "float32"))
    shelf = Shelf([], [tmp_path / "training.h5"])
    merge(tmp_path / "training.h5", shelf.rows([("a", f"{0:064x}")], "none"), 1, FeatureSpec(CONFIG, "float32"))
    merge(tmp_path / "testing.h5", shelf.rows([("b", f"{1:064x}")], "none"), 1, FeatureSpec(CONFIG, "float32"))
    np.testing.assert_array_equal(
        FeatureFile(tmp_path / "testing.h5").read_features([0])[0], rows("a", "b", value=-1)[1].features
    )


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("merged_as", COMPRESSIONS)
def test_a_merge_rejects_damaged_rows_and_uses_an_intact_copy_elsewhere(
    tmp_path: Path, compression: str, merged_as: str
) -> None:
    path, shard = stored(tmp_path / "store.h5", "a", "b", compression=compression), tmp_path / "shard.h5"
    expected = FeatureFile(path).read_features([0, 1])
    zero_bytes(path, 1)
    clips = [("a", f"{0:064x}"), ("b", f"{1:064x}")]
    with pytest.raises(DamagedStoreError, match=r"store\.h5: the stored features of 'b' are not what was written$"):
        list(Shelf([], [path]).rows(clips, merged_as))
    write_shard(shard, rows("a", "b")[1:], FeatureSpec(CONFIG), compression)
    merge(tmp_path / "m.h5", Shelf([shard], [path]).rows(clips, merged_as), 2, FeatureSpec(CONFIG), merged_as)
    np.testing.assert_array_equal(FeatureFile(tmp_path / "m.h5").read_features([0, 1]), expected)


def test_damaged_rows_are_dropped_only_where_they_were_looked_for(tmp_path: Path) -> None:
    path = stored(tmp_path / "store.h5", "a", "b", "c")
    for row in (0, 2):
        zero_bytes(path, row)
    shelf = Shelf([], [path])
    assert shelf.drop_damaged({"a"}, {f"{1:064x}"}) == {"a"}
    assert [f"{number:064x}" in shelf for number in range(3)] == [False, True, True]
    assert shelf.is_damaged(path)
    assert shelf.drop_damaged({"c"}, set()) == {"c"}
    assert shelf.drop_damaged({"c"}, set()) == {"c"}  # the damaged row is still in the file
    assert not Shelf([], [path]).is_damaged(path)  # not checked yet


def test_an_unreadable_file_is_ignored_and_hides_no_intact_copy(tmp_path: Path) -> None:
    whole, broken = stored(tmp_path / "1.h5", "a"), stored(tmp_path / "2.h5", "a", "b")
    broken.write_bytes(broken.read_bytes()[:3000])
    shelf = Shelf([broken], [whole])
    assert shelf.paths == [whole]
    assert list(shelf.unreadable) == [broken]
    assert shelf.is_damaged(broken)
    [row] = shelf.rows([("a", f"{0:064x}")], "none")
    assert row.clip_id == "a"
    assert f"{1:064x}" not in shelf


def test_first_edition_rows_get_checksums_when_they_are_copied(tmp_path: Path) -> None:
    path = stored(tmp_path / "1.h5", "a", "b", compression="lzf")
    expected = path.read_bytes()
    as_in_the_first_edition(path)
    clips = [("a", f"{0:064x}"), ("b", f"{1:064x}")]
    merge(tmp_path / "2.h5", Shelf([], [path]).rows(clips, "lzf"), 2, FeatureSpec(CONFIG), "lzf")
    assert (tmp_path / "2.h5").read_bytes() == expected


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_incompressible_rows_are_copied_too(tmp_path: Path, compression: str) -> None:
    features = np.random.default_rng(0).integers(0, 0x7800, (500, 80), dtype=np.uint16).view(np.float16)
    row, spec = FeatureRow("noise", features, 500, "0" * 64), FeatureSpec(CONFIG)
    write_shard(tmp_path / "shard.h5", [row], spec, compression)
    merge(
        tmp_path / "m.h5",
        Shelf([tmp_path / "shard.h5"], []).rows([("noise", "0" * 64)], compression),
        1,
        spec,
        compression,
    )
    np.testing.assert_array_equal(FeatureFile(tmp_path / "m.h5").read_features([0])[0], features)
