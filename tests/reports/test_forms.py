"""The other forms: one file, Markdown, JUnit, JSON, Model Explorer's node data."""

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from making import Maker, response
from test_pages import HOSTILE, Page

from compat.errors import CompatError
from compat.porting import findings
from compat.records import Known, Numbers
from compat_reports import command, forms, json_form, markdown, single_file
from compat_reports.samples import JudgedSamples

SCHEMA = json.loads((Path(json_form.__file__).parent / "verdicts.schema.json").read_text())


def write(judged, folder, **paths):
    asked = forms.Forms({name: str(folder / path) for name, path in paths.items()})
    command.write(JudgedSamples(judged), str(folder / "pages"), None, asked)


@pytest.fixture
def hostile(tmp_path):
    maker = Maker(tmp_path / "runs", "tf<b>2|1", "2.1.0")
    maker.sample(f"conv[{HOSTILE}]", inputs={HOSTILE: response()}, doc=HOSTILE)
    maker.row(f"conv[{HOSTILE}]", "numpy", "differs", {HOSTILE: response()}, HOSTILE)
    maker.row("conv[b]", "numpy", "differs", response(), "@octocat #1 https://evil.example/ `x` **b**\n\n# h")
    maker.row(
        "conv[c]", "numpy", "differs", response(), "", Known(HOSTILE + " @octocat #1", "javascript:alert(1)")
    )
    return [maker.save()]


# -- one JSON of all verdicts


def checked(path):
    jsonschema = pytest.importorskip("jsonschema")
    document = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


def test_json_holds_every_verdict(made_runs, tmp_path):
    write(made_runs, tmp_path, json="all.json")
    document = checked(tmp_path / "all.json")
    found = {
        (environment, sample["id"], entry["dialect"]): (entry["verdict"], "known" in entry)
        for sample in document["samples"]
        for entry in sample["verdicts"]
        for environment in entry["environments"]
    }
    expected = {
        (one.name, sample, dialect): (verdict.word, verdict.known is not None)
        for one in made_runs
        for sample, dialect, verdict in one.rows()
    }
    stale = {key for key in expected if key[1] == "conv[old]" and key[0] == "tf1.13"}
    assert {key: found[key] for key in found if key not in stale} == {
        key: expected[key] for key in expected if key not in stale
    }
    assert [found[key] for key in stale] == [("stale", False)]
    assert document["needs_a_person"] is True and document["cells"]["look"] == 3
    assert sum(e["cells"].get("look", 0) for e in document["environments"]) == 3


def test_json_of_hostile_names(hostile, tmp_path):
    write(hostile, tmp_path, json="all.json")
    assert f"conv[{HOSTILE}]" in {sample["id"] for sample in checked(tmp_path / "all.json")["samples"]}


def test_the_schema_knows_the_words_and_the_numbers():
    """What is added to a record is added to the schema."""
    from compat.records import SEVERITY

    assert set(SCHEMA["$defs"]["word"]["enum"]) == set(SEVERITY)
    assert set(SCHEMA["$defs"]["numbers"]["properties"]) == set(Numbers.__dataclass_fields__)


def test_the_schema_refuses_what_is_no_verdict(made_runs, tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    write(made_runs, tmp_path, json="all.json")
    document = json.loads((tmp_path / "all.json").read_text())
    document["samples"][0]["verdicts"][0]["verdict"] = "fine"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(document)


# -- JUnit


def test_junit_has_a_suite_for_every_environment(made_runs, tmp_path):
    for one in made_runs:  # only what is spelled is a test
        for description in one.run.samples.values():
            description.sources = dict.fromkeys(("numpy", "tf1.session", "tf2.eager"), "x")
    write(made_runs, tmp_path, junit="all.xml")
    suites = ElementTree.parse(tmp_path / "all.xml").getroot()
    assert [suite.get("name") for suite in suites] == [one.name for one in made_runs]
    total = {kind: sum(int(s.get(kind)) for s in suites) for kind in ("failures", "errors", "skipped")}
    assert total == {"failures": 1, "errors": 2, "skipped": 7}  # stale; error, crashed; known and unsupported
    assert len(suites.findall("testsuite/testcase")) == sum(int(s.get("tests")) for s in suites)


def test_junit_of_hostile_names(hostile, tmp_path):
    hostile[0].run.samples["conv[b]"].sources = {"numpy": "x"}
    hostile[0].verdicts["conv[b]"]["numpy"].message = "\x00\x1b[31m\uffff"
    write(hostile, tmp_path, junit="all.xml")
    assert ElementTree.parse(tmp_path / "all.xml").getroot()[0].get("name") == "tf<b>2|1"


# -- Markdown


def test_markdown_says_what_needs_a_look_and_counts_the_known(made_runs, tmp_path):
    write(made_runs, tmp_path, markdown="summary.md")
    text = (tmp_path / "summary.md").read_text()
    lines = text.splitlines()
    assert lines[0] == markdown.BEGINNING and lines[1] == "## ❌ 3 cells in 2 samples to look at"
    assert "| tf1.13 | 1.13.2 | 3.11.7 | 2 | 1 | 1 | **2** | 1 |" in lines
    assert (
        "- differs in 5 cells (`conv`): the kernel is flipped ([why](<https://example.org/flip?a=1&b=2>))"
        in text
    )
    assert "**crashed** in 1 cell (`tf2.eager` 2.9): `the process died`<br>`conv[lost]`" in text


def test_markdown_is_escaped(hostile, tmp_path):
    write(hostile, tmp_path, markdown="summary.md")
    text = (tmp_path / "summary.md").read_text()
    outside = re.sub(r"(`+).*?\1", "", text)  # without what is code
    tags = set(re.findall(r"<[^<>]*>", outside))
    assert tags <= {
        "<!-- compat report -->",
        "<!-- -->",
        "<br>",
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
    }
    assert "@" not in outside and "javascript" not in re.sub("<[^>]*>", "", outside)
    assert not re.search(r"#\d", outside.replace("&#", "")) and "://" not in outside
    assert "\n# h" not in text
    assert "tf&#60;b&#62;2&#124;1" in text


def test_markdown_rendered_has_no_foreign_element(hostile, tmp_path):
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")
    write(hostile, tmp_path, markdown="summary.md")
    html = parser.render((tmp_path / "summary.md").read_text())
    (tmp_path / "summary.html").write_text(html)
    page = Page(tmp_path / "summary.html")
    assert not {"script", "a", "h1"} & set(page.tags) and not page.events and "table" in page.tags


def test_markdown_stays_below_what_github_cuts(tmp_path):
    maker = Maker(tmp_path / "runs", "tf2.1", "2.1.0")
    for number in range(300):
        message = f"{number} " + "é<&" * 400
        known = Known(message, "https://example.org") if number % 2 else None
        maker.row(f"op{number}[s]", "numpy", "differs", response(), message, known)
    write([maker.save()], tmp_path, markdown="summary.md")
    assert 1000 < (tmp_path / "summary.md").stat().st_size <= 60_000


@pytest.mark.parametrize("text", ["a`b", "``", "`", "", " x "])
def test_code_ends_where_it_should(text):
    code = markdown.code(text)
    fence = re.match("`+", code).group()
    assert code.endswith(fence) and fence not in code[len(fence) : -len(fence)].strip("`" if not text else "")


# -- one file


def test_one_file_needs_no_other(made_runs, tmp_path):
    write(made_runs, tmp_path, single_file="one.html")
    page = Page(tmp_path / "one.html")
    foreign = [(tag, a) for tag, a in page.addresses if tag != "a" and not a.startswith("data:")]
    assert foreign == [] and "link" not in [tag for tag, a in page.addresses if not a.startswith("data:")]
    text = (tmp_path / "one.html").read_text()
    assert "All pages and pictures of the report are in this one file." in text
    assert "default-src 'none'" in text


def unpacked(path):
    """The pages of one file, and its pictures."""
    import base64
    import zlib

    text = path.read_text()

    def part(name):
        return json.loads(re.search(f'id="one-{name}">(.*?)</script>', text, re.DOTALL).group(1))

    pieces, pages = json.loads(zlib.decompress(base64.b64decode(part("pages"))))
    return (
        {name: "".join(pieces[i] for i in at) for name, at in pages.items()},
        part("pictures"),
    )


def test_one_file_holds_the_pages_as_they_are(made_runs, tmp_path):
    write(made_runs, tmp_path, single_file="one.html")
    pages, pictures = unpacked(tmp_path / "one.html")
    folder = tmp_path / "pages"
    there = {str(p.relative_to(folder)) for p in folder.rglob("*.html")} - {"index.html"}
    assert set(pages) == there
    assert all((folder / name).read_text() == html for name, html in pages.items())
    assert set(pictures) <= {f"figures/{p.name}" for p in (folder / "figures").iterdir()}


def test_one_file_leaves_out_the_last_and_says_so(made_runs, tmp_path, monkeypatch):
    write(made_runs, tmp_path, single_file="one.html")
    _, pictures = unpacked(tmp_path / "one.html")
    most = len((tmp_path / "one.html").read_bytes()) - len(json.dumps(pictures)) - 500
    monkeypatch.setattr(single_file, "MOST_BYTES", most)
    write(made_runs, tmp_path, single_file="less.html")
    assert len((tmp_path / "less.html").read_bytes()) <= most
    pages, kept = unpacked(tmp_path / "less.html")
    text = (tmp_path / "less.html").read_text()
    assert f"This one file holds {len(pages)} of 7 pages, without the figures of errors" in text
    assert f"and {len(kept)} of {len(pictures)} pictures, those first" in text
    assert 2 <= len(pages) < 7 and {"samples/conv.lost.html", "samples/conv.old.html"} <= set(pages)


def test_one_file_leaves_out_figures_of_rounding_before_pages(made_runs, tmp_path, monkeypatch):
    """Never those of what differs."""
    write(made_runs, tmp_path, single_file="one.html")
    folder, path = tmp_path / "pages", tmp_path / "less.html"
    whole, _ = unpacked(tmp_path / "one.html")
    monkeypatch.setattr(single_file, "_FOR_PICTURES", 0)
    for most in range((tmp_path / "one.html").stat().st_size, 0, -100):
        monkeypatch.setattr(single_file, "MOST_BYTES", most)
        contents = single_file.write(folder, str(path), [], sorted(whole))
        if contents.brief:
            break
    pages, _ = unpacked(path)
    assert contents.pages == len(pages) == 7 and "all 7 pages, without the figures" in contents.sentence
    assert contents.sentence in path.read_text() and path.stat().st_size <= most
    left_out = {name for name in pages if pages[name] != whole[name]}
    assert left_out and not left_out & {name for name in whole if 'class="verdict differs"' in whole[name]}
    assert '<div class="errors">' in pages["samples/conv.lost.html"]


def test_one_file_of_hostile_names(hostile, tmp_path):
    write(hostile, tmp_path, single_file="one.html")
    page = Page(tmp_path / "one.html")
    assert not page.events and all(not address.startswith("javascript:") for _, address in page.addresses)
    text = (tmp_path / "one.html").read_text()
    assert "<script>alert" not in text


def test_one_file_is_beside_the_pages_where_no_path_is_said(tmp_path):
    arguments = command._parser().parse_args(["runs", "--out", "out/pages/", "--single-file"])
    assert forms.asked(arguments, arguments.out).get("single_file") == str(Path("out/pages.html"))


# -- of what verify found


@pytest.fixture
def verified(tmp_path):
    numbers = [Numbers("agrees", share=0.01), Numbers("differs", "at [0]", share=40.0), None]
    tensors = [
        findings.Tensor(f"t{i}", f"legacy/{i}:0", f"port/{i}", "Relu", numbers=n, wrong=i == 1)
        for i, n in enumerate(numbers)
    ]
    wrong = [findings.Finding("t1 differs", 1, [findings.Cause("the <b>kernel</b> is flipped")])]
    found = findings.Findings(
        findings.Command("legacy", "port.py:model", str(tmp_path)),
        "differs",
        "",
        tensors=tensors,
        wrong=wrong,
    )
    findings.write(str(tmp_path / "v"), found, {})
    return tmp_path / "v"


def test_node_data(verified, tmp_path):
    assert command.main([str(verified), "--model-explorer", str(tmp_path / "nodes.json")]) == 0
    data = json.loads((tmp_path / "nodes.json").read_text())
    assert set(data["results"]) == {"legacy/0", "legacy/1", "port/0", "port/1"}
    assert data["results"]["legacy/0"] == {"value": 0.01}
    assert data["results"]["port/1"] == {"value": 40.0, "bgColor": "#b3261e", "textColor": "#ffffff"}
    assert [t["value"] for t in data["thresholds"]] == sorted(t["value"] for t in data["thresholds"])
    assert (
        command.main([str(verified), "--model-explorer", str(tmp_path / "nodes.json")]) == 0
    )  # again: it is ours


def test_the_page_of_verify_in_one_file_and_in_markdown(verified, tmp_path):
    arguments = ["--single-file", str(tmp_path / "v.html"), "--markdown", str(tmp_path / "v.md")]
    assert command.main([str(verified), *arguments]) == 0
    assert "The port first differs at t1" in (tmp_path / "v.md").read_text()
    assert "the &#60;b&#62;kernel" in (tmp_path / "v.md").read_text()
    assert not [
        a for tag, a in Page(tmp_path / "v.html").addresses if tag == "link" and not a.startswith("data:")
    ]


# -- wrong input


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--markdown", "x.txt"], "expected a name that ends in .md"),
        (["--single-file", "runs"], "expected a name that ends in .html"),
        (["--json", "folder.json"], "is a folder; name a file"),
        (["--markdown", "README.md"], "was not made by compat report"),
        (["--json", "a.json", "--model-explorer", "a.json"], "two of the forms have the same path"),
        (["--model-explorer", "a.json"], "is made of the folder of compat verify"),
    ],
)
def test_wrong_paths_are_told_before_anything_is_judged(tmp_path, monkeypatch, made_runs, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "README.md").write_text("# mine\n")
    with pytest.raises(CompatError, match=re.escape(message)):
        command.main(["runs", "--out", "pages", *arguments])
    assert (tmp_path / "README.md").read_text() == "# mine\n" and not (tmp_path / "pages").exists()


def test_a_form_of_runs_is_none_of_verify(verified, tmp_path):
    with pytest.raises(CompatError, match="--junit: is made of runs"):
        command.main([str(verified), "--junit", str(tmp_path / "a.xml")])


def test_a_report_that_is_unchanged_still_writes_the_forms(made_runs, tmp_path):
    write(made_runs, tmp_path, markdown="a.md", single_file="a.html")
    shutil.copy(tmp_path / "a.md", tmp_path / "b.md")
    write(made_runs, tmp_path, markdown="a.md", single_file="a.html")
    assert (tmp_path / "a.md").read_bytes() == (tmp_path / "b.md").read_bytes()
