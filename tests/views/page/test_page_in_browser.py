"""Pages of scored runs in a real Chromium: what a reader sees, hears and clicks."""

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hostile_run import CLIP_ID, LABELS, SPLIT
from sedpipe.events import merged
from sedpipe.io.cache.frame_scores import find_frame_scores, find_origin
from sedpipe.io.cache.runs import named_run
from sedpipe.io.lists.events import read_event_list
from sedpipe.stages.report import report

OPEN_ALL = """document.querySelectorAll('.clip-row').forEach(row => {
  if (!row.querySelector('.opened')) row.querySelector('a').click();
})"""
BARS = """[...document.querySelectorAll('.clip')].map(clip => {
  clip.querySelectorAll('details').forEach(fold => { fold.open = true; });
  const stage = clip.querySelector('.spectrogram').getBoundingClientRect();
  return [clip.dataset.clip, [...clip.querySelectorAll('.bar')].map(bar => {
    const box = bar.getBoundingClientRect(), of = bar.classList.contains('reference') ? 'reference' : bar.dataset.run;
    return [of, bar.dataset.label, Number(bar.dataset.onset), Number(bar.dataset.offset),
            (box.left - stage.left) / stage.width, box.width / stage.width, bar.closest('.track').dataset.label];
  })];
})"""
SHOWN = "[...document.querySelectorAll('.clip-row:not([hidden])')].map(row => row.dataset.clip)"


def texts(browser, selector):
    return browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1180, 360])
@pytest.mark.parametrize("name", ["run", "comparison"])
def test_a_page_logs_no_errors_makes_no_requests_and_never_scrolls_sideways(browser, pages, name, width, scheme):
    browser.open(pages[name], width=width, scheme=scheme)
    browser.run(OPEN_ALL)
    browser.wait_for("[...document.querySelectorAll('audio')].every(audio => audio.readyState >= 1)")
    assert browser.run("document.querySelectorAll('audio').length") == 5
    assert browser.complaints() == []
    assert browser.requests() == [pages[name].as_uri()]
    assert browser.run("document.documentElement.scrollWidth") == width


def test_hostile_names_are_shown_literally_and_not_executed(browser, pages):
    for page in pages.values():
        browser.open(page)
        browser.run(OPEN_ALL)
        assert set(texts(browser, ".classes tbody th")) == {*LABELS}
        assert CLIP_ID in texts(browser, ".clip-row th a")
        assert CLIP_ID in texts(browser, ".clip h3")
        assert {*texts(browser, ".track .name span")} == {*LABELS}
        assert browser.run("[...document.scripts].filter(s => s.type !== 'application/json').length") == 1
        assert browser.run("document.querySelectorAll('img:not(.spectrogram img), b[onclick]').length") == 0
        assert "owned" not in browser.run("document.title")


def test_injected_markup_can_neither_run_nor_fetch(browser, pages, web):
    browser.open(pages["run"])
    run = "onerror=\"document.title = 'owned'\""
    markup = f"<img src='{web.url}/x.png' {run}><img src=x {run}>"
    browser.run(f"document.body.insertAdjacentHTML('beforeend', {json.dumps(markup)})")
    browser.run("new Promise(done => setTimeout(done, 100))")
    assert "owned" not in browser.run("document.title")
    assert web.asked == []
    assert browser.complaints()  # complaints are recorded, so their absence in other tests means something


def test_lanes_show_the_listed_events_at_their_times(browser, pages, cache):
    reference = read_event_list(cache.reference_path(SPLIT))
    estimated = [read_event_list(named_run(cache, run).estimated_path(SPLIT)) for run in ("run", "other")]
    durations = {clip.clip_id: clip.duration for clip in cache.read_clips()[SPLIT]}
    for name, lists in (("run", estimated[:1]), ("comparison", estimated)):
        browser.open(pages[name])
        browser.run(OPEN_ALL)
        drawn = dict(browser.run(BARS))
        assert drawn.keys() == durations.keys()
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


def test_curves_show_the_probabilities_and_numbers_those_at_the_playhead(browser, pages, cache):
    browser.open(pages["run"], height=3000)
    path = named_run(cache, "run").frame_scores_path(SPLIT)
    stored = find_frame_scores(path, find_origin(path))
    box = browser.box(".clip .spectrogram")
    browser.click(box["left"] + 0.35 * box["width"], box["top"] + 20)
    clip_id = browser.run("document.querySelector('.clip').dataset.clip")
    duration = browser.run("Number(document.querySelector('.clip').dataset.duration)")
    assert browser.run("document.querySelector('audio').currentTime") == pytest.approx(0.35 * duration, abs=0.02)
    assert where_playhead_is(browser) == pytest.approx(0.35, abs=0.01)
    probs, step = stored.probs_of(clip_id), stored.grid.frame_duration
    labels = browser.run("[...document.querySelectorAll('.clip .track')].map(track => track.dataset.label)")
    assert labels
    shown = [int(text.removesuffix(" %")) for text in texts(browser, ".clip .now")]
    assert shown == pytest.approx([100 * probs[int(0.35 * duration / step), LABELS.index(k)] for k in labels], abs=1)
    for label, path in zip(labels, drawn_curves(browser), strict=True):
        middles = [(10 * 100 * (k + 0.5) * step / duration, p) for k, p in enumerate(probs[:, LABELS.index(label)])]
        assert path[1:-1] == [pytest.approx((x, 100 - 100 * p), abs=0.06) for x, p in middles]


def test_each_curve_of_a_comparison_follows_its_own_frame_length(browser, pages, tmp_path):
    def halved(script):
        card = json.loads(script[2])
        for track in card["tracks"]:
            track["voices"][1]["step"] /= 2
        return script[1] + json.dumps(card).replace("<", "\\u003c") + script[3]

    text = pages["comparison"].read_text(encoding="utf-8")
    text = re.sub(r'(<script type="application/json">)(\{"clip".*?)(</script>)', halved, text)
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    browser.open(tmp_path / "page.html")
    voices = "[...document.querySelectorAll('.clip .voice')].map(voice => Number(voice.dataset.run))"
    ends = [(run, path[-1][0]) for run, path in zip(browser.run(voices), drawn_curves(browser), strict=True)]
    assert {run for run, _ in ends} == {0, 1}
    frame = 1000 * 0.2 / browser.run("Number(document.querySelector('.clip').dataset.duration)")
    for run, end in ends:
        assert end == pytest.approx((1000, 500)[run], abs=frame)


def drawn_curves(browser):
    """Return the points of each curve of the first clip, in a box of 1000 by 100."""
    paths = browser.run("[...document.querySelectorAll('.clip .curve')].map(path => path.getAttribute('d'))")
    return [[tuple(map(float, point.split(","))) for point in path[1:].split("L")] for path in paths]


def where_playhead_is(browser):
    """Return the position of the playhead as a share of the first clip's width."""
    return browser.run(
        "(() => { const c = document.querySelector('.clip'), s = c.querySelector('.spectrogram')"
        ".getBoundingClientRect();"
        "return (c.querySelector('.playhead').getBoundingClientRect().left - s.left) / s.width; })()"
    )


def test_audio_is_as_long_as_its_clip_and_moves_the_playhead(browser, pages):
    browser.open(pages["run"])
    browser.run(OPEN_ALL)
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


def test_only_one_clip_plays_at_a_time(browser, pages):
    browser.open(pages["run"])
    browser.run(OPEN_ALL)
    for n in (0, 1):
        browser.run(f"document.querySelectorAll('.play')[{n}].click()")
        browser.wait_for(f"!document.querySelectorAll('audio')[{n}].paused")
    assert browser.run("[...document.querySelectorAll('audio')].filter(audio => !audio.paused).length") == 1


def test_keys_play_move_zoom_loop_and_show_the_list_of_keys(browser, pages):
    browser.open(pages["run"])
    browser.run("document.querySelector('.spectrogram').focus()")
    now = "Number(document.querySelector('.spectrogram').getAttribute('aria-valuenow'))"
    duration = browser.run("Number(document.querySelector('.clip').dataset.duration)")
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        browser.press(key)
    assert browser.run(now) == pytest.approx(0.5)
    browser.press("ArrowRight", shift=True)
    assert browser.run(now) == pytest.approx(0.6)
    browser.press("End")
    assert browser.run(now) == duration
    browser.press("Home")
    browser.press("+")
    assert browser.run("parseFloat(document.querySelector('.overview i').style.width)") == pytest.approx(50)
    browser.press("l")
    assert browser.run("document.querySelector('.controls [aria-pressed]').getAttribute('aria-pressed')") == "true"
    browser.press("ArrowRight")
    browser.press("0")
    assert browser.run("parseFloat(document.querySelector('.marked').style.width)") == pytest.approx(50, abs=0.1)
    browser.press(">")
    assert browser.run("document.querySelector('audio').playbackRate") == 1.5
    browser.press(" ")
    browser.wait_for("document.querySelector('audio').currentTime > 0.1")
    browser.press(" ")
    browser.wait_for("document.querySelector('audio').paused")
    browser.press("?")
    assert browser.run("document.querySelector('dialog').open")
    assert "zoom in" in texts(browser, "dialog dd")
    browser.press("Escape")
    assert not browser.run("document.querySelector('dialog').open")


def test_a_marked_section_is_played_in_a_loop(browser, pages):
    browser.open(pages["run"])
    box = browser.box(".clip .spectrogram")
    left, width = box["left"], box["width"]
    browser.drag(left + 0.3 * width, box["top"] + 20, left + 0.4 * width, shift=True)
    duration = browser.run("Number(document.querySelector('.clip').dataset.duration)")
    # record the time that is set: when an event could read it, a busy machine has already played on
    browser.run("""
      window.times = [];
      const own = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "currentTime");
      Object.defineProperty(document.querySelector("audio"), "currentTime", {
        get() { return own.get.call(this); },
        set(time) { window.times.push(time); own.set.call(this, time); },
      });
    """)
    browser.run("document.querySelector('.play').click()")
    browser.wait_for("window.times.length >= 3")
    browser.run("document.querySelector('.play').click()")
    assert browser.run("window.times") == pytest.approx([0.3 * duration] * browser.run("window.times.length"), abs=0.03)


def test_zooming_shows_a_section_and_the_wheel_scrolls_it(browser, pages):
    browser.open(pages["run"])
    box = browser.box(".clip .spectrogram")
    middle = box["left"] + 0.25 * box["width"]
    wheel = {"type": "mouseWheel", "x": middle, "y": box["top"] + 20}
    browser.ask("Input.dispatchMouseEvent", deltaX=0, deltaY=-400, modifiers=2, **wheel)
    browser.wait_for("document.querySelector('.clip').classList.contains('zoomed')")
    bars = dict(browser.run(BARS))
    assert bars
    view = "['left', 'width'].map(side => parseFloat(document.querySelector('.overview i').style[side]))"
    left, width = browser.run(view)
    assert left + 0.25 * width == pytest.approx(25, abs=0.5)  # the time under the pointer stays there
    browser.ask("Input.dispatchMouseEvent", deltaX=80, deltaY=0, **wheel)
    browser.wait_for(f"{view}[0] > {left}")
    assert browser.run(view)[1] == pytest.approx(width)


def test_links_of_classes_confusions_and_clips_show_their_clips(browser, cache, tmp_path):
    browser.open(Path(report(["deaf"], cache.root, path=tmp_path / "page.html").path))
    rows = browser.run("[...document.querySelectorAll('.clip-row')].map(row => ({...row.dataset}))")
    for k, label in enumerate(LABELS):
        expected = {r["clip"] for r in rows if str(k) in f"{r['found']} {r['missed']} {r['false']}".split()}
        browser.run(f"document.querySelectorAll('.classes tbody tr').forEach(row => {{ if (row.dataset.name === "
                    f"{json.dumps(label)}) row.querySelector('a').click(); }})")  # fmt: skip
        browser.wait_for(f"document.querySelector('.tools [name=class]').value === {json.dumps(label)}")
        assert set(browser.run(SHOWN)) == expected
    browser.run("document.querySelector('.confusion td:not(.found) a').click()")
    browser.wait_for("!document.querySelector('.shown').hidden")
    cell = browser.run("document.querySelector('.confusion td:not(.found) a').closest('td').title")
    label = next(label for label in LABELS if cell.startswith(f"{label} missed, "))
    other = next((other for other in LABELS if f"missed, {other} predicted" in cell), None)
    pair = f"{LABELS.index(label)}:{-1 if other is None else LABELS.index(other)}"
    expected = {r["clip"] for r in rows if pair in r["taken"].split()}
    assert expected
    assert set(browser.run(SHOWN)) == expected
    assert f"in which {label} is missed and {other or 'nothing'} is predicted" in texts(browser, ".shown")[0]
    browser.run(f"location.hash = '#clip-{quote(CLIP_ID)}'")
    opened = "[...document.querySelectorAll('.clip')].map(clip => clip.dataset.clip)"
    browser.wait_for(f"{opened}.includes({json.dumps(CLIP_ID)})")
    assert CLIP_ID in browser.run(SHOWN)


def test_a_link_to_a_filtered_out_clip_opens_it_in_view(browser, pages):
    browser.open(pages["run"], height=500)
    browser.run("document.querySelector('.tools [name=search]').value = 'no such clip';"
                "document.querySelector('.tools').dispatchEvent(new Event('input'))")  # fmt: skip
    assert browser.run(SHOWN) == []
    browser.run("document.documentElement.style.scrollBehavior = 'auto'; scrollTo(0, 0)")
    browser.run(f"location.hash = '#clip-{quote(CLIP_ID)}'")
    row = f"[...document.querySelectorAll('.clip-row')].find(row => row.dataset.clip === {json.dumps(CLIP_ID)})"
    browser.wait_for(f"!{row}.hidden && {row}.querySelector('.clip') !== null")
    browser.run("new Promise(done => setTimeout(done, 50))")
    assert -1 <= browser.run(f"{row}.getBoundingClientRect().top") < 500
    assert browser.run("document.querySelector('.shown').hidden")


def test_clips_can_be_sorted_searched_and_filtered(browser, pages):
    browser.open(pages["run"])
    table = "document.querySelector('table.clips')"

    def column(name):
        rows = f"{table}.querySelectorAll('.clip-row:not([hidden])')"
        return browser.run(f"[...{rows}].map(row => row.dataset[{json.dumps(name)}])")

    assert [int(n) for n in column("errors")] == sorted((int(n) for n in column("errors")), reverse=True)
    browser.run(f"{table}.querySelector('[data-sort=clip]').click()")
    assert column("clip") == browser.run(f"{json.dumps(column('clip'))}.sort((a, b) => a.localeCompare(b))")
    browser.run(f"{table}.querySelector('[data-sort=clip]').click()")
    assert browser.run(f"{table}.querySelector('[aria-sort]').getAttribute('aria-sort')") == "descending"
    browser.run("document.querySelector('.tools [name=search]').value = 'ONCLICK';"
                "document.querySelector('.tools').dispatchEvent(new Event('input'))")  # fmt: skip
    assert column("clip") == [CLIP_ID]
    assert texts(browser, ".shown") == ["1 of 5 clips."]
    browser.run("document.querySelector('.tools [type=reset]').click()")
    browser.wait_for("document.querySelector('.shown').hidden")
    browser.run("document.querySelector('.tools [name=kind]').value = 'worst';"
                "document.querySelector('.tools').dispatchEvent(new Event('input'))")  # fmt: skip
    assert set(column("kind")) == {"worst"}


def test_classes_can_be_sorted_and_the_colour_scheme_switched(browser, pages):
    browser.open(pages["run"], scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = browser.run(ground)
    browser.run("document.querySelector('.theme').click()")
    assert browser.run(ground) != light
    names = "[...document.querySelectorAll('.classes tbody tr')].map(row => row.dataset.name)"
    browser.run("document.querySelector('.classes [data-sort=name]').click()")
    assert browser.run(names) == browser.run(f"{json.dumps(browser.run(names))}.sort((a, b) => a.localeCompare(b))")
    browser.run("document.querySelector('.classes [data-sort=reference]').click()")
    counts = browser.run(
        "[...document.querySelectorAll('.classes tbody tr')].map(row => Number(row.dataset.reference))"
    )
    assert counts == sorted(counts, reverse=True)


def test_a_run_can_be_hidden(browser, pages):
    browser.open(pages["comparison"])
    heights = "[...document.querySelectorAll('.clip .voice')].map(v => [v.dataset.run, v.offsetHeight > 0])"
    assert {shown for _, shown in browser.run(heights)} == {True}
    browser.run("document.querySelector('[data-hides=\"1\"]').click()")
    assert {tuple(pair) for pair in browser.run(heights)} == {("0", True), ("1", False)}


def test_tables_and_controls_are_labelled_for_screen_readers(browser, pages):
    for page in pages.values():
        browser.open(page)
        browser.run(OPEN_ALL)
        assert browser.run("document.querySelectorAll('main').length") == 1
        assert browser.run("[...document.querySelectorAll('table')].every(table => table.caption?.textContent.trim())")
        assert browser.run("[...document.querySelectorAll('th')].every(th => ['col', 'row'].includes(th.scope))")
        nameless = """[...document.querySelectorAll('button, a, input, select, [role=slider], [tabindex]')].filter(e =>
          !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)"""
        assert browser.run(nameless) == []
        repeated = "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, k, all) => all.indexOf(id) !== k)"
        assert browser.run(repeated) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1180, 360])
@pytest.mark.parametrize("name", ["run", "comparison"])
def test_every_text_has_sufficient_contrast(browser, pages, name, width, scheme):
    browser.open(pages[name], width=width, scheme=scheme)
    browser.run(OPEN_ALL)
    browser.run("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    assert browser.run(Path(__file__).with_name("contrast.js").read_text()) == []
    # the check can fail, so that its success above means something
    browser.run("document.body.style.setProperty('--soft', 'light-dark(#8c919c, #5f636d)')")
    assert browser.run(Path(__file__).with_name("contrast.js").read_text()) != []
