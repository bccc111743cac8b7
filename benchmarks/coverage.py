"""How much of the graphs of cases the rules of nodes cover: every sample traced and judged tensor by tensor.

    python -m benchmarks.coverage [PATH...] [--dialects tf1.session,keras3] [--slow]

Needs a TensorFlow.  Ends with 1 where a tensor is flagged, which is a finding or a wrong rule.  Says of every dialect
how many of the records that it can compute have a graph.  In TensorFlow 1 eager dialects are asked for alone, for they
need a process of their own: --dialects tf2.eager,tf2.function.
"""

import argparse
import collections
import sys
import time
import warnings

import numpy as np

from compat.arrays import UNIT_ROUNDOFF, digest
from compat.case.files import find
from compat.graph.nodes import Trace
from compat.judge.compare import compare
from compat.judge.graphs import Side, places
from compat.judge.nodes import judge_trace
from compat.record.compute import unavailable
from compat.record.dialects import DIALECTS
from compat.records import Output
from compat.reference import Network

#: Taken as recorded by their nature: what is fed, constants, weights.
SOURCES = ("a placeholder", "a const", "a variable")


class Memory:
    """Arrays of one sample."""

    def __init__(self):
        self._arrays = {}

    def keep(self, array, dtype):
        array = np.asarray(array)
        if array.dtype.kind == "O":
            array = np.array([str(item) for item in array.ravel()]).reshape(array.shape).astype(np.bytes_)
        name = digest(array)
        self._arrays[name] = array
        return Output(name, dtype, list(array.shape))

    def read(self, name):
        return self._arrays[name]


def computes(sample, dialect):
    """Whether the sample has a result there."""
    try:
        dialect.compute(sample.operation.implementations[dialect.name], sample.inputs, sample.parameters)
    except Exception:  # whatever it raises is the result of the sample
        return False
    return True


class Coverage:
    """Counts of nodes: bounded by a rule, measured alone, taken as recorded, without a rule; and what was flagged."""

    def __init__(self):
        self.how = collections.Counter()
        self.unruled = collections.Counter()
        self.flagged = []
        self.untraced = []
        #: By dialect: samples that have a graph, and those that have none.
        self.graphs, self.without = collections.Counter(), collections.Counter()
        #: Of samples with a reference: ratios of the graph's allowance to it, and where the verdicts are others.
        self.ratios = []
        self.otherwise = []
        self.traps = 0

    def add(self, title, sample, dialect):
        memory = Memory()
        implementation = sample.operation.implementations[dialect.name]
        try:
            trace = dialect.trace(implementation, sample.inputs, sample.parameters, memory.keep)
            trace.check()
        except Exception as error:
            if not computes(sample, dialect):  # it cannot be spelled here
                return
            self.without[dialect.name] += 1
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            self.untraced.append(f"{title}: {type(error).__name__}: {first[:150]}")
            return
        self.graphs[dialect.name] += 1
        ways = {}
        for one in judge_trace(trace, memory.read):
            if one.how == "taken" and one.why in SOURCES:
                ways.setdefault(one.node.name, "source")
                continue
            if one.how in ("bounded", "measured") or one.node.name not in ways:
                ways[one.node.name] = one.how
            if one.how == "unruled":
                self.unruled[f"{one.node.op}: {one.why}" if one.why != one.node.op else one.node.op] += 1
            if one.numbers is not None and one.numbers.word != "agrees":
                why = f"{one.numbers.word}: {one.numbers.message}"[:200]
                self.flagged.append(f"{title} {one.tensor} ({one.node.op} {one.node.source}) {why}")
        self.how.update(ways.values())
        if sample.operation.reference is not None and not sample.operation.claims.get(dialect.name):
            self._beside_reference(title, sample, Side(trace, memory.read))

    def _beside_reference(self, title, sample, side):
        """The reference that follows from the graph beside the one that somebody wrote."""
        answers, tensors = sample.refer(), side.trace.tensors()
        outputs = {name: tensors[tensor] for name, tensor in side.trace.outputs.items()}
        for place in places(side, Side(Trace(), side.read), outputs):
            name, output = place.pair.name, place.pair.result
            if place.numbers is None or name not in answers:
                continue
            answer = answers[name]
            if isinstance(answers, Network):
                answer = answers.replay(name, lambda other: side.read(outputs[other].digest))
            if answer is None:
                continue
            result = side.read(output.digest)
            written = compare(result, output.dtype, answer, output.dtype)
            if written.word == "differs":
                self.traps += (
                    place.numbers.word == "agrees"
                )  # it does something else, and does it by its graph
                continue
            if written.word != place.numbers.word:
                self.otherwise.append(
                    f"{title} {name}: {place.numbers.word} by the graph, {written.word} as it is written "
                    f"({place.numbers.message or written.message})"[:240]
                )
            if output.dtype in UNIT_ROUNDOFF and written.share and place.numbers.share:
                self.ratios.append((written.share / place.numbers.share, f"{title} {name}"))

    def lines(self, most=60):
        counted = sum(self.how[how] for how in ("bounded", "measured", "taken", "unruled"))
        share = 100 * self.how["bounded"] / max(counted, 1)
        for name in {**self.graphs, **self.without}:
            have, have_not = self.graphs[name], self.without[name]
            yield f"{name}: {have} of {have + have_not} samples have a graph"
        yield f"{counted} nodes beside {self.how['source']} inputs, constants and weights"
        yield f"bounded by a rule: {self.how['bounded']}, {share:.2f} %"
        yield f"measured alone: {self.how['measured']}; taken as recorded: {self.how['taken']}"
        yield f"without a rule, and not measured: {self.how['unruled']}"
        for op, count in self.unruled.most_common(most):
            yield f"  {count:6} {op}"
        for what, found in (("flagged", self.flagged), ("no graph of", self.untraced)):
            yield f"{what}: {len(found)}"
            yield from (f"  {line}" for line in found[:most])
        yield from self._agreement(most)

    def _agreement(self, most):
        if not self.ratios:
            return
        within = sum(0.5 <= ratio <= 2 for ratio, _ in self.ratios)
        yield f"beside a reference: {len(self.ratios)} outputs, {within} allowances within a factor of 2"
        for ratio, title in sorted(self.ratios):
            if not 0.5 <= ratio <= 2:
                yield f"  {ratio:.3g} times: {title}"
        yield f"traps, which do something else than the reference says: {self.traps}"
        yield f"another verdict than by the reference: {len(self.otherwise)}"
        yield from (f"  {line}" for line in self.otherwise[:most])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", default=["cases"])
    parser.add_argument("--dialects", default="tf1.session,tf2.function,keras2,keras3")
    parser.add_argument("--slow", action="store_true")
    options = parser.parse_args(arguments)
    dialects = [DIALECTS[name] for name in options.dialects.split(",")]
    dialects = [dialect for dialect in dialects if dialect.process == dialects[0].process]
    coverage, started = Coverage(), time.monotonic()
    warnings.simplefilter("ignore")
    for case in find(options.paths):
        with case.at_work(), np.errstate(all="ignore"):
            for sample in case.samples():
                if sample.slow and not options.slow:
                    continue
                for dialect in dialects:
                    if unavailable(sample, dialect.name) is None:
                        dialect.module()
                        coverage.add(f"{sample.id} {dialect.name}", sample, dialect)
    for line in coverage.lines():
        print(line)
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if coverage.flagged else 0


if __name__ == "__main__":
    sys.exit(main())
