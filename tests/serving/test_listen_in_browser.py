"""``sedpipe listen`` in a real Chromium: browse, drop, correct and save recordings, and train on what was saved."""

import base64
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from noise_recording import noise
from sedpipe.cli.main import main
from sedpipe.events import Event
from sedpipe.io.lists.events import read_event_list
from sedpipe.serving.server import Server

CONTRAST, TARGETS = (Path(__file__).parents[1] / "views" / "page" / f"{name}.js" for name in ("contrast", "targets"))
STATUS = "document.querySelector('.status').textContent"
COUNT = "document.querySelectorAll('.lane.editable .bar').length"
QUICK = ["--preset", "demo", "--epochs", "1", "--batch-size", "4", "--run", "corrected"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "c", "d", "e", "f"):
        noise(tmp_path / "served" / f"{name}.wav")
    return tmp_path / "served"


def sedpipe(*words: str) -> str:
    outcome = CliRunner().invoke(main, list(words))
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def correct(browser, address: str, label: int) -> None:
    """Replace all events of a recording by one from 1 s to 3 s, with keys alone, and save it."""
    browser.visit(address)
    browser.run("document.querySelector('.spectrogram').focus()")
    browser.press("ArrowDown")
    while browser.run(COUNT):
        browser.press("Delete")
        browser.press("ArrowDown")
    browser.press("Home")
    browser.press("n")
    browser.press(str(label))
    for end, steps in (("]", 6), ("[", 2)):
        browser.press("Home")
        for _ in range(steps):
            browser.press("ArrowRight")
        browser.press(end)
    browser.press("s", control=True)
    browser.wait_for(f"{STATUS}.startsWith('Saved 1 event')")


@pytest.mark.slow
def test_corrected_recordings_can_be_saved_made_into_a_dataset_and_trained_on(
    browser, folder: Path, served: Server
) -> None:
    browser.visit(served.address)
    addresses = browser.run("[...document.querySelectorAll('.recordings tbody a')].map(a => a.href)")
    assert len(addresses) == 6
    for number, address in enumerate(addresses):
        correct(browser, address, 1 + number % 2)
    assert browser.complaints() == []
    lists = {path.stem: read_event_list(path)[path.stem] for path in folder.glob("*.tsv")}
    assert lists == {name: [Event(1.0, 3.0, ("Dog bark", "Rain")[k % 2])] for k, name in enumerate("abcdef")}
    browser.visit(served.address)
    assert "6 of 6 recordings have one" in browser.run("document.querySelector('.lead').textContent")

    said = sedpipe("init", "served", "--name", "night", "--share", "0.34")
    assert "6 of 6 recordings" in said
    sedpipe("check", "night.toml", "--jobs", "1")
    sedpipe("download", "night.toml", "--jobs", "1")
    sedpipe("features", "night.toml", "--jobs", "1")
    assert "corrected: " in sedpipe("train", "night.toml", *QUICK)
    assert "corrected on night testing" in sedpipe("score", "night.toml", "--split", "testing")


def test_a_saved_correction_is_shown_again_and_a_conflicting_one_is_not_saved(
    browser, folder: Path, served: Server
) -> None:
    address = f"{served.address}recording/a.wav"
    correct(browser, address, 2)
    browser.visit(address)
    assert browser.run(f"{STATUS}").startswith("Shown: a.tsv, as you saved it. Undo shows")
    assert browser.run(COUNT) == 1
    browser.press("z", control=True)
    assert browser.run(COUNT) != 1  # the events that the model predicted
    (folder / "a.tsv").write_text("filename\tonset\toffset\tevent_label\na.wav\t1\t2\tBy hand\n")
    browser.run("document.querySelector('[data-serve]').click()")
    browser.wait_for(f"{STATUS}.startsWith('Not saved: a.tsv has been changed in the meantime')")
    assert "By hand" in (folder / "a.tsv").read_text()
    browser.run("document.querySelector('nav a[rel=next]').click()")
    browser.wait_for("document.querySelector('h1')?.textContent === 'b.wav'")


LIST = "filename\tonset\toffset\tevent_label\n"
SPANS = "[...document.querySelectorAll('.lane.editable .bar')].map(bar => [bar.dataset.label, +bar.dataset.onset])"
SAVE = "document.querySelector('[data-serve]').click()"


def delete_first(browser) -> None:
    browser.run("document.querySelector('.spectrogram').focus()")
    browser.press("ArrowDown")
    browser.press("Delete")


def test_unsaved_corrections_are_restored_after_a_reload_and_leaving_asks_first(
    browser, folder: Path, served: Server
) -> None:
    (folder / "a.tsv").write_text(f"{LIST}a.wav\t1.000\t2.000\tOwl\na.wav\t3.000\t4.000\tRain\n")
    address, asked = f"{served.address}recording/a.wav", browser.n_asked
    browser.visit(address)
    browser.visit(address)
    assert (browser.run(COUNT), browser.n_asked) == (2, asked)  # nothing is corrected, so nothing is lost
    delete_first(browser)
    browser.visit(address)
    assert browser.n_asked == asked + 1
    assert browser.run(SPANS) == [["Rain", 3]]
    assert browser.run(STATUS) == (
        "Your unsaved corrections of an earlier visit are restored. Undo shows a.tsv, as you saved it."
    )
    browser.press("z", control=True)
    assert sorted(browser.run(SPANS)) == [["Owl", 1], ["Rain", 3]]
    browser.press("y", control=True)
    browser.run(SAVE)
    browser.wait_for(f"{STATUS}.startsWith('Saved 1 event:')")
    asked = browser.n_asked
    browser.visit(address)
    assert (browser.run(SPANS), browser.n_asked) == ([["Rain", 3]], asked)
    assert browser.run(STATUS).startswith("Shown: a.tsv, as you saved it")


def test_undo_restores_unsaved_corrections_of_a_list_changed_elsewhere(browser, folder: Path, served: Server) -> None:
    (folder / "a.tsv").write_text(f"{LIST}a.wav\t1.000\t2.000\tOwl\na.wav\t3.000\t4.000\tRain\n")
    address = f"{served.address}recording/a.wav"
    browser.visit(address)
    delete_first(browser)
    (folder / "a.tsv").write_text(f"{LIST}a.wav\t1.000\t2.000\tBy hand\n")
    browser.run(SAVE)
    browser.wait_for(f"{STATUS}.startsWith('Not saved: a.tsv has been changed in the meantime')")
    for _ in range(2):  # at every visit
        browser.visit(address)
        assert browser.run(SPANS) == [["By hand", 1]]
        assert browser.run(STATUS).endswith(
            "It has changed since your unsaved corrections of an earlier visit, which undo shows."
        )
    browser.press("z", control=True)
    assert browser.run(SPANS) == [["Rain", 3]]
    browser.run(SAVE)
    browser.wait_for(f"{STATUS}.startsWith('Saved 1 event:')")
    assert read_event_list(folder / "a.tsv")["a"] == [Event(3.0, 4.0, "Rain")]


def test_two_saves_in_quick_succession_do_not_conflict_and_exclude_later_changes(
    browser, folder: Path, served: Server
) -> None:
    browser.visit(f"{served.address}recording/a.wav")
    browser.run("document.querySelector('.spectrogram').focus()")
    browser.run(
        """(() => {
          const told = document.querySelector('.status');
          window.said = [];
          new MutationObserver(() => window.said.push(told.textContent)).observe(told, { childList: true });
          const key = (key, ctrlKey) => document.querySelector('.spectrogram').dispatchEvent(
            new KeyboardEvent('keydown', { key, ctrlKey, bubbles: true, cancelable: true }));
          key('s', true);
          key('s', true);
          key('n', false);
        })()"""
    )
    count = browser.run(COUNT)
    browser.wait_for(f"{STATUS}.startsWith('Saved ')")
    browser.run("new Promise(done => setTimeout(done, 200))")
    assert [said for said in browser.run("window.said") if "Not saved" in said] == []
    assert browser.run(STATUS).endswith("What you have changed since then is not saved yet.")
    assert len(read_event_list(folder / "a.tsv")["a"]) == count - 1
    browser.visit(f"{served.address}recording/a.wav")
    assert browser.run(COUNT) == count
    assert browser.run(STATUS).startswith("Your unsaved corrections of an earlier visit are restored.")


def test_a_list_from_another_program_can_be_corrected_and_is_left_unchanged(
    browser, folder: Path, served: Server
) -> None:
    (folder / "a.txt").write_text(marked := "0.5\t1.25\tOwl\n2\t3\tRain\n")
    browser.visit(f"{served.address}recording/a.wav")
    assert browser.run(STATUS).startswith("Shown: 2 events of a.txt: for you to correct; saving writes a.tsv. Undo")
    assert browser.run(COUNT) == 2
    browser.run("document.querySelector('[data-serve]').click()")
    browser.wait_for(f"{STATUS}.startsWith('Saved 2 events')")
    assert read_event_list(folder / "a.tsv")["a"] == [Event(0.5, 1.25, "Owl"), Event(2.0, 3.0, "Rain")]
    assert (folder / "a.txt").read_text() == marked
    browser.visit(f"{served.address}recording/a.wav")
    assert browser.run(STATUS).startswith("Shown: a.tsv, as you saved it")


def test_a_list_with_additional_content_is_backed_up_and_its_odd_times_are_reported(
    browser, folder: Path, served: Server
) -> None:
    content = "# by Anna\nfilename\tonset\toffset\tevent_label\tnote\na.wav\t5.0\t6.5\tOwl\tfar\na.wav\t0\t0\tDog\t\n"
    (folder / "a.tsv").write_text(content)
    browser.visit(f"{served.address}recording/a.wav")
    assert browser.run(STATUS) == (
        "Shown: 1 event of a.tsv; 1 event beyond the end of the recording cut there; 1 event without a length "
        "(present, not located) left out: for you to correct; saving writes a.tsv and keeps what is there now as "
        "a.tsv.bak. Undo shows what the model predicted."
    )
    browser.run(SAVE)
    browser.wait_for(f"{STATUS}.startsWith('Saved 1 event:')")
    assert browser.run(STATUS).endswith("a.tsv; what was there before is a.tsv.bak now")
    assert (folder / "a.tsv.bak").read_text() == content
    assert read_event_list(folder / "a.tsv")["a"] == [Event(5.0, 6.0, "Owl")]


def test_a_dropped_file_is_copied_into_the_folder_and_its_page_opens(browser, tmp_path: Path, served: Server) -> None:
    content = base64.b64encode(noise(tmp_path / "elsewhere" / "street.wav").read_bytes()).decode()
    browser.visit(served.address)  # the folder does not exist yet
    browser.run(
        f"""(() => {{
          const bytes = Uint8Array.from(atob({json.dumps(content)}), (c) => c.charCodeAt(0));
          const dropped = new DataTransfer();
          dropped.items.add(new File([bytes], "street.wav"));
          document.dispatchEvent(new DragEvent("drop", {{ dataTransfer: dropped, bubbles: true, cancelable: true }}));
        }})()"""
    )
    browser.wait_for("document.querySelector('h1')?.textContent === 'street.wav'")
    assert (tmp_path / "served" / "street.wav").read_bytes() == (tmp_path / "elsewhere" / "street.wav").read_bytes()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1180, 360])
def test_the_pages_log_no_errors_make_no_other_requests_fit_and_are_legible(
    browser, folder: Path, served: Server, width: int, scheme: str
) -> None:
    for address in (served.address, f"{served.address}recording/a.wav"):
        browser.visit(address, width=width, scheme=scheme)
        assert browser.complaints() == []
        assert {*browser.requests()} == {address}
        assert browser.run("document.documentElement.scrollWidth") == width
        assert browser.run(CONTRAST.read_text()) == []
        assert browser.run(TARGETS.read_text()) == []


def test_recordings_can_be_filtered_sorted_and_searched(browser, folder: Path, served: Server) -> None:
    (folder / "a.tsv").write_text("filename\tonset\toffset\tevent_label\na.wav\t\t\t\n")
    browser.visit(served.address)
    shown = "[...document.querySelectorAll('.recordings tbody tr:not([hidden])')].map(row => row.dataset.name)"
    browser.run("document.querySelector('[name=open]').click()")
    assert browser.run(shown) == [f"{name}.wav" for name in "bcdef"]
    browser.run("document.querySelector('[data-sort=name]').click()")
    assert browser.run(shown) == [f"{name}.wav" for name in "fedcb"]
    browser.run("(() => { const f = document.querySelector('[name=words]'); f.value = 'C.'; "
                "f.dispatchEvent(new Event('input', { bubbles: true })); })()")  # fmt: skip
    assert browser.run(shown) == ["c.wav"]
