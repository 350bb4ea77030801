"""Every relative link in the Markdown of the project leads to a file, and every anchor to a heading."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("pipeline/sedpipe/models/*/README.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    """Its text without blocks and spans of code."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """As GitHub and MkDocs make them of headings."""
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
def test_files_of_the_project_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(r"`((?:pipeline|benchmarks|tests|docs|manifests)/[\w./-]+)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == []


def test_there_are_pages() -> None:
    assert len(PAGES) > 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# A title: here\n\n```\n# no heading\n```\n")
    links = ["b.md", "b.md#a-title-here", "c.md", "b.md#no-heading", "#up"]
    page = tmp_path / "a.md"
    page.write_text("# Up\n`[x](y.md)`\n" + " ".join(f"[x]({link})" for link in links))
    assert broken(page) == ["c.md", "b.md#no-heading"]


def test_every_document_is_reached_from_the_index() -> None:
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
