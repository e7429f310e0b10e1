"""Sphinx, reading MyST; docstrings are Markdown too."""

import re
from collections.abc import Iterable, Iterator

from sphinx.application import Sphinx

project = "aaecore"
author = "The aaecore authors"
copyright = "The aaecore authors"

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "aaecore"

myst_heading_anchors = 3
myst_enable_extensions = ["deflist", "dollarmath"]

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
default_role = "code"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _to_rst)
    app.connect("source-read", _with_compositions)
    app.connect("env-get-outdated", lambda *_: ["compositions"])  # what is installed may have changed


def _with_compositions(app: Sphinx, page: str, source: list[str]) -> None:
    """The table of what works with what is made of what is installed."""
    if page == "compositions":
        from aaecore.testing.table import compositions

        source[0] = source[0].replace("<!-- compositions -->", compositions())


def _to_rst(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Sphinx reads docstrings as reStructuredText, in place."""
    lines[:] = _converted(lines)


def _converted(lines: Iterable[str]) -> Iterator[str]:
    fenced = False
    for line in lines:
        if line.startswith("```"):
            fenced = not fenced
            yield from ["", ".. code-block:: python", ""] if fenced else [""]
        elif fenced:
            yield "    " + line
        elif field := re.match(r"(\w+): (.+)", line):
            yield f":param {field[1]}: {_escaped(field[2])}"
        else:
            yield _escaped(line)


def _escaped(text: str) -> str:
    """`code` as it is; stars and bars elsewhere are no markup."""
    code_or_not = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*|])", r"\\\1", part) for part in code_or_not)
