"""A store as large as wanted: samples of made operations, in environments and dialects, with a few results each.

Most cells of a sample have the same bits, some rows change them in a later version, a few are wrong: as in a real one.
Everything is recorded as ``compat run`` records it, so that it is read, judged and drawn like a real one.
"""

import os
import pathlib

import numpy as np

from compat.case.files import Case
from compat.objects import Objects
from compat.record.dialects import DIALECTS
from compat.records import Environment, Output, Processor, Record
from compat.store import Run

VERSIONS = ("1.13.2", "1.14.0", "1.15.5", "2.0.4", *(f"2.{minor}.0" for minor in range(1, 22)))
SAMPLES_OF_ONE = 40
_CASE = '''"""Cross-correlation, spelled in every dialect."""

import numpy as np

from compat import layers, operation, reference


def _made(name):
    made = operation(name, reference=reference.conv1d, doc="Cross-correlation along one axis.")

    @made.on({dialects})
    def _(xp, x, w, *, strides, padding):
        return layers.conv2d(x[:, None], w[None], strides=(1, strides), padding=padding)[:, 0]

    return made


'''


def make(folder, samples, environments, dialects, seed=0):
    """The folder of the runs, and the path of the case file."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    dialects = list(DIALECTS)[:dialects]
    path = folder / "made_cases.py"
    path.write_text(_case(samples, dialects))
    case = Case(str(path))
    runs = [_run(folder / "runs", name) for name in VERSIONS[:environments]]
    objects = Objects(str(folder / "runs" / "objects"))
    draw = np.random.RandomState(seed)
    for sample in case.samples():
        _record(case, sample, runs, dialects, objects, draw)
    for run in runs:
        run.save()
    return folder / "runs", path


def _case(samples, dialects):
    text = _CASE.format(dialects=", ".join(map(repr, dialects)))
    for number in range(-(-samples // SAMPLES_OF_ONE)):
        count = min(SAMPLES_OF_ONE, samples - number * SAMPLES_OF_ONE)
        text += f'made_{number} = _made("made_operation_{number}")\n'
        text += f"for k in range({count}):\n"
        text += f"    x = np.linspace({number}, {number} + k + 1, 48, dtype=np.float32).reshape(1, 16, 3)\n"
        text += "    w = np.float32([[[1 + k / 7, 0.5]] * 3] * 2)\n"
        text += f"    made_{number}.sample(f'k{{k}}-same', x=x, w=w, strides=1, padding='SAME')\n"
    return text


def _run(folder, version):
    name = "tf" + ".".join(version.split(".")[:2])
    versions = {"numpy": "1.26.4", "scipy": "1.11.4", "tensorflow": version, "keras": version}
    return Run(
        str(folder / name), Environment(name, "3.11.7", "CPython", "linux", versions, Processor("made"))
    )


def _record(case, sample, runs, dialects, objects, draw):
    described = case.describe(sample)
    right = sample.refer()["y"].value.astype(np.float32)
    for array in sample.arrays().values():
        objects.add(array)
    results = [right, np.nextafter(right, np.float32(np.inf)), np.nextafter(right, np.float32(-np.inf))]
    if draw.rand() < 0.01:
        results[2] = right * np.float32(1.001)
    outputs = [Output(objects.add(a), "float32", list(a.shape)) for a in results]
    changes = draw.randint(0, 2 * len(runs))
    for number, run in enumerate(runs):
        run.samples[sample.id] = described
        for place, dialect in enumerate(dialects):
            output = outputs[
                0 if place == 0 else 1 + (number >= changes) if place > 3 else (number >= changes)
            ]
            record = Record(
                "ok", described.case, "float32", files=case.files(), code=f"{number:064x}",
                outputs={"y": output}, seconds=round(draw.rand() / 100, 6),
            )  # fmt: skip
            if place == len(dialects) - 1 and number < len(runs) // 2:
                record = Record(
                    "unsupported", described.case, "float32", f"{dialect} is not there; this is {run.environment.name}",
                    files=case.files(), code=f"{number:064x}",
                )  # fmt: skip
            run.add(sample.id, dialect, record)


if __name__ == "__main__":
    import sys

    print(*make(sys.argv[1], *map(int, sys.argv[2:5])), os.linesep)
