"""Samples as plain pytest items, without ``compat run``."""

import xml.etree.ElementTree as ET

import pytest
from support import plugin_options, python, write

from compat.store import Run

FOUR_ENDS = """
    from compat import Unsupported, fixtures, operation, reference

    thing = operation("thing", reference=lambda x, *, end: reference.Reference(x))


    @thing.on("numpy")
    def _(np, x, *, end):
        if end == "unsupported":
            raise Unsupported("not today")
        if end == "error":
            raise RuntimeError("no such luck")
        return x + (end == "differs")


    for end in ("agrees", "unsupported", "error", "differs"):
        thing.sample(end, x=fixtures.values("v", [1, 2]), end=end)
"""


def _pytest(folder, *options):
    common = ("-q", "-p", "no:cacheprovider", *plugin_options())
    return python("-m", "pytest", "thing.py", "--compat-out", "runs/here", *common, *options, cwd=folder)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_items_end_as_their_verdicts_do(tmp_path, workers):
    write(tmp_path / "thing.py", FOUR_ENDS)
    result = _pytest(tmp_path, "--junitxml=items.xml", *workers)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "2 failed, 1 passed, 1 skipped" in result.stdout
    run = Run.open(str(tmp_path / "runs" / "here"))
    words = {sample: row["numpy"]["word"] for sample, row in run.verdicts.items()}
    assert words == {f"thing[{end}]": end for end in ("agrees", "unsupported", "error", "differs")}
    names = {case.get("name") for case in ET.parse(str(tmp_path / "items.xml")).iter("testcase")}
    assert "thing[agrees-numpy]" in names


def test_a_known_difference_is_an_expected_failure(tmp_path):
    write(tmp_path / "thing.py", FOUR_ENDS)
    write(
        tmp_path / "known_differences.toml",
        """
        [[difference]]
        operation = "thing"
        samples = ["differs"]
        dialects = ["numpy"]
        verdict = "differs"
        reason = "one more"
        address = "https://example.org"
        """,
    )
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed" in _pytest(tmp_path).stdout


def test_items_are_chosen_by_name(tmp_path):
    write(tmp_path / "thing.py", FOUR_ENDS)
    assert "1 passed, 3 deselected" in _pytest(tmp_path, "-k", "agrees").stdout


def test_without_the_option_the_plugin_does_nothing(tmp_path):
    write(tmp_path / "thing.py", FOUR_ENDS)
    result = python("-m", "pytest", "thing.py", *plugin_options(), cwd=tmp_path)
    assert "no tests ran" in result.stdout and not (tmp_path / "runs").exists()


def test_an_item_is_chosen_by_its_id(tmp_path):
    write(tmp_path / "thing.py", FOUR_ENDS)
    options = ("-q", "-p", "no:cacheprovider", *plugin_options())
    result = python(
        "-m", "pytest", "thing.py::thing[agrees-numpy]", "--compat-out", "runs/here", *options, cwd=tmp_path
    )
    assert "1 passed" in result.stdout, result.stdout
