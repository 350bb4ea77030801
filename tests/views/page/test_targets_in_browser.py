"""Touch targets in a real Chromium: every control is at least 24 px high and wide."""

from pathlib import Path

import pytest

TARGETS = Path(__file__).with_name("targets.js").read_text(encoding="utf-8")
UNFOLD = """(() => {
  document.querySelectorAll('.clip-row a').forEach((link) => link.click());
  document.querySelectorAll('details').forEach((fold) => { fold.open = true; });
})()"""


@pytest.mark.parametrize("width", [1180, 360])
@pytest.mark.parametrize("name", ["run", "comparison"])
def test_every_control_is_large_enough_for_a_fingertip(browser, pages, name, width):
    browser.open(pages[name], width=width)
    browser.run(UNFOLD)
    assert browser.run(TARGETS) == []


def test_a_control_that_is_too_small_is_noticed(browser, pages):
    browser.open(pages["run"])
    browser.run("document.querySelector('.theme').style = 'min-height: 0; height: 20px'")
    assert [kind for kind, *_ in browser.run(TARGETS)] == ["BUTTON theme"]
