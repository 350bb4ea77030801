"""Templates -> one HTML file that asks for nothing and runs only its own script, or one SVG that runs none.

Every value is escaped (labels and names of files are hostile input). A content security policy inside the page names
the one script by its checksum and allows no address but data inside the page, so that even a slip in a template
could neither run nor fetch anything.

- :func:`render`: a template and its values -> the page
- :func:`draw`: a template and its values -> the figure
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import sedpipe

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(template: str, **values: Any) -> str:
    """The page that ``template`` makes of ``values``."""
    script = _part("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    page = _environment().get_template(template).render(
        policy=policy, style=Markup(_part("page.css")), script=Markup(script), version=sedpipe.__version__, **values
    )  # fmt: skip
    return page + "\n"


def draw(template: str, **values: Any) -> str:
    """The SVG that ``template`` makes of ``values``; what no XML may hold, escaped or not, becomes U+FFFD."""
    return _NOT_XML.sub("\ufffd", _environment().get_template(template).render(**values)) + "\n"


def _part(name: str) -> str:
    """A file that goes into the page as it is: ours, never a user's."""
    return files("sedpipe.views").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sedpipe.views"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "rate": _rate, "seconds": _seconds}
    return environment


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
