"""The documentation site: built strictly, so that every link leads somewhere, and read without a network."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import browser
import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("material")
pytest.importorskip("mkdocstrings")

ROOT = pathlib.Path(__file__).resolve().parent.parent
#: Of elements that a browser fetches by itself.
FETCHED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "srcset"}


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.fetched, self.links, self.events = [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.fetched += filter(None, [attributes.get(FETCHED.get(tag, ""))])
        self.links += [attributes["href"]] if tag == "a" and "href" in attributes else []
        self.events += [name for name in attributes if name.startswith("on")]


def build(folder, site):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    variables = dict(os.environ, NO_MKDOCS_2_WARNING="1", NO_COLOR="1")
    return subprocess.run(
        command, cwd=str(folder), env=variables, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    result = build(ROOT, folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {
        str(path.relative_to(site)): Page(path) for path in site.rglob("*.html") if path.name != "404.html"
    }


def test_nothing_is_fetched_from_elsewhere(pages):
    assert len(pages) > 15
    for name, page in pages.items():
        assert [a for a in page.fetched if re.match("(?:[a-z]+:)?//", a)] == [], name


def test_every_link_leads_somewhere_from_disk(site, pages):
    for name, page in pages.items():
        for link in page.links:
            path = link.partition("#")[0]
            if path and not re.match("[a-z]+:", link):
                assert (site / name).parent.joinpath(path).resolve().is_file(), (name, link)


def test_every_page_of_docs_is_there(pages):
    there = {path.stem for path in (ROOT / "docs").glob("*.md")} | {
        "index",
        "contributing",
        "changelog",
        "atlas",
    }
    assert {f"{name}.html" for name in there} <= set(pages)


def test_the_atlas_has_every_known_difference(site):
    tomllib = pytest.importorskip("tomllib")
    entries = tomllib.loads((ROOT / "cases" / "known_differences.toml").read_text())["difference"]
    text = (site / "atlas.html").read_text(encoding="utf-8")
    assert text.count(">Why</a>") == len(entries) > 100
    for entry in entries:
        assert f'id="{entry["operation"]}"' in text, entry["operation"]
    assert {entry["address"] for entry in entries} <= set(Page(site / "atlas.html").links)


def test_every_operation_has_its_page(site):
    operations = json.loads((ROOT / "docs" / "operations.json").read_text(encoding="utf-8"))["operations"]
    index = Page(site / "operations.html")
    for operation in operations:
        name = f"operations/{operation['name']}.html"
        assert name in index.links
        text = (site / name).read_text(encoding="utf-8")
        assert f"<title>{operation['name']} - compat</title>" in text
        assert {known["address"] for known in operation["reasons"]} <= set(Page(site / name).links)
    assert "atlas.html" in index.links and "operations.html" in Page(site / "atlas.html").links
    assert (site / "operations.json").is_file()


def test_the_public_names_are_in_the_api(site):
    import compat

    text = (site / "api.html").read_text(encoding="utf-8")
    for name in set(compat.__all__) - {"layers"}:  # they have a page of their own
        assert re.search(rf'id="compat\.([a-z_]+\.)*{name}"', text), name
    assert "There is no tolerance" in text


def test_the_atlas_escapes_what_it_is_given(tmp_path):
    sys.path.insert(0, str(ROOT / "docs" / "site"))
    try:
        import atlas
    finally:
        sys.path.pop(0)
    hostile = "<script>alert(1)</script> [x](javascript:alert(2)) `a` **b**"
    (tmp_path / "known.toml").write_text(
        f"[[difference]]\noperation = '{hostile}'\ndialects = ['{hostile}']\nverdict = 'differs'\n"
        f"reason = '{hostile}'\naddress = 'javascript:alert(3)'\n"
    )
    text = atlas.page(tmp_path / "known.toml").partition("\n## ")[2]
    assert not re.search(r"<(?!/?code>|br>)|javascript:|\*\*|`", text)


def test_a_link_that_leads_nowhere_fails(tmp_path):
    for name in ("docs", "cases", "compat", "examples", "reports"):
        shutil.copytree(
            str(ROOT / name), str(tmp_path / name), ignore=shutil.ignore_patterns("golden", "__pycache__")
        )
    for name in ("mkdocs.yml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(str(ROOT / name), str(tmp_path))
    with open(str(tmp_path / "docs" / "habits.md"), "a") as file:
        file.write("\n[nowhere](nowhere.md)\n")
    result = build(tmp_path, tmp_path / "site")
    assert result.returncode != 0 and "nowhere.md" in result.stdout + result.stderr


#: A page of prose, one of tables, one of code, what is made of docstrings, and of letters.
KINDS = ("index", "porting", "atlas", "ci", "api", "operations", "operations/conv2d")


@pytest.mark.parametrize("look", browser.LOOKS, ids=str)
def test_pages_are_without_fault_in_a_browser(site, look):
    width, colours, forced = look
    with browser.browser() as found:
        for name in KINDS:
            with browser.opened(found, site / f"{name}.html", "", width, colours, forced) as (page, seen):
                faults = browser.faults(page, seen)
            # Of the theme: its own controls are as high as a line, and from disk its search has no worker.
            ours = [text for text in faults if not text.startswith(("small:", "told:"))]
            assert ours == [], f"{name}: {ours}"
