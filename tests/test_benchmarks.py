"""The benchmarks' own bookkeeping, on their smallest workloads; nothing here depends on a time."""

import json
import subprocess
import sys

import numpy as np
import pytest
from support import CHECKOUT

pytestmark = pytest.mark.skipif(sys.version_info < (3, 8), reason="benchmarks are for modern Python")


def run(*arguments):
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=str(CHECKOUT), capture_output=True, text=True)


def test_times_ratios_and_memory_stand_side_by_side(tmp_path):
    path = tmp_path / "benchmarks.json"
    ended = run("w4a", "--contestants", "ours", "tutorial", "--seconds", 0.1, "--json", path)
    assert ended.returncode == 0, ended.stderr
    rows = json.loads(path.read_text())["rows"]
    assert [(row["direction"], row["threads"]) for row in rows] == [
        ("forward", 1),
        ("backward", 1),
        ("forward", 2),
        ("backward", 2),
    ]
    for row in rows:
        ours, tutorial = row["results"]["ours"], row["results"]["tutorial"]
        assert ours["seconds"] > 0 and ours["extra"] < 16e6 < tutorial["extra"]
    forward = next(line for line in ended.stdout.splitlines() if line.startswith("| w4a"))
    ratio = rows[0]["results"]["ours"]["seconds"] / rows[0]["results"]["tutorial"]["seconds"]
    assert f"| {ratio:.2f} |" in forward


def test_the_page_says_how_it_was_made(tmp_path):
    path = tmp_path / "pages" / "benchmarks.md"
    small = ("w4a", "--contestants", "ours", "--threads", 1, "--seconds", 0.1)
    ended = run(*small, "--json", tmp_path / "b.json", "--page", path)
    assert ended.returncode == 0, ended.stderr
    page, report = path.read_text(encoding="utf-8"), json.loads((tmp_path / "b.json").read_text())
    first = "\n".join(page.splitlines()[:5])
    assert f"`python -m benchmarks --page {path}`" in first
    assert report["processor"] in first and report["versions"]["day"] in first
    assert ended.stdout.strip() in page


def test_an_unknown_workload_is_told_in_one_line(tmp_path):
    ended = run("w99", "--json", tmp_path / "b.json")
    assert ended.returncode == 2 and not (tmp_path / "b.json").exists()
    assert ended.stderr.strip().splitlines() == [ended.stderr.strip()] and "w99" in ended.stderr


def test_contestants_that_compute_something_else_are_refused():
    from benchmarks.driver import agree

    one = [list(np.arange(5.0))]
    assert agree(one, [[value * (1 + 1e-6) for value in one[0]]])
    assert not agree(one, [[value * 1.01 for value in one[0]]])
    assert not agree(one, [one[0][:4]]) and not agree(one, [])


def test_the_mean_of_ratios_is_geometric():
    from benchmarks.driver import geometric_mean

    assert geometric_mean([2.0, 0.5]) == pytest.approx(1.0)


@pytest.mark.parametrize("strides, padding", [(1, "SAME"), (2, "VALID")])
def test_all_compute_the_same(strides, padding):
    from benchmarks import contestants, workloads

    workload = workloads.Workload("small", "conv", (2, 9, 8, 3), (3, 2, 3, 4), strides, padding)
    (ours,) = contestants.Ours().prepare(workload, "forward")()
    (scipy,) = contestants.SciPy().prepare(workload, "forward")()
    (tutorial,) = contestants.Tutorial().prepare(workload, "forward")()
    assert ours.shape == workload.output_shape
    np.testing.assert_allclose(scipy, ours, atol=1e-5)
    np.testing.assert_allclose(tutorial.transpose(0, 2, 3, 1), ours, atol=1e-5)


def test_what_using_the_suite_costs(tmp_path, monkeypatch):
    """Every step is timed, one that fails is told, and the page has a line an environment."""
    from benchmarks import suite

    bench = suite.Bench(tmp_path / "cache")
    sleeps = [sys.executable, "-c", "import time; time.sleep(0.2); bytearray(50_000_000)"]
    for name in ("made", "TensorFlow imported", "recorded", "recorded, unchanged"):
        bench.step("tf9", name, sleeps, tmp_path)
    ends = [sys.executable, "-c", "import os; raise SystemExit(3 * (os.environ['COMPAT_CACHE'] == 'other'))"]
    bench.step("report", "judged anew", ends, tmp_path, COMPAT_CACHE="other")
    assert [step.status for step in bench.steps] == [0, 0, 0, 0, 3]
    assert all(step.clock >= 0.2 and step.peak > 50_000_000 for step in bench.steps[:4])
    text = suite.page(bench.steps, "a machine")
    assert [
        line for line in text.splitlines() if line.startswith("| tf9 | 0.")
    ] and "report: judged anew" in text
    monkeypatch.setattr(
        suite, "scale", lambda bench, folder, samples: bench.step("scale", "s", sleeps, folder)
    )
    arguments = ["scale", "--page", str(tmp_path / "p.md"), "--json", str(tmp_path / "s.json")]
    assert suite.main(arguments) == 0
    assert json.loads((tmp_path / "s.json").read_text())["steps"][0]["name"] == "s"
    assert "scale: s" in (tmp_path / "p.md").read_text()


def test_random_shapes_are_always_the_same_and_of_the_distribution_that_they_state():
    from benchmarks import random_shapes
    from benchmarks.__main__ import chosen

    shapes = random_shapes.draw()
    assert shapes == random_shapes.draw() and shapes != random_shapes.draw(1)
    assert [(w, "forward") for w in shapes] == chosen(["random"])
    assert {w.name for w, _ in chosen(["random", "w3"])} == {"w3", *(w.name for w in shapes)}
    assert not {w.name for w, _ in chosen([])} & {w.name for w in shapes}
    assert [w for w, _ in chosen(["r7"])] == [shapes[6]]
    many = random_shapes.draw(2, 200)
    for number, shape in enumerate(many, 1):
        images, height, width, channels = shape.images
        kernel, _, _, filters = shape.filters
        assert shape.name == f"r{number}" and shape.filters == (kernel, kernel, channels, filters)
        assert 1 <= images <= 64 and min(height, width) >= 7 and max(height, width) <= 224
        assert 1 <= channels <= 256 and 8 <= filters <= 256 and kernel <= min(height, width)
        flop = 2.0 * np.prod(shape.output_shape) * kernel * kernel * channels
        assert 2e7 <= flop <= 8e9 and max(np.prod(shape.output_shape), np.prod(shape.images)) <= 2**25
    assert {s.filters[0] for s in many} == {1, 3, 5, 7} and {s.strides for s in many} == {1, 2}
    assert {s.padding for s in many} == {"SAME", "VALID"}


def test_a_random_shape_is_timed_beside_its_product_alone(tmp_path):
    from benchmarks import random_shapes

    name = min(random_shapes.draw(), key=lambda w: np.prod(w.output_shape) * np.prod(w.filters[:3])).name
    path = tmp_path / "b.json"
    small = (name, "--contestants", "ours", "product", "--threads", 1, "--seconds", 0.1)
    ended = run(*small, "--json", path)
    assert ended.returncode == 0, ended.stderr
    (row,) = json.loads(path.read_text())["rows"]
    assert row["workload"] == name and row["results"]["product"]["seconds"] > 0
    assert "/ product alone" in ended.stdout


def test_the_product_alone_is_as_large_as_the_convolution():
    from benchmarks import contestants, workloads

    workload = workloads.Workload("small", "conv", (2, 90, 80, 3), (3, 2, 3, 4), 1, "SAME")
    (pixels,) = contestants.Product().prepare(workload, "forward")()
    assert pixels.size == np.prod(workload.output_shape) and np.isfinite(pixels).all() and (pixels != 0).all()
    with pytest.raises(contestants.Unable):
        contestants.Product().prepare(workload, "backward")
