"""How to compute a sample again, and the sample as an issue."""

import re
import shlex
import subprocess
import sys

import pytest
from making import KNOWN, Made, Maker, response

from compat.case.files import Case
from compat.store import Run
from compat_reports.issue import issue
from compat_reports.markdown_text import fenced
from compat_reports.reproducing import reproduction
from compat_reports.sample_page import _numbers, _places
from compat_reports.wording import sentence

CASE = """
import numpy as np

from compat import fixtures, operation, reference

double = operation("double", reference=lambda x: reference.Reference(2.0 * x))


@double.on("numpy")
def _(np, x):
    return 2 * x


@double.on("scipy")
def _(scipy, x):
    return 2 * x + 1


double.sample("s1", x=fixtures.values("v", [1, 2]))
"""


def row_of(judged, sample):
    made = Made(judged)
    return next(row for row in made.rows if row.id == sample), made.environments


def issue_of(row, environments):
    places = [(group, _places(row, group.cells, environments)) for group in row.groups]
    return issue(row, sentence(row), _numbers(row), places, reproduction(row))


def test_the_command_works_as_it_stands(tmp_path):
    """Given to a shell it records the one dialect of the one sample, and says why it differs."""
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "it's $HOME.py").write_text(CASE)
    case = Case(str(tmp_path / "cases" / "it's $HOME.py"))
    (sample,) = case.samples()
    maker = Maker(tmp_path / "runs", "here", TF_ENABLE_ONEDNN_OPTS="1", HOME="/nowhere", TF_X="$(exit 3)")
    maker.sample(sample.id, path="cases/it's $HOME.py")
    maker.row(sample.id, "numpy", "agrees", response()).row(sample.id, "scipy", "differs", response(1))
    row, _ = row_of([maker.save()], sample.id)
    (step,) = reproduction(row).steps
    assert "TF_ENABLE_ONEDNN_OPTS=1 " in step.command and "HOME=" not in step.command
    define = f'compat() {{ {shlex.quote(sys.executable)} -m compat.cli "$@"; }}\n'
    done = subprocess.run(
        ["sh", "-c", define + step.command], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=120
    )
    run = Run.open(str(tmp_path / "out" / "reproduced" / "here"))
    assert {name: list(records) for name, records in run.records.items()} == {sample.id: ["scipy"]}
    assert run.environment.settings["TF_ENABLE_ONEDNN_OPTS"] == "1"
    assert f"{sample.id} scipy in here: differs" in done.stdout and done.returncode == 1, (
        done.stdout + done.stderr
    )


def test_the_cell_is_the_one_that_one_looks_at_first(tmp_path):
    maker = Maker(tmp_path / "runs", "tf1.15", "1.15.5")
    for dialect, word, known in (
        ("numpy", "agrees", None),
        ("scipy", "differs", None),
        ("keras2", "differs", KNOWN),
        ("tf1.session", "error", None),
    ):
        outputs = response(len(dialect)) if word != "error" else None
        maker.row("op[all]", dialect, word, outputs, "so it is", known)
    maker.row("op[fine]", "tf1.session", "agrees", response()).row("op[fine]", "numpy", "agrees", response(1))
    maker.row("op[known]", "keras2", "differs", response(), "", KNOWN).row(
        "op[known]", "numpy", "agrees", response(1)
    )
    maker.row("op[none]", "numpy", "unsupported", message="no")
    judged = [maker.save()]
    found = {
        name: reproduction(row_of(judged, f"op[{name}]")[0]) for name in ("all", "fine", "known", "none")
    }
    assert found.pop("none") is None
    assert {name: one.cell.dialect for name, one in found.items()} == {
        "all": "tf1.session",
        "fine": "numpy",
        "known": "keras2",
    }
    assert "explain" not in found["all"].steps[0].command and "explain" in found["known"].steps[0].command
    assert "explain" not in found["fine"].steps[0].command  # there is nothing to explain


def test_what_it_is_judged_against_comes_first(tmp_path):
    legacy = Maker(tmp_path / "runs", "tf1.15", "1.15.5")
    port = Maker(tmp_path / "runs", "tf2.16", "2.16.2")
    for maker in (legacy, port):
        maker.sample("port[a]", against=["tf1.session", "tf1.15"])
    legacy.row("port[a]", "tf1.session", "identical", response())
    port.row("port[a]", "keras3", "differs", response(1), "far")
    one = reproduction(row_of([legacy.save(), port.save()], "port[a]")[0])
    first, last = one.steps
    assert first.environment == "tf1.15" and "--dialect tf1.session" in first.command
    assert "1.15.5" in first.versions and first.command.endswith("--out out/reproduced/tf1.15 --record-only")
    assert (
        last.environment == "tf2.16"
        and "compat explain out/reproduced/tf2.16 'port[a]' keras3" in last.command
    )
    same = Maker(tmp_path / "same", "tf2.16", "2.16.2")
    same.sample("port[b]", against=["numpy", None]).row("port[b]", "keras3", "agrees", response(1))
    (step,) = reproduction(row_of([same.save()], "port[b]")[0]).steps
    assert "--dialect numpy --dialect keras3" in step.command


def test_an_issue_has_versions_numbers_code_and_the_command(tmp_path):
    maker = Maker(tmp_path / "runs", "tf1.15", "1.15.5", OMP_NUM_THREADS="1")
    sources = {
        "numpy": "def of_numpy():\n    '''```'''\n",
        "scipy": "def of_scipy():\n    pass\n",
        "keras2": "def of_keras():\n    pass\n",
        "keras3": "def of_none():\n    pass\n",
    }
    maker.sample("op[s]", sources=sources)
    maker.row("op[s]", "numpy", "agrees", response()).row("op[s]", "keras2", "agrees", response())
    maker.row("op[s]", "scipy", "differs", response(1), "at [0] <b>1</b>, expected `2`: @all | far")
    text = issue_of(*row_of([maker.save()], "op[s]"))
    for part in (
        "`op[s]`",
        "tensorflow 1.15.5",
        "Python 3.11.7",
        "OMP_NUM_THREADS=1",
        "of_scipy",
        "--sample 'op[s]'",
    ):
        assert part in text, part
    assert (
        "of_numpy" in text and "of_keras" not in text and "of_none" not in text
    )  # A once, and what has no result not
    assert "````python\ndef of_numpy" in text
    outside = re.sub(r"(?ms)^(`{3,})\w*$.*?^\1$", "", text)  # prose, not blocks of code
    assert "<b>" not in outside and "@all" not in outside
    table = [line for line in outside.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1 and len(table) == 4


@pytest.mark.parametrize("text", ["", "plain", "```", "a\n````\nb", "~~~\n```"])
def test_a_fence_is_longer_than_any_within(text):
    fence, *lines, end = fenced(text, "python").splitlines()
    assert fence == end + "python" and set(end) == {"`"} and len(end) >= 3
    assert "\n".join(lines) == text and end not in text


def test_names_of_outputs_break_no_table(tmp_path):
    maker = Maker(tmp_path / "runs", "tf1.15", "1.15.5")
    maker.row("op[s]", "numpy", "agrees", {"a|b": response(), "`c` <i>": response()})
    text = issue_of(*row_of([maker.save()], "op[s]"))
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 4 and len({line.count("|") for line in table}) == 1 and "<i>" not in text
