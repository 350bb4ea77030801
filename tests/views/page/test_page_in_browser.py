"""The page, opened in a real Chromium: what a reader sees, hears and presses."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, find_browser
from hostile_run import CLIP_ID, LABELS, SPLIT, make_hostile_run
from sedpipe.events import merged
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.frame_scores import find_frame_scores, find_origin
from sedpipe.io.cache.runs import named_run
from sedpipe.io.lists.events import read_event_list
from sedpipe.stages.report import report

pytestmark = pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed: the page was not opened")

BARS = """[...document.querySelectorAll('.clip')].map(clip => {
  clip.querySelectorAll('details').forEach(fold => { fold.open = true; });
  const stage = clip.querySelector('.stage').getBoundingClientRect();
  return [clip.dataset.clip, [...clip.querySelectorAll('.bar')].map(bar => {
    const box = bar.getBoundingClientRect(), of = bar.classList.contains('reference') ? 'reference' : bar.dataset.run;
    return [of, bar.dataset.label, Number(bar.dataset.onset), Number(bar.dataset.offset),
            (box.left - stage.left) / stage.width, box.width / stage.width, bar.closest('.track').dataset.label];
  })];
})"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_hostile_run(tmp_path_factory.mktemp("made") / "cache")


@pytest.fixture(scope="module")
def pages(cache: Dataset) -> dict[str, Path]:
    return {
        "run": Path(report(["run"], cache.root).path),
        "comparison": Path(report(["run", "other"], cache.root).path),
    }


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(str(find_browser()), tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1180, 360])
@pytest.mark.parametrize("name", ["run", "comparison"])
def test_it_complains_of_nothing_asks_for_nothing_and_never_scrolls_sideways(browser, pages, name, width, scheme):
    browser.open(pages[name], width=width, scheme=scheme)
    browser.wait_for("[...document.querySelectorAll('audio')].every(audio => audio.readyState >= 1)")
    assert browser.complaints() == []
    assert browser.requests() == [pages[name].as_uri()]
    assert browser.run("document.documentElement.scrollWidth") == width


def texts(browser, selector):
    return browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)")


def test_hostile_names_are_read_as_they_are_and_run_nothing(browser, pages):
    for page in pages.values():
        browser.open(page)
        assert set(browser.run("[...document.querySelectorAll('.class-row .label')].map(e => e.textContent)")) == {
            *LABELS
        }
        assert CLIP_ID in browser.run("[...document.querySelectorAll('.clip h4')].map(e => e.textContent)")
        assert browser.run("document.scripts.length") == 1
        assert browser.run("document.querySelectorAll('img:not(.spectrogram img), b[onclick]').length") == 0
        assert "owned" not in browser.run("document.title")


def test_markup_that_slipped_through_would_neither_run_nor_fetch(browser, pages, web):
    browser.open(pages["run"])
    run = "onerror=\"document.title = 'owned'\""
    markup = f"<img src='{web.url}/x.png' {run}><img src=x {run}>"
    browser.run(f"document.body.insertAdjacentHTML('beforeend', {json.dumps(markup)})")
    browser.run("new Promise(done => setTimeout(done, 100))")
    assert "owned" not in browser.run("document.title")
    assert web.asked == []
    assert browser.complaints()  # so that the silence of the other tests means something


def test_lanes_are_the_event_lists_at_their_places(browser, pages, cache):
    reference = read_event_list(cache.reference_path(SPLIT))
    estimated = [read_event_list(named_run(cache, run).estimated_path(SPLIT)) for run in ("run", "other")]
    durations = {clip.clip_id: clip.duration for clip in cache.read_clips()[SPLIT]}
    for name, lists in (("run", estimated[:1]), ("comparison", estimated)):
        browser.open(pages[name])
        drawn = dict(browser.run(BARS))
        assert drawn
        for clip_id, bars in drawn.items():
            expected = {"reference": reference[clip_id], **{str(k): events[clip_id] for k, events in enumerate(lists)}}
            assert sorted(tuple(bar[:4]) for bar in bars) == sorted(
                (of, event.label, event.onset, event.offset) for of, events in expected.items() for event in events
            )
            for _, label, onset, offset, left, width, track in bars:
                assert track == label
                assert left * durations[clip_id] == pytest.approx(onset, abs=0.01)
                assert width * durations[clip_id] == pytest.approx(offset - onset, abs=0.01)
    assert any(merged(events) for events in estimated[0].values())


def test_audio_is_as_long_as_the_clip_plays_and_moves_the_playhead(browser, pages):
    browser.open(pages["run"])
    browser.wait_for("[...document.querySelectorAll('audio')].every(audio => audio.readyState >= 1)")
    lengths = browser.run(
        "[...document.querySelectorAll('.clip')].map(c => [c.querySelector('audio').duration, +c.dataset.duration])"
    )
    assert len(lengths) == 5
    assert [heard for heard, _ in lengths] == pytest.approx([listed for _, listed in lengths], abs=0.03)
    browser.run("document.querySelector('.play').click()")
    browser.wait_for("document.querySelector('audio').currentTime > 0.3")
    browser.run("document.querySelector('.play').click()")
    browser.wait_for("!document.querySelector('.clip').classList.contains('playing')")
    time = browser.run("document.querySelector('audio').currentTime")
    assert where_playhead_is(browser) == pytest.approx(time / lengths[0][1], abs=0.01)


def where_playhead_is(browser):
    """Share of the first clip's drawing."""
    return browser.run(
        "(() => { const c = document.querySelector('.clip'), s = c.querySelector('.stage').getBoundingClientRect();"
        "return (c.querySelector('.playhead').getBoundingClientRect().left - s.left) / s.width; })()"
    )


def test_only_one_clip_is_heard_at_a_time(browser, pages):
    browser.open(pages["run"])
    for n in (0, 1):
        browser.run(f"document.querySelectorAll('.play')[{n}].click()")
        browser.wait_for(f"!document.querySelectorAll('audio')[{n}].paused")
    assert browser.run("[...document.querySelectorAll('audio')].filter(audio => !audio.paused).length") == 1


def test_a_click_on_the_spectrogram_goes_there_and_tells_the_probabilities_there(browser, pages, cache):
    browser.open(pages["run"], height=3000)
    browser.run("document.querySelector('.clip').scrollIntoView({behavior: 'instant'})")
    box = browser.run("document.querySelector('.clip .spectrogram').getBoundingClientRect().toJSON()")
    browser.click(box["left"] + 0.35 * box["width"], box["top"] + 20)
    clip = "document.querySelector('.clip')"
    clip_id, duration, step = browser.run(
        f"[{clip}.dataset.clip, ...['duration', 'step'].map(n => +{clip}.dataset[n])]"
    )
    time = browser.run(f"{clip}.querySelector('audio').currentTime")
    assert time == pytest.approx(0.35 * duration, abs=0.02)
    assert where_playhead_is(browser) == pytest.approx(0.35, abs=0.01)
    path = named_run(cache, "run").frame_scores_path(SPLIT)
    stored = find_frame_scores(path, find_origin(path))
    probs = stored.frame_probs[stored.clip_ids.index(clip_id), int(time / step)]
    labels = browser.run(f"[...{clip}.querySelectorAll('.track')].map(track => track.dataset.label)")
    percents = browser.run(f"[...{clip}.querySelectorAll('.now')].map(now => now.textContent)")
    assert labels
    shown = [int(percent.removesuffix("%")) for percent in percents]
    # the page keeps probabilities in 8 bits
    assert shown == pytest.approx([100 * probs[LABELS.index(label)] for label in labels], abs=1)


def test_the_keyboard_plays_and_moves(browser, pages):
    browser.open(pages["run"])
    browser.run("document.querySelector('.stage').focus()")
    now = "Number(document.querySelector('.stage').getAttribute('aria-valuenow'))"
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    browser.press("ArrowLeft")
    assert browser.run(now) == pytest.approx(0.5)
    browser.press("End")
    assert browser.run(f"{now} === Number(document.querySelector('.clip').dataset.duration)")
    browser.press("Home")
    browser.press(" ", "Space")
    browser.wait_for("document.querySelector('audio').currentTime > 0.1")
    browser.press(" ", "Space")
    browser.wait_for("document.querySelector('audio').paused")


def test_classes_are_sorted_and_colours_turned_on_demand(browser, pages):
    browser.open(pages["run"], scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = browser.run(ground)
    browser.run("document.querySelector('.theme').click()")
    assert browser.run(ground) != light
    browser.run("document.querySelector('[data-sort=name]').click()")
    names = browser.run("[...document.querySelectorAll('.class-row[data-name]')].map(row => row.dataset.name)")
    assert names == browser.run(f"{json.dumps(names)}.sort((a, b) => a.localeCompare(b))")
    browser.run("document.querySelector('[data-sort=reference]').click()")
    counts = browser.run(
        "[...document.querySelectorAll('.class-row[data-name]')].map(row => Number(row.dataset.reference))"
    )
    assert counts == sorted(counts, reverse=True)
