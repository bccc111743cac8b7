"""The pages: complete, escaped, without a network, and careful with the folder they are in."""

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import pytest
from making import IMAGE, Made, Maker, numbers, response

from compat.errors import CompatError
from compat.records import Known, Processor
from compat_reports.arrays import Arrays
from compat_reports.command import write
from compat_reports.comparison import Comparison
from compat_reports.folder import MANIFEST
from compat_reports.samples import JudgedSamples
from compat_reports.templating import unwrapped
from compat_reports.wording import MEANINGS

HOSTILE = """<script>alert(1)</script>" onmouseover="alert(2)' x='{{ 7*7 }}"""


class Page(HTMLParser):
    """Tags, addresses and identifiers of a page."""

    def __init__(self, path):
        super().__init__()
        self.path, self.tags, self.ids, self.addresses, self.events, self.without_alt = (
            path,
            [],
            set(),
            [],
            [],
            0,
        )
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        self.ids.add(attributes.get("id"))
        self.events += [name for name in attributes if name.startswith("on")]
        self.without_alt += tag == "img" and not attributes.get("alt")
        self.addresses += [
            (tag, attributes[name]) for name in ("src", "href", "srcset") if attributes.get(name)
        ]


def report(judged, out):
    return write(JudgedSamples(judged if isinstance(judged, list) else [judged]), str(out))


def pages(out):
    return [Page(path) for path in sorted(Path(out).rglob("*.html"))]


@pytest.fixture
def made(made_runs, tmp_path):
    out = tmp_path / "report"
    assert report(made_runs, out) == 1
    return out


def test_all_pages_are_there(made, capsys):
    names = {str(path.relative_to(made)) for path in made.rglob("*.html")}
    assert names == {"index.html", "environments.html", "phrasebook.html", "operations/conv.html"} | {
        f"samples/conv.{name}.html" for name in ("plain", "trap", "lost", "old")
    }
    index = (made / "index.html").read_text()
    assert "3 cells in 2 samples to look at" in index
    assert "4 distinct results among 13 cells" in index
    assert "the process died" in index


def test_the_command_ends_with_the_path_and_a_summary(made_runs, tmp_path, capsys):
    assert report(made_runs, tmp_path / "report") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [str(tmp_path / "report" / "index.html"), "report: 3 cells in 2 samples to look at"]


def one_row(folder, word="agrees", outputs=None, message="", sample="conv[a]", **fields):
    """A judged run of one record."""
    outputs = response() if outputs is None and word != "unsupported" else outputs
    return Maker(folder, "tf1.15", "1.15.5").row(sample, "numpy", word, outputs, message, **fields).save()


def test_status_0_where_all_agree(tmp_path, capsys):
    assert report(one_row(tmp_path / "runs"), tmp_path / "report") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "report: All 1 judged cells agree"


@pytest.mark.parametrize("word", ["random", "unjudged", "stale"])
def test_what_could_not_be_judged_is_told_and_fails(tmp_path, word, capsys):
    maker = Maker(tmp_path / "runs", "tf1.15", "1.15.5").row("conv[a]", "numpy", word, response())
    assert report(maker.row("conv[b]", "numpy", "agrees", response()).save(), tmp_path / "report") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "report: 1 cell in 1 sample to look at"
    index = (tmp_path / "report" / "index.html").read_text()
    assert "To look at first" in index and "agree</h1>" not in index
    for text in (index, (tmp_path / "report" / "samples" / "conv.a.html").read_text()):
        assert f'<span class="verdict {word}">{word}</span>' in text
        assert MEANINGS[word] in text  # where the judge said no more


def test_status_1_where_nothing_could_be_judged(tmp_path, capsys):
    runs = [one_row(tmp_path / "runs", "unsupported", message="needs TensorFlow 2")]
    assert report(runs, tmp_path / "report") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "report: Nothing could be judged"
    assert "<h1>Nothing could be judged</h1>" in (tmp_path / "report" / "index.html").read_text()
    assert "nothing could be judged here" in (tmp_path / "report" / "environments.html").read_text()


def test_a_folder_that_is_none_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CompatError, match="another --out"):
        report(one_row(tmp_path / "runs"), tmp_path / "file")


def test_what_it_was_judged_against_is_called_so(tmp_path):
    """Another result is no float64 answer, and its bits are not the golden's."""
    maker = Maker(tmp_path / "runs", "tf2.21", "2.21.0").sample("port[p]", against=["tf1.session", "tf1.15"])
    base = {"y": response(), "z": np.linspace(0, 1, 30)}
    moved = {name: (array + 1e-3).astype(array.dtype) for name, array in base.items()}
    maker.row("port[p]", "tf1.session", "identical", base, answers=base)
    maker.row("port[p]", "keras3", "differs", moved, "far", answers=base)
    maker.row("port[q]", "numpy", "agrees", response())
    assert report(maker.save(), tmp_path / "report") == 1
    text = (tmp_path / "report" / "samples" / "port.p.html").read_text()
    assert "what it was judged against: tf1.session in tf1.15" in text
    assert "minus tf1.session in tf1.15" in text and "the same bits as tf1.session in tf1.15" in text
    assert "float64 answer" not in text and "the reference" not in text and "golden" not in text
    assert "The allowance is measured" in text
    other = (tmp_path / "report" / "samples" / "port.q.html").read_text()
    assert "the float64 answer" in other and "judged against" not in other


def test_each_result_is_held_against_what_it_was_judged_by(tmp_path):
    """Without an environment a sample is judged against another dialect of its own run."""
    judged = []
    for version, change in (("1.15", 0), ("2.21", 1)):
        maker = Maker(tmp_path / "runs", f"tf{version}", version).sample("port[p]", against=["numpy"])
        base = {"y": response(change)}
        maker.row("port[p]", "numpy", "identical", base, answers=base)
        maker.row("port[p]", "scipy", "agrees", {"y": response(change) + np.float32(0.25)}, answers=base)
        judged.append(maker.save())
    (row,) = Made(judged).rows
    found = Comparison(row, "y", Arrays([one.run for one in judged]), "NHWC")
    differences = [float(np.abs(d.differences[0]).max()) for d in found.results]
    assert sorted(differences) == pytest.approx([0, 0, 0.25, 0.25], abs=1e-6)


def test_an_output_inside_its_allowance_is_not_beyond_it(tmp_path):
    """Of two outputs one differs: the page marks that one only."""
    maker = Maker(tmp_path / "runs", "tf1.15", "1.15.5")
    maker.row("conv[a]", "numpy", "differs", {"y": response(), "z": response(1)}, "z: far")
    maker.judged.verdicts["conv[a]"]["numpy"].outputs["y"] = numbers("agrees")
    report(maker.save(), tmp_path / "report")
    text = (tmp_path / "report" / "samples" / "conv.a.html").read_text()
    assert text.count("isbeyond") == 1 and text.index("Output z") < text.index("isbeyond")


def test_links_resolve_and_no_network_is_needed(made):
    for page in pages(made):
        ids = page.ids
        for tag, address in page.addresses:
            parts = urlparse(address)
            if parts.scheme in ("http", "https"):
                assert tag == "a" and address == "https://example.org/flip?a=1&b=2"
                continue
            if address == "data:,":
                continue
            assert not parts.scheme and not parts.netloc, address
            target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            assert target.is_file(), address
            if target.name == "index.html" and "=" in parts.fragment:
                continue  # a view of the overview
            if parts.fragment:
                found = ids if target == page.path else Page(target).ids
                assert unquote(parts.fragment) in found, address
        assert not page.without_alt
    for style in made.glob("*.css"):
        assert "url(" not in style.read_text() and "@import" not in style.read_text()


def test_known_reason_and_address_are_shown(made):
    text = (made / "samples" / "conv.trap.html").read_text()
    assert "the kernel is flipped" in text
    assert 'href="https://example.org/flip?a=1&amp;b=2"' in text


def test_a_second_time_nothing_is_written(made, made_runs, capsys):
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    report(made_runs, made)
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before
    assert " 0 written, 0 removed" in capsys.readouterr().out


def test_what_no_longer_belongs_is_removed_and_foreign_files_stay(made, tmp_path):
    foreign = [made / "notes.html", made / "samples" / "mine.txt", made / "figures" / "mine.png"]
    for path in foreign:
        path.write_text("mine")
    report(one_row(tmp_path / "other", sample="conv[new]"), made)
    assert [path.name for path in (made / "samples").iterdir() if path.suffix == ".html"] == ["conv.new.html"]
    assert all(path.read_text() == "mine" for path in foreign)
    listed = set((made / MANIFEST).read_text().splitlines()[1:])
    found = {str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()} - {MANIFEST}
    assert found - listed == {str(path.relative_to(made)) for path in foreign}


def test_a_foreign_page_is_never_overwritten(made_runs, tmp_path):
    out = tmp_path / "report"
    out.mkdir()
    (out / "index.html").write_text("mine")
    with pytest.raises(CompatError, match="not made by compat report"):
        report(made_runs, out)
    assert (out / "index.html").read_text() == "mine"


def test_an_edited_manifest_leads_nowhere(made, made_runs, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    with open(made / MANIFEST, "a", encoding="utf-8") as manifest:
        manifest.write(f"../precious\n{precious}\nsamples/../../precious\n")
    report(made_runs, made)
    assert precious.read_text() == "mine"


def test_everything_from_a_case_or_a_file_is_escaped(tmp_path):
    name = "tf1' onload=alert(1) <script>"
    maker = Maker(tmp_path / "runs", name, "1.15.5", **{"TF_ENABLE_ONEDNN_OPTS": HOSTILE, HOSTILE: HOSTILE})
    environment = maker.run.environment
    environment.python = environment.system = HOSTILE
    environment.processor = Processor(HOSTILE, HOSTILE, [HOSTILE])
    environment.versions.update(keras=HOSTILE, tf_keras=HOSTILE, numpy=HOSTILE, scipy=HOSTILE)
    sample_id = f"conv[{HOSTILE}]"
    maker.sample(
        sample_id,
        inputs={HOSTILE: IMAGE, "s": np.arange(30.0)},
        name=HOSTILE,
        operation=HOSTILE,
        doc=HOSTILE,
        operation_doc=HOSTILE,
        parameters={HOSTILE: HOSTILE, "data_format": [HOSTILE]},
        sources={"numpy": HOSTILE, HOSTILE: HOSTILE},
        against=[HOSTILE, HOSTILE],
    )
    maker.run.samples[sample_id].inputs["s"].fixture = HOSTILE
    maker.run.samples[sample_id].inputs["s"].dtype = HOSTILE
    known = Known(HOSTILE, "javascript:alert(1)")
    maker.row(sample_id, "numpy", "differs", {HOSTILE: response(), "z": np.arange(30.0)}, HOSTILE, known)
    maker.run.records[sample_id]["numpy"].outputs["z"].dtype = HOSTILE
    maker.row(sample_id, "scipy", "unsupported", message=HOSTILE)
    maker.row(sample_id, "tf1.session", "error", message=HOSTILE)
    maker.row(sample_id, HOSTILE, "random", {HOSTILE: response(1)}, HOSTILE, random=[HOSTILE])
    maker.row(HOSTILE, HOSTILE, "unjudged", response(), HOSTILE)
    del maker.run.samples[HOSTILE]
    assert report(maker.save(), tmp_path / "report") == 1
    assert "&lt;script&gt;alert" in (tmp_path / "report" / "environments.html").read_text()
    for page in pages(tmp_path / "report"):
        text = page.path.read_text()
        copies = page.path.parent.name == "samples" and 'id="again"' in text
        scripts = {"index.html": 2, "phrasebook.html": 1}.get(page.path.name, int(copies))
        assert page.events == [] and page.tags.count("script") == scripts
        assert (
            "<script>alert" not in text and "{{ 7*7 }}" in text and "49" not in re.findall(r"x='(\d+)", text)
        )
        assert not any("javascript:" in address for _, address in page.addresses)


ODD = {
    "empty": np.zeros((0, 3), np.float32),
    "nan": np.full((2, 2), np.nan, np.float32),
    "mixed": np.array([[np.nan, np.inf, -np.inf, 1e30]] * 9, np.float32).reshape(1, 6, 6, 1),
    "scalar": np.float32(3).reshape(()),
    "five": np.arange(2 * 3 * 4 * 5 * 6, dtype=np.float32).reshape(2, 3, 4, 5, 6),
    "huge": np.full((9, 9), 3e38, np.float32),
    "line": np.arange(100, dtype=np.float64),
    "lines": np.arange(3 * 40 * 2, dtype=np.float32).reshape(3, 40, 2),
    "short": np.arange(5, dtype=np.float32),
    "whole": np.arange(81, dtype=np.uint8).reshape(9, 9),
    "truth": np.eye(9, dtype=bool),
    "text": np.array(["a", "b"]),
    "complex": np.ones((9, 9), np.complex64),
    "photograph": np.arange(40 * 40 * 3, dtype=np.float32).reshape(40, 40, 3) % 256,
}


def test_odd_arrays_do_not_break_a_page(tmp_path):
    judged = []
    for version, change in (("1.15", 0), ("2.9", 1)):
        maker = Maker(tmp_path / "runs", f"tf{version}", f"{version}.0")
        for name, array in ODD.items():
            maker.sample(f"odd[{name}]", inputs={"x": array, "w": array})
            result = (
                array
                if array.dtype.kind in "Ub" or not change
                else (array + array.dtype.type(change)).astype(array.dtype)
            )
            maker.row(f"odd[{name}]", "numpy", "agrees", result)
        maker.row("odd[shapes]", "numpy", "differs", np.zeros(3 + change, np.float32), "another shape")
        maker.row("odd[unjudged]", "numpy", "unjudged", np.eye(3))
        maker.row(
            "odd[many]", "numpy", "agrees", {f"layer{i}": np.full((9, 9), i * change) for i in range(5)}
        )
        judged.append(maker.save())
    assert report(judged, tmp_path / "report") == 1
    many = (tmp_path / "report" / "samples" / "odd.many.html").read_text()
    assert many.count("the first output with other bits") == 1
    assert (
        many.index("Output layer1")
        < many.index("the first output with other bits")
        < many.index("Output layer2")
    )


def test_an_array_that_is_not_kept_is_said_and_a_damaged_one_refused(made_runs, made):
    objects = Path(made_runs[0].run.objects.folder)
    name = sorted(os.listdir(objects))[0]
    (objects / name).rename(objects / "aside")
    assert report(made_runs, made) == 1
    assert any("does not keep this array" in page.path.read_text() for page in pages(made))
    (objects / name).write_bytes(b"\x80\x04pickle")
    with pytest.raises(CompatError, match="no plain array"):
        report(made_runs, made)


def test_the_plus_pattern_is_featured(tmp_path):
    image = np.zeros((2, 10, 10, 1), np.float32)
    image[0, 2:5, 3] = image[0, 3, 2:5] = image[1, 4:7, 5] = image[1, 5, 4:7] = 1
    kernel = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.float32).reshape(3, 3, 1, 1)
    result = sum(
        np.roll(image, (dy, dx), (1, 2)) * kernel[1 + dy, 1 + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)
    ).astype(np.float32)
    maker = Maker(tmp_path / "runs", "tf1.15", "1.15.5")
    maker.sample("plus_pattern[same]", inputs={"x": image, "w": kernel})
    maker.row("plus_pattern[same]", "numpy", "agrees", result)
    report(maker.save(), tmp_path / "report")
    page = Page(tmp_path / "report" / "index.html")
    assert "picture" in page.tags
    text = page.path.read_text()
    assert re.search(r'alt="Two images[^"]*\(3, 3\)[^"]*\(5, 5\)', text)


def test_long_lines_of_a_docstring_go_on_in_the_next():
    long = "x" * 60
    assert unwrapped(f"{long}\n{long}\nend") == f"{long} {long} end"
    for kept in (f"short\n{long}", f"{long}\n\n{long}", f"{long}\n- one\n- two", f"{long}\n    indented"):
        assert unwrapped(kept) == kept
