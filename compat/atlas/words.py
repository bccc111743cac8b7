"""What an operation's letters say, in words: Markdown, in which every text of the atlas is escaped."""

from typing import Dict, Iterator, List, Sequence, Tuple

from ..records import Known
from . import changes
from .changes import CAME, LEFT, NUMBERS, ROUNDING, SAME, UNTOLD, Group, Table
from .kept import Operation
from .markdown import code, link, text

#: Samples are named by their numbers as far as so many.
_NAMED = 6
#: Beside another dialect, in the order in which they are told.
_BESIDE = {
    LEFT: "other numbers",
    CAME: "the float64 answer's numbers, which the first does not give,",
    UNTOLD: "other bits, of which nothing tells whether rounding made them,",
    ROUNDING: "other bits by rounding",
    SAME: "the same bits",
}
#: Since a version.
_KINDS = {
    ROUNDING: "other bits, by rounding",
    LEFT: "**other numbers**, which agree with the float64 answer no longer",
    CAME: "**other numbers**, which agree with the float64 answer from then on",
    UNTOLD: "other bits, of which nothing tells whether rounding made them",
}


def joined(parts: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


class Told:
    """Some samples of an operation, by their places, told in words.  ``versions``: names, the oldest first."""

    def __init__(self, operation: Operation, versions: Sequence[str], samples: Sequence[int]) -> None:
        self.operation, self.samples = operation, samples
        self.versions = list(map(text, versions))
        self.tables: Dict[str, Table] = {}
        for dialect in operation.spelled:
            table = changes.table(operation, dialect, samples)
            if any(cell for cells in table.values() for cell in cells):
                self.tables[dialect] = table

    # -- parts of sentences

    def spans(self, places: Sequence[int], of: Sequence[int] = ()) -> str:
        """``1.13 to 2.4 and 2.9``; ``of``: of which it may be all."""
        if of and list(places) == list(of):
            return "every version" if len(of) > 1 else self.versions[of[0]]
        runs: List[List[int]] = []
        for place in places:
            if runs and place == runs[-1][-1] + 1:
                runs[-1].append(place)
            else:
                runs.append([place])
        return joined([" to ".join(dict.fromkeys(self.versions[p] for p in (r[0], r[-1]))) for r in runs])

    def which(self, samples: Sequence[int]) -> str:
        """``in 3 of 16 samples (float16)``: with what these have in common and no other has."""
        if len(samples) == len(self.samples):
            return "in every sample" if len(samples) > 1 else "in the sample"
        return f"in {len(samples)} of {len(self.samples)} samples ({self._common(samples)})"

    def _common(self, samples: Sequence[int]) -> str:
        features = {number: _features(self.operation, number) for number in self.samples}
        shared = [one for one in features[samples[0]] if all(one in features[n] for n in samples)]
        pairs: List[Tuple[str, ...]] = [(a, b) for i, a in enumerate(shared) for b in shared[i + 1 :]]
        for wanted in [*((one,) for one in shared), *pairs] if len(samples) > 1 else ():
            if sum(set(wanted) <= set(features[n]) for n in self.samples) == len(samples):
                return ", ".join(wanted)
        numbers = [str(number + 1) for number in samples[:_NAMED]]
        return ("number " if len(numbers) == 1 else "numbers ") + ", ".join(
            numbers + ["..."] * (len(samples) > _NAMED)
        )

    def there(self, dialect: str) -> List[int]:
        """The places of versions that know the dialect."""
        rows = self.tables[dialect].values()
        return [place for place in range(len(self.versions)) if any(row[place] for row in rows)]

    # -- sentences

    def of(self, dialect: str) -> str:
        """Since when which bits and which numbers, what is wrong and why, what is refused."""
        there = self.there(dialect)
        table = self.tables[dialect]
        found = [*self._bits(table, there), *self._faults(table, there), *self._refusals(table, there)]
        unjudged = [
            n for n, cells in table.items() if any(c and c.result.verdict == "unjudged" for c in cells)
        ]
        if unjudged:
            found.append(f"No rule tells what is right {self.which(unjudged)}.")
        return " ".join(found)

    def _bits(self, table: Table, there: Sequence[int]) -> Iterator[str]:
        made = changes.changes(table)
        computed = [p for p in there if any(row[p] and row[p].computed for row in table.values())]  # type: ignore[union-attr]
        if not computed:
            yield f"Refused in {self.spans(there, there)}."
        elif not made and len(computed) == 1:
            yield f"Seen in {self.spans(computed)} alone."
        elif not made:
            whole = len(computed) == len(self.versions)
            where = (
                f"all {len(computed)} versions" if whole else f"{self.spans(computed)}, as far as it is there"
            )
            yield f"The same bits in {where}."
        for change in made:
            since = f"Since {self.versions[change.after]} (before: {self.versions[change.before]})"
            yield f"{since} {_KINDS[change.kind]}, {self.which(change.samples)}."

    def _faults(self, table: Table, there: Sequence[int]) -> Iterator[str]:
        for group in changes.groups(table, lambda cell: cell.reason if cell.result.wrong else None):
            yield self._because("Not the float64 answer", table, there, group, int(str(group.key)))

    def _refusals(self, table: Table, there: Sequence[int]) -> Iterator[str]:
        words = {
            "unsupported": "Not to be had",
            "error": "An error",
            "crashed": "A crash",
            "timeout": "No end",
        }
        for status, what in words.items():
            failed = lambda cell, wanted=status: cell.reason if cell.result.status == wanted else None
            for group in changes.groups(table, failed):
                yield self._because(what, table, there, group, int(str(group.key)))

    def _because(self, what: str, table: Table, there: Sequence[int], group: Group, reason: int) -> str:
        """What holds of a group, with the reason, or else what was said of it first."""
        where = f"{what} in {self.spans(group.versions, there)}, {self.which(group.samples)}"
        if reason >= 0:
            return f"{where}: {because(self.operation.reasons[reason])}."
        cell = table[group.samples[0]][group.versions[0]]
        assert cell is not None
        return f"{where}: {text(cell.result.message) or 'it is not told why'}."

    def between(self) -> str:
        """How the other dialects differ from the first in the same version; "" of a single one."""
        first, *others = self.tables
        beside = {dialect: changes.beside(self.tables[first], self.tables[dialect]) for dialect in others}
        parts = self._listed(beside)
        return f"Beside {code(first)} of the same version, {'; '.join(parts)}." if parts else ""

    def port(self) -> str:
        """From the first dialect in the newest TensorFlow 1 to each in the newest version; "" without both."""
        old = max((p for p, version in enumerate(self.versions) if version.startswith("1.")), default=-1)
        new = len(self.versions) - 1
        if not 0 <= old < new:
            return ""
        first = next(iter(self.tables))
        legacy = {number: cells[old : old + 1] for number, cells in self.tables[first].items()}
        ported = {
            dialect: changes.beside(legacy, {number: cells[new:] for number, cells in table.items()})
            for dialect, table in self.tables.items()
        }
        parts = self._listed(ported)
        begins = f"A port from {code(first)} of {self.versions[old]} has in {self.versions[new]}, "
        return begins + "; ".join(parts) + "." if parts else ""

    def _listed(self, found: Dict[str, Dict[str, List[int]]]) -> List[str]:
        """``tf2.eager and tf2.function: the same bits in every sample``."""
        said: Dict[str, List[str]] = {}
        for dialect, kinds in found.items():
            words = joined(
                [f"{_BESIDE[what]} {self.which(kinds[what])}" for what in _BESIDE if what in kinds]
            )
            if words:
                said.setdefault(words, []).append(code(dialect))
        return [f"{joined(dialects)}: {words}" for words, dialects in said.items()]

    # -- the whole

    def sentences(self) -> Iterator[Tuple[List[str], str]]:
        """(dialects, what is told of them): those of which the same is told together."""
        said: Dict[str, List[str]] = {}
        for dialect in self.tables:
            said.setdefault(self.of(dialect), []).append(dialect)
        for words, dialects in said.items():
            yield dialects, words

    def changed(self, *kinds: str) -> Dict[int, List[str]]:
        """Dialects by the place of the version since when they changed so."""
        found: Dict[int, List[str]] = {}
        for dialect, table in self.tables.items():
            for change in changes.changes(table):
                if change.kind in kinds and dialect not in found.setdefault(change.after, []):
                    found[change.after].append(dialect)
        return {place: found[place] for place in sorted(found) if found[place]}

    def numbers(self) -> Dict[int, List[str]]:
        return self.changed(*NUMBERS)

    def bits(self) -> Dict[int, List[str]]:
        """Of numbers that are others, too."""
        return self.changed(*NUMBERS, UNTOLD, ROUNDING)

    def wrong(self) -> List[str]:
        """Dialects that somewhere do not give the float64 answer."""
        return [
            dialect
            for dialect, table in self.tables.items()
            if any(cell and cell.result.wrong for cells in table.values() for cell in cells)
        ]

    def summary(self) -> str:
        """The one line of the index."""
        numbers, untold, bits = self.numbers(), self.changed(UNTOLD), self.changed(ROUNDING)
        parts = []
        if numbers:
            parts.append(f"**numbers change** at {self._at(numbers)}")
        steady = [d for d in self.wrong() if not any(d in dialects for dialects in numbers.values())]
        if steady:
            parts.append(
                f"{joined(list(map(code, steady)))} {'has' if len(steady) == 1 else 'have'} other numbers"
            )
        if untold:
            parts.append(f"bits change at {self._at(untold)}, which nothing tells from rounding")
        if bits:
            parts.append(f"bits change at {joined([self.versions[place] for place in bits])} by rounding")
        if not (numbers or untold or bits):
            count = len(self.versions)
            parts.append(f"the same bits in all {count} versions" if count > 1 else "seen in one version")
        line = "; ".join(parts)
        return line[0].upper() + line[1:] if line[0] != "*" else f"**N{line[3:]}"

    def _at(self, found: Dict[int, List[str]]) -> str:
        return joined(
            [
                f"{self.versions[place]} ({', '.join(map(code, dialects))})"
                for place, dialects in found.items()
            ]
        )


def because(known: Known) -> str:
    """The reason, with where it is told."""
    return f"{text(known.told)} ({link('why', known.address)})"


def _features(operation: Operation, number: int) -> List[str]:
    """What may be said of a sample, in words."""
    sample = operation.samples[number]
    written = [
        f"{code(name)} not written" if value is None else code(f"{name}={value}")
        for name, value in sample.parameters.items()
    ]
    return [text(sample.dtype), *written]
