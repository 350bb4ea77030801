from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from builders import write_tone
from conftest import Web
from encoded import FORMS, clock, encoded, start_error_ms
from loopback import Site, site
from sedpipe.clips import Clip
from sedpipe.errors import SedpipeError
from sedpipe.fates import Fate
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.manifests.youtube import YoutubeManifest
from sedpipe.io.web.videos import watch_address
from sedpipe.sources.access import Access, FetchOptions
from sedpipe.sources.source import FetchStoppedError, SplitRows
from sedpipe.sources.youtube import YoutubeSource

PLAIN, DASHED, Y_FIRST = "abCdEfGhIjK_30.000_40.000", "-5QrBL6MzLg_60.000_70.000", "YbCdEfGhIjK_0.000_10.000"


@pytest.fixture
def manifest(tmp_path: Path, web: Web) -> YoutubeManifest:
    """The shipped manifest, with its lists on an empty local server."""
    text = load_manifest("dcase2017-task4").path.read_text()
    old = next(line for line in text.splitlines() if line.startswith("lists = "))
    (tmp_path / "task4.toml").write_text(text.replace(old, f'lists = "{web.url}/"'))
    manifest = load_manifest(str(tmp_path / "task4.toml"))
    assert isinstance(manifest, YoutubeManifest)
    return manifest


FAST = FetchOptions(workers=2, spacing_s=0, breaker=4, timeout_s=0.5, clip_timeout_s=2, backoff_s=0)


@pytest.fixture
def here() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture(scope="module")
def recording() -> bytes:
    form = FORMS["webm, a cue each 10 s"]
    return encoded(clock(75, form.rate), form)


def source_of(
    manifest: YoutubeManifest,
    tmp_path: Path,
    *places: Path,
    jobs: int = 1,
    here: Site | None = None,
    options: FetchOptions = FAST,
) -> tuple[YoutubeSource, Dataset]:
    """A source whose videos are on a local site, or on none."""
    cache = Dataset(tmp_path / "cache", manifest.name)
    address = f"{here.url if here else 'http://127.0.0.1:1'}/watch/{{}}.webm"
    access = Access(tuple(str(place) for place in places), jobs, options)
    return YoutubeSource(manifest, cache, access, watch_address=address), cache


def fates_of(source: YoutubeSource, *clips: Clip) -> dict[str, Fate]:
    """Return all fates as the stage does: adopt what the user has, then fetch the rest."""
    fates = {fate.clip_id: fate for fate in source.adopt(clips, clips, print)}
    missing = [each for each in clips if each.clip_id not in fates or fates[each.clip_id].state != "ok"]
    return fates | {fate.clip_id: fate for fate in source.fetch(missing)}


def resolved(source: YoutubeSource) -> dict[str, SplitRows]:
    return {rows.split: rows for rows in source.resolve()}


def clip(clip_id: str) -> Clip:
    start_s, end_s = (float(time) for time in clip_id[12:].split("_"))
    return Clip(clip_id, "testing", clip_id[:11], start_s, end_s, ("Car",))


def test_official_lists_are_recognised_in_any_subfolder_of_a_place(
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
    assert note.startswith(f"evaluation is unavailable: cannot fetch {web.url}/{list_name}: the server answered 404")
    assert "\n" not in note
    assert web.asked == [f"/{list_name}"]
    assert not (tmp_path / "cache" / manifest.name / "audio").exists()


def test_lists_are_fetched_once_if_the_user_has_none(
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


def test_a_list_with_the_right_name_but_other_content_is_not_used(
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


@pytest.mark.parametrize("clip_id", [PLAIN, DASHED, Y_FIRST, "_-_-_-_-_-__37.300_47.300"])
def test_a_clip_is_cut_from_its_video(
    tmp_path: Path, manifest: YoutubeManifest, here: Site, recording: bytes, clip_id: str
) -> None:
    here.add(f"{clip_id[:11]}.webm", recording)
    source, cache = source_of(manifest, tmp_path, here=here)
    [fate] = source.fetch([clip(clip_id)])
    path = cache.audio_path(clip(clip_id))
    assert not path.name.startswith("-")
    assert replace(fate, source_format="", tool="") == Fate(
        "testing", clip_id, "ok", duration=10.0, sample_rate=48_000, channels=1, sha256=sha256_of(path)
    )
    assert fate.source_format.startswith("matroska opus")
    assert fate.tool.startswith("yt-dlp 20")
    heard, rate = soundfile.read(path)
    assert (len(heard), rate, soundfile.info(path).subtype) == (441_000, 44_100, "PCM_16")
    assert abs(start_error_ms(heard, clock(75, 44_100), clip(clip_id).start_s)) < 1


def test_a_video_that_ends_early_gives_a_short_clip(
    tmp_path: Path, manifest: YoutubeManifest, here: Site, recording: bytes
) -> None:
    clip_id = "abCdEfGhIjK_70.000_80.000"
    here.add("abCdEfGhIjK.webm", recording)
    source, cache = source_of(manifest, tmp_path, here=here)
    [fate] = source.fetch([clip(clip_id)])
    assert (fate.state, fate.reason) == ("ok", "short")
    assert fate.duration == pytest.approx(5, abs=0.01)
    assert soundfile.info(cache.audio_path(clip(clip_id))).frames == round(fate.duration * 44_100)


def test_each_server_fault_gives_the_clip_its_fate(
    tmp_path: Path, manifest: YoutubeManifest, here: Site, recording: bytes
) -> None:
    plan = {"okay": "ok", "gone": "404", "no-1": "403", "late": "stall", "half": "truncated", "page": "html"}
    clips = [clip(f"-_{name:-<9}_30.000_40.000") for name in plan]
    for each, fault in zip(clips, plan.values(), strict=True):
        here.add(f"{each.source}.webm", recording, fault)
    silent = clip("-_silent---_0.000_10.000")
    form = FORMS["webm, a cue each 10 s"]
    here.add(f"{silent.source}.webm", encoded(np.zeros(form.rate * 12), form))
    fates = fates_of(source_of(manifest, tmp_path, here=here)[0], *clips, silent)
    assert [(fate.state, fate.reason) for fate in (fates[each.clip_id] for each in (*clips, silent))] == [
        ("ok", ""),
        ("gone", "not-found"),
        ("retryable", "forbidden"),
        ("retryable", "timeout"),
        ("retryable", "network"),
        ("retryable", "wrong-content"),
        ("gone", "silent"),
    ]
    assert "404" in fates[clips[1].clip_id].message
    assert "; " not in fates[clips[1].clip_id].message  # no complaint about files of the user, since there are none
    assert here.asked[f"/watch/{clips[1].source}.webm"] <= 2  # a missing video is not requested again
    audio = tmp_path / "cache" / manifest.name / "audio" / "testing"
    assert [path.name for path in audio.iterdir()] == [f"Y{clips[0].clip_id}.flac"]


def test_a_clip_that_succeeds_at_the_second_attempt_is_ok(
    tmp_path: Path, manifest: YoutubeManifest, here: Site, recording: bytes
) -> None:
    here.add("abCdEfGhIjK.webm", recording, "500", heals_after=1)
    [fate] = source_of(manifest, tmp_path, here=here)[0].fetch([clip(PLAIN)])
    assert fate.state == "ok"


@pytest.mark.parametrize("fault", ["429", "403"])
def test_repeated_refusals_stop_the_run_early(
    tmp_path: Path, manifest: YoutubeManifest, here: Site, fault: str
) -> None:
    clips = [clip(f"{number:011d}_0.000_10.000") for number in range(60)]
    for each in clips:
        here.add(f"{each.source}.webm", b"", fault)
    fates: list[Fate] = []
    fetched = source_of(manifest, tmp_path, here=here)[0].fetch(clips)
    with pytest.raises(FetchStoppedError, match="stopped after 4 failures of one kind in a row"):
        fates.extend(fetched)
    assert {(fate.state, fate.reason) for fate in fates} == {("pending", "doubtful")}
    assert len(fates) == 4
    assert len(here.asked) <= 8


def test_a_full_disk_stops_the_run_before_any_request_and_marks_no_clip(
    tmp_path: Path, manifest: YoutubeManifest, here: Site, recording: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.add("abCdEfGhIjK.webm", recording)
    monkeypatch.setattr("sedpipe.sources.youtube._LEAST_FREE", 1 << 62)
    fates: list[Fate] = []
    with pytest.raises(FetchStoppedError, match="no space left on device"):
        fates.extend(source_of(manifest, tmp_path, here=here)[0].fetch([clip(PLAIN)]))
    assert not here.asked
    assert fates == []


def test_fetching_from_youtube_without_a_javascript_runtime_stops_the_run(
    tmp_path: Path, manifest: YoutubeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    source = YoutubeSource(manifest, Dataset(tmp_path / "cache", manifest.name), Access(network=FAST))
    with pytest.raises(FetchStoppedError, match="need a JavaScript runtime") as caught:
        list(source.fetch([clip(PLAIN)]))
    assert "Deno" in caught.value.hint


def test_an_invalid_video_id_is_never_requested(tmp_path: Path, manifest: YoutubeManifest, here: Site) -> None:
    hostile = Clip("x", "testing", "../../etc/x", 0, 10, ())
    [fate] = source_of(manifest, tmp_path, here=here)[0].fetch([hostile])
    assert (fate.state, fate.reason) == ("gone", "unavailable")
    assert not here.asked


def test_every_id_of_the_official_lists_has_its_own_address_and_file_name(
    tmp_path: Path, shared_data: Path, manifest: YoutubeManifest
) -> None:
    source, cache = source_of(manifest, tmp_path, shared_data)
    clips = [each for rows in resolved(source).values() for each in rows.clips]
    assert sum(each.source.startswith("-") for each in clips if each.split == "testing") == 384
    assert len({watch_address(each.source) for each in clips}) == len(clips)
    names = {cache.audio_path(each).name for each in clips}
    assert len(names) == len(clips)
    assert not any(name.startswith("-") for name in names)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (FetchOptions(), "51,172 clips left at about 300 an hour: 7 days"),
        (FetchOptions(cookies_from_browser="firefox"), "51,172 clips left at about 450 an hour: 5 days"),
        (FetchOptions(spacing_s=60), "51,172 clips left at about 60 an hour: 36 days"),
        (FetchOptions(cookies=Path("c"), spacing_s=0, workers=1), "51,172 clips left at about 600 an hour: 4 days"),
    ],
)
def test_the_expected_duration_is_reported(options: FetchOptions, expected: str) -> None:
    assert YoutubeSource.expectation_of(51_172, options) == expected


@pytest.mark.parametrize(
    ("n_clips", "expected"),
    [
        (1, "1 minute"),
        (7, "1 minute"),
        (10, "2 minutes"),
        (300, "60 minutes"),
        (449, "90 minutes"),
        (450, "2 hours"),
        (1500, "5 hours"),
        (10_700, "36 hours"),
        (10_800, "2 days"),
        (14_400, "2 days"),
    ],
)
def test_the_duration_is_reported_in_a_suitable_unit(n_clips: int, expected: str) -> None:
    # 300 clips an hour
    assert YoutubeSource.expectation_of(n_clips, FetchOptions()).endswith(f": {expected}")


def test_the_reported_rate_is_at_least_one_clip_an_hour() -> None:
    assert "about 1 an hour" in YoutubeSource.expectation_of(2, FetchOptions(spacing_s=36_000))


@pytest.mark.parametrize(
    "name",
    ["{}.wav", "Y{}.wav", "deep/down/Y{}.flac", "{}.ogg"],
)
@pytest.mark.parametrize("clip_id", [PLAIN, DASHED, Y_FIRST])
def test_audio_is_adopted_under_its_usual_file_names(
    tmp_path: Path, manifest: YoutubeManifest, name: str, clip_id: str
) -> None:
    write_tone(tmp_path / "mine" / name.format(clip_id), 3, 500, sample_rate=22_050)
    source, cache = source_of(manifest, tmp_path, tmp_path / "mine")
    [fate] = source.adopt([clip(clip_id)], [clip(clip_id)], print)
    assert (fate.clip_id, fate.state) == (clip_id, "ok")
    adopted = cache.audio_path(clip(clip_id))
    assert not adopted.name.startswith("-")
    assert soundfile.info(adopted).samplerate == 44_100
    assert soundfile.info(adopted).frames == pytest.approx(3 * 44_100, abs=1)


def test_clips_that_the_user_has_are_not_fetched_and_damaged_ones_are(
    tmp_path: Path, manifest: YoutubeManifest, here: Site, recording: bytes
) -> None:
    mine = tmp_path / "mine"
    write_tone(mine / f"Y{PLAIN}.wav", 10, 500)
    (mine / f"Y{DASHED}.wav").write_text("this video is not available")
    (mine / f"Y{Y_FIRST}.wav").write_text("this video is not available")
    here.add(f"{DASHED[:11]}.webm", recording)
    here.add(f"{Y_FIRST[:11]}.webm", b"", "404")
    fates = fates_of(source_of(manifest, tmp_path, mine, here=here)[0], clip(PLAIN), clip(DASHED), clip(Y_FIRST))
    assert {clip_id: fate.state for clip_id, fate in fates.items()} == {PLAIN: "ok", DASHED: "ok", Y_FIRST: "gone"}
    assert f"/watch/{PLAIN[:11]}.webm" not in here.asked
    assert str(mine) in fates[Y_FIRST].message
    assert "404" in fates[Y_FIRST].message
    assert str(mine) not in fates[DASHED].message  # it was fetched


def test_a_file_longer_than_its_clip_is_adopted_up_to_the_clip_length(
    tmp_path: Path, manifest: YoutubeManifest
) -> None:
    whole = np.random.default_rng(0).uniform(-0.5, 0.5, 11 * 44_100)
    (tmp_path / "mine").mkdir()
    soundfile.write(tmp_path / "mine" / f"{PLAIN}.wav", whole, 44_100)
    source, cache = source_of(manifest, tmp_path, tmp_path / "mine")
    list(source.adopt([clip(PLAIN)], [clip(PLAIN)], print))
    adopted, _ = soundfile.read(cache.audio_path(clip(PLAIN)))
    np.testing.assert_allclose(adopted, whole[:441_000], atol=1 / 32_768)


def test_a_missing_place_gives_a_one_line_error(tmp_path: Path, manifest: YoutubeManifest) -> None:
    with pytest.raises(SedpipeError, match=r"^--from .*nowhere: there is no such folder or archive$"):
        source_of(manifest, tmp_path, tmp_path / "nowhere")
