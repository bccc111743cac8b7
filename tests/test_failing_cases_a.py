"""The rows of section A, through the command line: a legacy side in numpy, a port in scipy."""

import json
import pathlib

import pytest
from failing_a import PAIRS
from support import python

CASE = pathlib.Path(__file__).parent / "failing_a.py"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """What one run of them all printed and said, with its verdicts by name and dialect."""
    folder = tmp_path_factory.mktemp("a")
    run = python("-m", "compat.cli", "run", CASE, "--out", "runs/here", cwd=folder, timeout=600)
    said = json.loads((folder / "runs" / "here" / "verdicts.json").read_text(encoding="utf-8"))
    run.verdicts = {name[: -len("[s]")]: row for name, row in said["content"].items()}
    return run


@pytest.mark.parametrize("name", PAIRS)
def test_row(result, name):
    verdict = result.verdicts[name]["scipy"]
    assert verdict["word"] in PAIRS[name][3], verdict["message"]
    itself = result.verdicts[name]["numpy"]
    drawn = name in ("a1_random_legacy", "a3_noise_added", "a3_random_second_output")
    assert itself["word"] == ("random" if drawn else "identical"), itself["message"]


def test_what_is_random_is_named_with_its_side(result):
    assert result.verdicts["a1_random_legacy"]["scipy"]["message"] == (
        "numpy is random: y has other bits when it is computed again on the same inputs; nothing can be judged by "
        "that: seed it, or give both sides the same weights"
    )
    assert result.verdicts["a2_random_port"]["scipy"]["message"] == (
        "scipy is random: y has other bits when it is computed again on the same inputs; nothing can be judged by "
        "that: seed it, or give both sides the same weights"
    )
    assert "random: drawn has" in result.verdicts["a3_random_second_output"]["scipy"]["message"]


def test_complex_numbers_are_told_by_their_parts(result):
    assert "imaginary part at [" in result.verdicts["a6_no_imaginary"]["scipy"]["message"]


def test_the_status_says_it(result):
    assert result.returncode == 1 and "to look at" in result.stdout
