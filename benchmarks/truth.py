"""The cases of the campaign, and which of their rows are green by right."""

import os

from . import mutations

CASE = """
    import time

    from compat import fixtures, operation, reference


    def twice(x):
        return reference.Reference(2.0 * x)


    def samples(operation, *names, **parameters):
        for n, name in enumerate(names):
            operation.sample(name, x=fixtures.values("v%d" % n, [n + 0.5, 1.25, -3.75, 1e-3]), **parameters)


    double, known, wrong = (operation(name, reference=twice) for name in ("double", "known", "wrong"))
    port = operation("port", against="numpy")


    @double.on("numpy", "scipy")
    def _(module, x):
        time.sleep(0.02)
        return 2 * x


    @known.on("numpy")
    def _(np, x):
        return 3 * x


    @wrong.on("numpy")
    def _(np, x):
        return x * np.float32(2.002)  # inside the rounding of a bfloat16


    @port.on("numpy")
    def _(np, x, *, off):
        return np.cumsum(x * x)


    @port.on("scipy")
    def _(scipy, x, *, off):
        return (x * x).cumsum() * (1 + off)


    samples(double, *("s%d" % n for n in range(6)))
    samples(known, "k")
    samples(wrong, "w")
    samples(port, "same", off=0.0)
    samples(port, "off", off=0.01)
"""
KNOWN = """
    [[difference]]
    operation = "known"
    dialects = ["numpy"]
    verdict = "differs"
    reason = "it is known"
    address = "https://example.org"
"""
RED = ("wrong[w]", "port[off]")


class Truth:
    """Which outputs agree for which row."""

    def __init__(self, records, verdicts):
        self.records = records
        self.verdicts = mutations.content_of(verdicts)
        self.good = {}
        for sample, dialect, record in self._rows():
            if _green(self.verdicts[sample][dialect]):
                self.good.setdefault(sample, []).append(_bits(record))

    def _rows(self):
        return [(sample, d, record) for sample, row in self.records.items() for d, record in row.items()]

    def wrong_greens(self, run):
        """The rows of a judged run that are green, and not by right."""
        path = os.path.join(run, "verdicts.json")
        if not os.path.isfile(
            path
        ):  # a folder has its name: the judge told its verdicts, and could write none
            return
        verdicts = mutations.content_of(path)
        records = mutations.content_of(os.path.join(run, "run.json"))["records"]
        for name in (
            os.listdir(os.path.join(run, "journal")) if os.path.isdir(os.path.join(run, "journal")) else ()
        ):
            row = mutations.content_of(os.path.join(run, "journal", name))
            records.setdefault(row["sample"], {})[row["dialect"]] = row["record"]
        for sample, row in verdicts.items():
            for dialect, verdict in row.items():
                if _green(verdict) and not self._by_right(sample, dialect, records):
                    yield sample, dialect, verdict

    def _by_right(self, sample, dialect, records):
        record = records.get(sample, {}).get(dialect)
        if record is None:
            return False
        if sample.startswith("port") and dialect in self.records[sample]:
            told = [(_bits(r), r.get("measured")) for r in (records[sample].get("numpy", {}), record)]
            was = [(_bits(r), r["measured"]) for r in (self.records[sample][d] for d in ("numpy", dialect))]
            if dialect == "numpy" or told[0] != was[0] or told[1][1] != was[1][1]:
                return True
        return _bits(record) in self.good.get(sample, ())


def _green(verdict):
    return verdict["word"] in ("identical", "agrees") or "known" in verdict


def _bits(record):
    told = ("digest", "dtype", "shape")
    return sorted(
        (name, [output[what] for what in told]) for name, output in record.get("outputs", {}).items()
    )
