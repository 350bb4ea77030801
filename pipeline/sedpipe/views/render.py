"""Templates -> one HTML file that requests nothing and runs only its own script, or one SVG without a script.

Every value is escaped (labels and file names are hostile input). A content security policy inside the page identifies
its only script by its checksum and allows no address except data inside the page, so that even a mistake in a template
could neither run nor fetch anything. Data for the script is stored beside it, as JSON that is not executed.

- :class:`Parts`: a template with its styles and scripts
- :func:`render`: these parts and their values -> the page; :func:`pieces`: the same piece by piece
- :func:`signed`: a number with its sign, as templates write it
- :func:`draw`: a template and its values -> the figure
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sedpipe.version import __version__
from sedpipe.wording import counted

_MINUS = "\N{MINUS SIGN}"
_UNKNOWN = "\N{EN DASH}"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Parts:
    """The parts of a page: a template, and the names of its style sheets and scripts without their suffixes."""

    template: str
    styles: Sequence[str]
    scripts: Sequence[str]


def render(parts: Parts, *, is_served: bool = False, **values: Any) -> str:
    """Return the page that the template makes of ``values``; the parameters are those of :func:`pieces`."""
    return "".join(pieces(parts, is_served=is_served, **values))


def pieces(parts: Parts, *, is_served: bool = False, **values: Any) -> Iterator[str]:
    """Yield the page that the template makes of ``values``, in pieces: 50,000 clips would take a gigabyte of memory.

    Parameters
    ----------
    parts : Parts
    is_served : bool
        Whether a server on this machine serves the page; the page may then send requests to it, and to nothing else.
    **values
        Values of the variables in the template.
    """
    script = _script(parts.scripts)
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
        + ("; connect-src 'self'; base-uri 'none'; form-action 'none'" if is_served else "")
    )
    style = "".join(_part(f"styles/{name}.css") for name in parts.styles)
    yield from _environment().get_template(parts.template).generate(
        policy=policy, style=Markup(style), script=Markup(script), version=__version__, is_served=is_served, **values
    )  # fmt: skip
    yield "\n"


def _script(names: Sequence[str]) -> str:
    """Return the scripts one after the other, in a scope of their own."""
    return "\n".join(['(() => {\n"use strict";', *(_part(f"scripts/{name}.js") for name in names), "})();"])


def draw(template: str, **values: Any) -> str:
    """Return the SVG that ``template`` makes of ``values``; characters that XML does not allow become U+FFFD."""
    return _NOT_XML.sub("\ufffd", _environment().get_template(template).render(**values)) + "\n"


def clips_where(**asked: str) -> str:
    """Return a link within a page to the clips of a class or of an outcome; the script of the page reads it.

    >>> clips_where(label="Dog bark", outcome="missed", instead="")
    '#clips?class=Dog+bark&outcome=missed&as='
    """
    names = {"label": "class", "outcome": "outcome", "instead": "as"}
    return "#clips?" + urlencode({names[name]: value for name, value in asked.items()})


def _part(name: str) -> str:
    """Return a file that becomes part of the page unescaped: always one of sedpipe's, never a user's."""
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
    environment.filters |= {"percent": _percent, "rate": _rate, "signed": signed, "counted": counted}
    environment.globals["clips_where"] = clips_where
    return environment


def _percent(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{100 * value:.1f}"


def _rate(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.2f}"


def signed(value: float, decimals: int = 2) -> str:
    """Return a number with its sign; one that is rounded to zero has none."""
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", _MINUS)
