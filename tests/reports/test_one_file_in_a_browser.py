"""The report in one file, opened from disk in a browser: every page of it, without another file or a network."""

import contextlib
import html
import re
from pathlib import Path

import pytest
from test_forms import write

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("there is no chromium")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=options)
        yield started
        started.close()


@contextlib.contextmanager
def opened(browser, path, width, **options):
    """The page of a file; afterwards nothing may have been said or asked for."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    foreign = [url for url in asked if not url.startswith("data:") and url.partition("#")[0] != path.as_uri()]
    assert (said, foreign) == ([], [])


def go(page, address):
    page.evaluate("address => { location.hash = address }", address)


def titled(page, beginning):
    """Wait for a page with a title that begins like that."""
    from playwright.sync_api import expect

    expect(page).to_have_title(re.compile(re.escape(beginning)))


@pytest.mark.parametrize("width", [1400, 390])
def test_every_page_is_in_it(browser, made_runs, tmp_path, width):
    write(made_runs, tmp_path, single_file="one.html")
    names = [p.relative_to(tmp_path / "pages") for p in (tmp_path / "pages").rglob("*.html")]
    with opened(browser, tmp_path / "one.html", width) as page:
        page.wait_for_selector(
            "table.strips tbody tr:nth-child(2)"
        )  # the rows are made by the report's own script
        for name in map(str, names):
            if name == "index.html":
                continue
            title = (tmp_path / "pages" / name).read_text().partition("<title>")[2].partition("</title>")[0]
            go(page, f"#/{name}")
            titled(page, html.unescape(title))
            assert page.evaluate("[...document.images].every(i => i.src.startsWith('data:'))")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            assert "All pages and pictures" in page.inner_text("p.contents")


def test_links_lead_there_and_back(browser, made_runs, tmp_path):
    write(made_runs, tmp_path, single_file="one.html")
    with opened(browser, tmp_path / "one.html", 1400) as page:
        page.wait_for_selector("table.strips tbody tr:nth-child(2)")
        page.click("a[href='samples/conv.lost.html']")
        titled(page, "conv[lost]")
        assert page.url.endswith("one.html#/samples/conv.lost.html")
        assert page.evaluate("document.activeElement.tagName") == "MAIN"  # the keyboard goes on from there
        page.click("nav .crumbs a")
        titled(page, "conv –")
        page.click("nav a.home")
        page.wait_for_selector("table.strips tbody tr:nth-child(2)")
        page.fill("#filter", "plain")  # its script is still at work
        page.wait_for_selector("output:has-text('1 of 4')")
        page.go_back()
        titled(page, "conv")


def test_a_view_that_was_sent_opens(browser, made_runs, tmp_path):
    write(made_runs, tmp_path, single_file="one.html")
    context = browser.new_context()
    page = context.new_page()
    page.goto((tmp_path / "one.html").as_uri() + "#/samples/conv.trap.html")
    titled(page, "conv[trap]")
    page.goto((tmp_path / "one.html").as_uri() + "#/samples/nowhere.html")
    titled(page, "nowhere is not in this file")
    context.close()


def test_a_page_with_a_view_of_its_own_keeps_its_address(browser, made_runs, tmp_path):
    write(made_runs, tmp_path, single_file="one.html")
    with opened(browser, tmp_path / "one.html", 1400) as page:
        go(page, "#/phrasebook.html")
        titled(page, "Phrase book")
        page.fill("main input", "conv")
        assert page.evaluate("location.hash") == "#/phrasebook.html#q=conv"
        page.reload()
        titled(page, "Phrase book")
        assert page.input_value("main input") == "conv"
