"""Pages under a finger: whatever is pressed is at least 24 px high and wide, in a real Chromium."""

from pathlib import Path

import pytest

TARGETS = Path(__file__).with_name("targets.js").read_text(encoding="utf-8")
UNFOLD = """(() => {
  document.querySelectorAll('.clip-row a').forEach((link) => link.click());
  document.querySelectorAll('details').forEach((fold) => { fold.open = true; });
})()"""


@pytest.mark.parametrize("width", [1180, 360])
@pytest.mark.parametrize("name", ["run", "comparison"])
def test_nothing_that_is_pressed_is_smaller_than_a_fingertip(browser, pages, name, width):
    browser.open(pages[name], width=width)
    browser.run(UNFOLD)
    assert browser.run(TARGETS) == []


def test_a_small_one_would_be_noticed(browser, pages):
    browser.open(pages["run"])
    browser.run("document.querySelector('.theme').style = 'min-height: 0; height: 20px'")
    assert [kind for kind, *_ in browser.run(TARGETS)] == ["BUTTON theme"]
