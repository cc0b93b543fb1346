"""Mend in the finished pages what axe-core finds in those of the theme: ``tools/docs_browser.py`` looks again.

Screen readers need the level of a heading, names for two parts of a page of the same kind, and no empty headers of
tables. Who uses the keyboard must be able to scroll what is wider than a phone. Nothing is wider than the window.
"""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

MENDED = (
    (re.compile(r' role="heading">'), r' role="heading" aria-level="2">'),
    (re.compile(r'<aside class="sidebar-drawer">'), r'<aside class="sidebar-drawer" aria-label="All pages">'),
    (
        re.compile(r'<aside class="toc-drawer( no-toc)?">'),
        r'<aside class="toc-drawer\1" aria-label="This page">',
    ),
    (re.compile(r"<pre>"), r'<pre tabindex="0">'),
    (re.compile(r'<div class="table-wrapper ([^"]*)">'), r'<div class="table-wrapper \1" tabindex="0">'),
    (re.compile(r'<div id="search-results">'), r'<h1>Search</h1><div id="search-results">'),
    (re.compile(r'<th class="head">(<p></p>)?</th>'), r'<td class="head"></td>'),
    # Long names would make the index wider than the window.
    (
        re.compile(r'<table style="width: 100%" class="indextable'),
        r'<table style="width: 100%; table-layout: fixed; overflow-wrap: anywhere" class="indextable',
    ),
)


def mend(app: Sphinx, exception: Exception | None) -> None:
    """Mend all pages, once they are written."""
    if exception is None and app.builder.name == "html":
        for path in Path(app.outdir).rglob("*.html"):
            text = path.read_text("utf-8")
            for wrong, right in MENDED:
                text = wrong.sub(right, text)
            path.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Add it to a build."""
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
