from pathlib import Path

import numpy as np
import pytest
import soundfile
from builders import write_tone
from conftest import Web

from pipeline.clips import Clip
from pipeline.errors import SedpipeError
from pipeline.io.cache import DatasetCache
from pipeline.io.manifests.load import load_manifest
from pipeline.io.manifests.youtube import YoutubeManifest
from pipeline.sources.source import SplitRows
from pipeline.sources.youtube import YoutubeSource

PLAIN, DASHED, Y_FIRST = "abCdEfGhIjK_30.000_40.000", "-5QrBL6MzLg_60.000_70.000", "YbCdEfGhIjK_0.000_10.000"


@pytest.fixture
def manifest(tmp_path: Path, web: Web) -> YoutubeManifest:
    """The shipped one, its lists on an empty server of this machine."""
    text = load_manifest("dcase2017-task4").path.read_text()
    old = next(line for line in text.splitlines() if line.startswith("lists = "))
    (tmp_path / "task4.toml").write_text(text.replace(old, f'lists = "{web.url}/"'))
    manifest = load_manifest(str(tmp_path / "task4.toml"))
    assert isinstance(manifest, YoutubeManifest)
    return manifest


def source_of(
    manifest: YoutubeManifest, tmp_path: Path, *places: Path, jobs: int = 1
) -> tuple[YoutubeSource, DatasetCache]:
    cache = DatasetCache(tmp_path / "cache", manifest.name)
    return YoutubeSource(manifest, cache, [str(place) for place in places], jobs), cache


def resolved(source: YoutubeSource) -> dict[str, SplitRows]:
    return {rows.split: rows for rows in source.resolve()}


def clip(clip_id: str) -> Clip:
    return Clip(clip_id, "testing", clip_id[:11], 0, 10, ("Car",))


def test_official_lists_of_the_users_are_recognised_in_any_folder_below(
    tmp_path: Path, shared_data: Path, manifest: YoutubeManifest, web: Web
) -> None:
    rows = resolved(source_of(manifest, tmp_path, shared_data)[0])
    assert [(split, of_split.listed, len(of_split.clips)) for split, of_split in rows.items()] == [
        ("training", 51_172, 51_172),
        ("testing", 488, 488),
        ("evaluation", 0, 0),
    ]
    assert rows["training"].reference is None
    assert rows["testing"].reference is not None
    assert list(rows["testing"].reference) == [clip.clip_id for clip in rows["testing"].clips]
    [note] = rows["evaluation"].notes
    list_name = "groundtruth_release/groundtruth_weak_label_evaluation_set.csv"
    assert note.startswith(f"evaluation is unavailable: cannot fetch {web.url}/{list_name}: the server answers 404")
    assert "\n" not in note
    assert web.asked == [f"/{list_name}"]
    assert not (tmp_path / "cache" / manifest.name / "audio").exists()


def test_lists_are_fetched_once_where_the_user_has_none(
    tmp_path: Path, shared_data: Path, manifest: YoutubeManifest, web: Web
) -> None:
    folder = shared_data / "dcase2017-task4"
    for remote in manifest.lists_of("testing"):
        target = web.folder / remote.url.removeprefix(f"{web.url}/")
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((folder / remote.file_name).read_bytes())
    for _ in range(2):
        rows = resolved(source_of(manifest, tmp_path)[0])
        assert (rows["testing"].listed, rows["training"].listed) == (488, 0)
    assert web.asked.count("/testing_set.csv") == 1
    assert sorted(path.name for path in (tmp_path / "cache" / "sources" / manifest.name).iterdir()) == [
        "groundtruth_strong_label_testing_set.csv",
        "testing_set.csv",
    ]


def test_a_list_with_the_right_name_and_other_bytes_is_not_used(
    tmp_path: Path, shared_data: Path, manifest: YoutubeManifest
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for remote in manifest.lists_of("testing"):
        (mine / remote.file_name).write_bytes((shared_data / "dcase2017-task4" / remote.file_name).read_bytes())
    assert resolved(source_of(manifest, tmp_path, mine)[0])["testing"].listed == 488
    with (mine / "testing_set.csv").open("a") as file:
        file.write("\n")
    [note] = resolved(source_of(manifest, tmp_path, mine)[0])["testing"].notes
    assert note.startswith("testing is unavailable: cannot fetch ")


@pytest.mark.parametrize(
    "name",
    ["{}.wav", "Y{}.wav", "deep/down/Y{}.flac", "{}.ogg"],
)
@pytest.mark.parametrize("clip_id", [PLAIN, DASHED, Y_FIRST])
def test_audio_is_adopted_by_its_usual_names(
    tmp_path: Path, manifest: YoutubeManifest, name: str, clip_id: str
) -> None:
    write_tone(tmp_path / "mine" / name.format(clip_id), 3, 500, sample_rate=22_050)
    source, cache = source_of(manifest, tmp_path, tmp_path / "mine")
    [fate] = source.fetch([clip(clip_id)])
    assert (fate.clip_id, fate.state, fate.reason) == (clip_id, "ok", "")
    adopted = cache.audio_path(clip(clip_id))
    assert not adopted.name.startswith("-")
    assert soundfile.info(adopted).samplerate == 44_100
    assert soundfile.info(adopted).frames == pytest.approx(3 * 44_100, abs=1)


def test_each_clip_has_its_fate(tmp_path: Path, manifest: YoutubeManifest) -> None:
    mine = tmp_path / "mine"
    write_tone(mine / f"Y{PLAIN}.wav", 12, 500)
    write_tone(mine / f"Y{DASHED}.wav", 0.9, 500)
    (mine / f"Y{Y_FIRST}.wav").write_text("this video is not available")
    (mine / "another.wav").write_text("")
    source, cache = source_of(manifest, tmp_path, mine, jobs=2)
    clips = [clip(clip_id) for clip_id in (PLAIN, DASHED, Y_FIRST, "zzzzzzzzzzz_0.000_10.000")]
    fates = {fate.clip_id: (fate.state, fate.reason) for fate in source.fetch(clips)}
    assert fates == {
        PLAIN: ("ok", ""),
        DASHED: ("gone", f"{mine}/Y{DASHED}.wav: shorter than 1 s"),
        Y_FIRST: ("gone", f"{mine}/Y{Y_FIRST}.wav: cannot be decoded as audio"),
        "zzzzzzzzzzz_0.000_10.000": ("pending", "no audio of it was found in the places of --from"),
    }
    assert soundfile.info(cache.audio_path(clips[0])).frames == 441_000
    assert [path.name for path in cache.audio_dir("testing").iterdir()] == [f"{PLAIN}.flac"]


def test_the_beginning_of_a_longer_file_is_kept(tmp_path: Path, manifest: YoutubeManifest) -> None:
    whole = np.random.default_rng(0).uniform(-0.5, 0.5, 11 * 44_100)
    (tmp_path / "mine").mkdir()
    soundfile.write(tmp_path / "mine" / f"{PLAIN}.wav", whole, 44_100)
    source, cache = source_of(manifest, tmp_path, tmp_path / "mine")
    list(source.fetch([clip(PLAIN)]))
    adopted, _ = soundfile.read(cache.audio_path(clip(PLAIN)))
    np.testing.assert_allclose(adopted, whole[:441_000], atol=1 / 32_768)


def test_a_place_that_is_no_folder_is_a_sentence(tmp_path: Path, manifest: YoutubeManifest) -> None:
    with pytest.raises(SedpipeError, match=r"^--from .*nowhere: there is no such folder$"):
        source_of(manifest, tmp_path, tmp_path / "nowhere")
