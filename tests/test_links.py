"""Every relative link in the Markdown of the project leads to a file, and every anchor to a heading."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("pipeline/sedpipe/models/*/README.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    """Return the text of a page without code blocks and code spans."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub and MkDocs make from the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#{1,6} (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}


def broken(page: Path) -> list[str]:
    found = []
    for link in LINK.findall(prose(page)):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_project_files_named_on_a_page_exist(page: Path) -> None:
    named = re.findall(r"`((?:pipeline|benchmarks|tests|docs|manifests)/[\w./-]+)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == []


def test_more_than_15_pages_are_checked() -> None:
    assert len(PAGES) > 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_has_an_existing_target(page: Path) -> None:
    assert broken(page) == []


def test_a_broken_link_is_detected(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# A title: here\n\n```\n# no heading\n```\n")
    links = ["b.md", "b.md#a-title-here", "c.md", "b.md#no-heading", "#up"]
    page = tmp_path / "a.md"
    page.write_text("# Up\n`[x](y.md)`\n" + " ".join(f"[x]({link})" for link in links))
    assert broken(page) == ["c.md", "b.md#no-heading"]


def test_every_document_is_reachable_from_the_index() -> None:
    index = (ROOT / "docs" / "README.md").resolve()
    reached, ahead = set(), [index]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        places = {
            link.partition("#")[0] for link in LINK.findall(prose(page)) if link.partition("#")[0].endswith(".md")
        }
        targets = {(page.parent / place).resolve() for place in places}
        ahead += [target for target in targets if target.exists() and target not in reached]
    assert {page.resolve() for page in ROOT.glob("docs/**/*.md")} <= reached
