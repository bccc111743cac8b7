"""Pages in a real browser: what it complains of, what is too wide or too small to hit, and what axe finds.

Needs chromium and playwright; the tests that use it are left out where one is missing.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
#: Width, colours, forced colours: what every kind of page is looked at in.
LOOKS = ((1400, "light", "none"), (1400, "dark", "none"), (390, "light", "none"), (390, "dark", "active"))
HEIGHT = 900

#: Links within a text may be as high as its lines; everything else needs 24 px each way.
_SMALL = """() => [...document.querySelectorAll("a, button, input, select, summary, [tabindex='0']")].filter((e) => {
  const box = e.getBoundingClientRect();
  return box.width && box.height && (box.width < 24 || box.height < 24) && getComputedStyle(e).display !== "inline";
}).map((e) => e.outerHTML.slice(0, 120))"""
_WIDER = "document.documentElement.scrollWidth - innerWidth"


@dataclass
class Seen:
    """What was seen of a page.  ``told``: console messages and errors; ``foreign``: addresses that are no file."""

    told: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@contextlib.contextmanager
def browser():
    """A Chromium without a head; skips the test where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield found
        found.close()


@contextlib.contextmanager
def opened(found, path, fragment="", width=1400, colours="light", forced="none"):
    """The page of a file, and what is Seen of it from the beginning."""
    context = found.new_context(
        viewport={"width": width, "height": HEIGHT}, color_scheme=colours, forced_colors=forced
    )
    page, seen = context.new_page(), Seen()
    page.on("console", lambda message: seen.told.append(message.text))
    page.on("pageerror", lambda error: seen.told.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(("file:", "data:")) else seen.foreign.append(request.url)
        ),
    )
    page.goto(path.as_uri() + fragment)
    yield page, seen
    context.close()


def faults(page, seen):
    """What is wrong with a page, in words; empty where nothing is."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = [f"told: {text}" for text in seen.told] + [f"foreign: {url}" for url in seen.foreign]
    wider = page.evaluate(_WIDER)
    if wider > 0:
        found.append(f"wider than the window by {wider} px")
    found += [f"small: {text}" for text in page.evaluate(_SMALL)]
    for violation in axe.Axe().run(page).response["violations"]:
        nodes = violation["nodes"]
        found.append(f"axe {violation['id']}, {len(nodes)} times: {nodes[0]['html'][:160]}")
    return found
