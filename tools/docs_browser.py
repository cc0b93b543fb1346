"""Look at the built documentation in a browser, at the widths of a phone and of a screen, in light and in dark.

    hatch run docs && hatch run docs-browser [--screenshots FOLDER] [PAGE ...]

Every page is checked: nothing is wider than the window, nothing is missing or fails in the console, and axe-core finds
nothing (WCAG 2.2 AA and its best practices). The landing page says what this is without scrolling, and the search
finds what is there. With ``--screenshots`` the pages are also pictures.

It needs a Chromium that the system has (Debian: ``apt-get install chromium``), or its path in ``CHROMIUM``; so it is
no part of the other checks.
"""

import argparse
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
BUILT: Final = ROOT / "docs/_build/html"

WIDTHS: Final = {390: 844, 1280: 800}
"""The widths of the windows, with their heights."""

SCHEMES: Final = ("light", "dark")

SEARCHES: Final = {
    "near cache": "near-cache.html",
    "OperationTimeoutError": "errors",
    "max_pending_invocations": "limits.html",
}
"""What people look for, and what one of the results must be."""

AXE: Final = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

_TOO_WIDE: Final = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const wide = [...document.querySelectorAll("article *, main *")].filter(
        (one) => one.getBoundingClientRect().right > width + 1 && !one.closest("pre, .table-wrapper, svg"));
    return wide.slice(0, 3).map((one) => one.tagName + ": " + one.textContent.trim().slice(0, 60));
}"""


@dataclass
class Report:
    """What was found, one line for each thing, and how many pages were seen."""

    lines: list[str] = field(default_factory=list)
    views: int = 0

    def add(self, where: str, what: str) -> None:
        """Add something, and show it at once."""
        self.lines.append(f"{where}: {what}")
        print(self.lines[-1], flush=True)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing about requests."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine alone; the value is its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def chromium() -> str:
    """Return the path of the system's Chromium.

    Raises:
        SystemExit: There is none.
    """
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    for name in names:
        path = shutil.which(name) if name else None
        if path:
            return path
    raise SystemExit(
        "no Chromium was found: install it (Debian: apt-get install chromium), or set CHROMIUM to its path"
    )


def violations(page: Page) -> Iterator[str]:
    """Yield what axe-core finds on a page."""
    for found in Axe().run(page, options=AXE).response["violations"]:
        nodes = found["nodes"]
        example = " ".join(nodes[0]["html"].split())[:160]
        yield f"{found['id']} ({found['help']}), {len(nodes)} times, such as {' '.join(nodes[0]['target'])}: {example}"


def view(page: Page, url: str, where: str, report: Report, *, axe: bool) -> None:
    """Check one view of a page."""
    page.goto(url, wait_until="load")
    report.views += 1
    for wide in page.evaluate(_TOO_WIDE):
        report.add(where, f"wider than the window: {wide}")
    if axe:
        for violation in violations(page):
            report.add(where, violation)


def search(page: Page, base: str, report: Report) -> None:
    """Check that the search finds what is there."""
    for words, expected in SEARCHES.items():
        page.goto(f"{base}/search.html?q={words.replace(' ', '+')}")
        page.wait_for_selector("ul.search li a", timeout=20_000)
        page.wait_for_function(
            "() => /finished|found/i.test(document.querySelector('.search-summary')?.textContent ?? '')"
        )
        found = page.eval_on_selector_all("ul.search li a", "all => all.map(one => one.getAttribute('href'))")
        if not any(expected in link for link in found):
            report.add("search.html", f"{words!r} does not find {expected}, but {found[:5]}")


def landing(page: Page, base: str, report: Report) -> None:
    """Check that the first screen has the name, what it is, how to install it, and how it looks."""
    page.goto(f"{base}/index.html")
    for selector in ("article h1", "article p", "article .highlight-sh", "article .highlight-python"):
        box = page.locator(selector).first.bounding_box()
        if box is None or box["y"] + box["height"] > page.viewport_size["height"]:
            report.add("index.html", f"{selector} is not on the first screen")


def look(browser: Browser, base: str, names: list[str], pictures: Path | None) -> Report:
    """Look at all pages."""
    report = Report()
    for width, height in WIDTHS.items():
        for scheme in SCHEMES:
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            listen(page, report)
            for name in names:
                # Colours depend on the scheme, and the structure on the width: two of four views show both.
                axe = (width < 1000) == (scheme == "dark")
                view(page, f"{base}/{name}", f"{name} at {width} px, {scheme}", report, axe=axe)
                if pictures:
                    page.screenshot(path=pictures / f"{Path(name).stem}-{width}-{scheme}.png")
            if width > 1000 and scheme == "light":
                landing(page, base, report)
                search(page, base, report)
            context.close()
    return report


def listen(page: Page, report: Report) -> None:
    """Report what is missing, and what fails in the console."""

    def answered(answer: Any) -> None:
        if answer.status >= 400:
            report.add(page.url, f"{answer.status} for {answer.url}")

    page.on("response", answered)
    page.on("pageerror", lambda error: report.add(page.url, f"an error in the console: {error}"))


def main() -> int:
    """Look at the pages, and print what is wrong."""
    parser = argparse.ArgumentParser(description="Look at the built documentation in a browser.")
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER", help="store a picture of each view")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="such as map.html; all of them by default")
    chosen = parser.parse_args()
    if not (BUILT / "index.html").exists():
        raise SystemExit("the documentation is not built: run `hatch run docs` first")
    if chosen.screenshots:
        chosen.screenshots.mkdir(parents=True, exist_ok=True)
    names = chosen.pages or sorted(path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*.html"))
    with served(BUILT) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        try:
            report = look(browser, base, names, chosen.screenshots)
        finally:
            browser.close()
    print(f"{len(names)} pages in {report.views} views: {len(report.lines) or 'no'} findings")
    return int(bool(report.lines))


if __name__ == "__main__":
    sys.exit(main())
