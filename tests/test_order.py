"""What takes longest comes first, and what is large is made once a run."""

import os

import numpy as np
from support import record_of, write

from compat import cli
from compat.record import order
from compat.record.order import ordered, processes, seconds_of
from compat.record.outlines import Outlines
from compat.record.plan import Wanted
from compat.records import Environment
from compat.store import Run

CASE = """
    import numpy as np

    from compat import fixtures, operation, reference
    from compat.case.fixtures import Fixture

    twice = operation("twice", reference=lambda x: reference.Reference(2.0 * x))


    @twice.on("numpy", "scipy")
    def _(xp, x):
        return 2 * x[:2]


    for name in "abcd":
        twice.sample(name, x=fixtures.values(name, [1, 2]), slow=name > "b")
"""
LARGE = """
    import numpy as np

    from compat import operation, reference
    from compat.case.fixtures import Fixture


    def make():
        with open("noted.txt", "a") as file:
            file.write("made ")
        return np.zeros(1 + (1 << 23), np.float32)


    twice = operation("twice", reference=lambda x: reference.Reference(2.0 * x[:2]))


    @twice.on("numpy", "scipy")
    def _(xp, x):
        return 2 * x[:2]


    twice.sample("a", slow=True, x=Fixture("x", make))
"""
PAIRS = [(f"twice[{name}]", dialect) for name in "abcd" for dialect in ("numpy", "scipy")]


def wanted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPAT_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "case.py", CASE)
    outline = Outlines("code").of("case.py")
    return Wanted([outline], outline.samples(), ["numpy", "scipy"])


def run(tmp_path, name, seconds):
    run = Run(str(tmp_path / "runs" / name), Environment(name))
    for pair, taken in seconds.items():
        run.add(*pair, record_of({"y": np.float32([1])}, seconds=taken))
    run.save()
    return run


def test_slow_ones_first_and_the_longest_of_them_before(tmp_path, monkeypatch):
    seconds = {("twice[d]", "scipy"): 90.0, ("twice[c]", "numpy"): 5.0}
    found = ordered(PAIRS, wanted(tmp_path, monkeypatch), seconds)
    assert found == [PAIRS[7], PAIRS[5], PAIRS[6], PAIRS[4], *PAIRS[:4]]


def test_one_process_begins_with_tensorflow_and_the_others_with_what_needs_none(tmp_path, monkeypatch):
    pairs = [
        (f"twice[{name}]", dialect) for name in "ab" for dialect in ("numpy", "tf1.session", "tf2.eager")
    ]
    found = ordered([*pairs, PAIRS[7]], wanted(tmp_path, monkeypatch), {})
    assert found == [PAIRS[7], pairs[1], pairs[2], pairs[0], pairs[3], pairs[4], pairs[5]]


def test_how_long_is_known_of_the_run_and_else_of_the_newest_other(tmp_path, monkeypatch):
    chosen = wanted(tmp_path, monkeypatch)
    mine = run(tmp_path, "mine", {PAIRS[4]: 7.0, PAIRS[0]: 1.0})
    for age, (name, seconds) in enumerate(
        [("new", {PAIRS[4]: 3.0, PAIRS[6]: 9.0}), ("old", {PAIRS[7]: 2.0})]
    ):
        path = os.path.join(run(tmp_path, name, seconds).folder, "run.json")
        os.utime(path, (1e9 - age, 1e9 - age))
    (tmp_path / "runs" / "broken").mkdir()
    assert seconds_of(mine, chosen, PAIRS) == {PAIRS[4]: 7.0, PAIRS[6]: 9.0}
    assert seconds_of(mine, chosen, PAIRS[:4]) == {}


def test_a_process_needs_something_to_do(tmp_path, monkeypatch):
    chosen = wanted(tmp_path, monkeypatch)
    monkeypatch.setattr(order.os, "cpu_count", lambda: 8)
    assert processes(PAIRS[:4], chosen) == 1
    assert processes(PAIRS[4:5], chosen) == 1
    assert processes(PAIRS[4:6], chosen) == 2
    assert processes(PAIRS, chosen) == 4


def test_a_large_input_is_made_once_and_its_file_goes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPAT_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "case.py", LARGE)
    dialects = ("--dialect", "numpy", "--dialect", "scipy")
    assert cli.main(["run", "case.py", "--out", "runs/here", *dialects, "-n", "2", "--record-only"]) == 0
    said = capsys.readouterr().out
    assert "2 ok" in said, said
    assert (tmp_path / "noted.txt").read_text() == "made "
    assert sorted(os.listdir("runs/here")) == ["lock", "run.json"]
    (described,) = Run.open("runs/here").samples.values()
    assert not os.path.exists(os.path.join("runs", "objects", f"{described.inputs['x'].digest}.npy"))
