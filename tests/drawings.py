"""Helpers for tests of SVG drawings."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert(1)</script>\"'&\x00\x1b"
SHOWN_AS = "</text><script>alert(1)</script>\"'&\ufffd\ufffd"


def parsed(drawing: str) -> ET.Element:
    """Return the root of a drawing; fail if it is not XML, or if it could run or fetch something."""
    root = ET.fromstring(drawing)
    assert root.tag == f"{SVG}svg"
    for element in root.iter():
        assert element.tag not in (f"{SVG}script", f"{SVG}foreignObject", f"{SVG}a")
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert name.rpartition("}")[2] != "href" or value.startswith("data:image/png;base64,")
    assert "url(" not in "".join(style.text or "" for style in root.iter(f"{SVG}style"))
    return root


def of_class(root: ET.Element, name: str) -> Iterator[ET.Element]:
    """Return the elements of a CSS class."""
    return (element for element in root.iter() if name in element.get("class", "").split())


def texts(root: ET.Element) -> list[str]:
    """Return all texts of a drawing, in order."""
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]
