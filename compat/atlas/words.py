"""What an operation's letters say, in words: Markdown, in which every text of the atlas is escaped."""

from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from . import changes
from .changes import CAME, LEFT, NEITHER, NUMBERS, ROUNDING, SAME, UNTOLD, ZEROS, Cell, Group, Table
from .kept import Operation
from .markdown import code, text

#: Samples are named by their numbers as far as so many.
_NAMED = 6
#: Beside another dialect, in the order in which they are told.
_BESIDE = {
    LEFT: "other numbers",
    CAME: "the float64 answer's numbers, which the first does not give,",
    NEITHER: "other bits, where neither gives the float64 answer,",
    UNTOLD: "other bits, of which no rule tells,",
    ROUNDING: "other bits by rounding",
    ZEROS: "other zeros",
    SAME: "the same bits",
}
#: Since a version.
_SINCE = {
    LEFT: "**other numbers**, which agree with the float64 answer no longer",
    CAME: "**other numbers**, which agree with the float64 answer from then on",
    NEITHER: "other bits, and neither before nor after the float64 answer",
    UNTOLD: "other bits, of which no rule tells whether rounding made them",
    ROUNDING: "other bits, by rounding",
    ZEROS: "other zeros (their sign, or denormal numbers made zero)",
}
_FAILED = {"unsupported": "Not to be had", "error": "An error", "crashed": "A crash", "timeout": "No end"}


def joined(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


class Told:
    """Some samples of an operation, by their places, told in words.  ``versions``: names, the oldest first."""

    def __init__(self, operation: Operation, versions: Sequence[str], samples: Sequence[int]) -> None:
        self.operation, self.samples = operation, samples
        self.versions = list(map(text, versions))
        tables = {dialect: changes.table(operation, dialect, samples) for dialect in operation.spelled}
        #: Of the dialects that are there at all.
        self.tables: Dict[str, Table] = {name: one for name, one in tables.items() if _there(one)}

    # -- an operation in a line

    def summary(self) -> str:
        """The one line of the index: what changed since a version, and what never was the float64 answer."""
        numbers, bits, zeros = self.numbers(), self.changed(ROUNDING), self.changed(ZEROS)
        untold = self.changed(NEITHER, UNTOLD)
        parts = []
        if numbers:
            parts.append(self.moved())
        steady = [one for one in self.wrong() if not any(one in dialects for dialects in numbers.values())]
        if steady:
            has = "has" if len(steady) == 1 else "have"
            parts.append(f"{joined(list(map(code, steady)))} {has} other numbers{self._why(steady)}")
        refused = self.refused()
        if refused:
            parts.append(f"**refused** at {self._at(refused)}, some samples or all")
        if untold:
            parts.append(f"bits change at {self._at(untold)}, not told whether by rounding")
        if bits:
            parts.append(f"bits change at {joined([self.versions[place] for place in bits])} by rounding")
        if zeros:
            parts.append(
                f"zeros change at {joined([self.versions[place] for place in zeros])}, by their sign"
            )
        if not (numbers or untold or bits or zeros):
            parts.append(self._steady())
        line = "; ".join(parts)
        first = line.index(line.strip("*")[0])
        return line[:first] + line[first].upper() + line[first + 1 :]

    def _steady(self) -> str:
        """Where no bits change."""
        count = len(self.versions)
        if any(not cell.result.computed for cell in self._cells()):
            return "the same bits wherever it is computed"
        return f"the same bits in all {count} versions" if count > 1 else "seen in one version"

    def _cells(self) -> Iterator[Cell]:
        for table in self.tables.values():
            for row in table.values():
                yield from filter(None, row)

    def refused(self) -> Dict[int, List[str]]:
        """Dialects by the place of the version that is the first to refuse what the one before it computes."""
        found: Dict[int, List[str]] = {}
        for dialect, table in self.tables.items():
            for row in table.values():
                cells = [(place, cell.result.computed) for place, cell in enumerate(row) if cell]
                for (_, before), (place, after) in zip(cells, cells[1:]):
                    if before and not after and dialect not in found.setdefault(place, []):
                        found[place].append(dialect)
        return {place: found[place] for place in sorted(found) if found[place]}

    def moved(self) -> str:
        """Since when numbers are others, with the reasons."""
        numbers = self.numbers()
        dialects = {dialect for some in numbers.values() for dialect in some}
        found = [change for table in self.tables.values() for change in changes.changes(table)]
        samples = {number for change in found if change.kind in NUMBERS for number in change.samples}
        return (
            f"**numbers change** at {self._at(numbers)}, {self.which(sorted(samples))}{self._why(dialects)}"
        )

    def numbers(self) -> Dict[int, List[str]]:
        """Dialects by the place of the version since when they have other numbers."""
        return self.changed(*NUMBERS)

    def bits(self) -> Dict[int, List[str]]:
        """The same of other bits, and so of other numbers too."""
        return self.changed(*NUMBERS, NEITHER, UNTOLD, ROUNDING, ZEROS)

    def changed(self, *kinds: str) -> Dict[int, List[str]]:
        found: Dict[int, List[str]] = {}
        for dialect, table in self.tables.items():
            for change in changes.changes(table):
                if change.kind in kinds and dialect not in found.setdefault(change.after, []):
                    found[change.after].append(dialect)
        return {place: found[place] for place in sorted(found) if found[place]}

    def wrong(self) -> List[str]:
        """Dialects that somewhere do not give the float64 answer."""
        return [dialect for dialect in self.tables if self._reasons_of(dialect)]

    def _reasons_of(self, dialect: str) -> List[int]:
        cells = [cell for row in self.tables[dialect].values() for cell in row if cell]
        return sorted({cell.reason for cell in cells if cell.result.wrong}, reverse=True)

    def _why(self, dialects: Iterable[str]) -> str:
        """The reasons of what is wrong in them."""
        found = sorted({reason for dialect in dialects for reason in self._reasons_of(dialect)})
        told = [text(self.operation.reasons[reason].reason) for reason in found if reason >= 0]
        told += ["a reason is not known" if not told else "not all of it is known"] if -1 in found else []
        return f" ({'; '.join(told)})" if told else ""

    def _at(self, found: Dict[int, List[str]]) -> str:
        """``2.0 (tf2.eager) and 2.16 (keras2)``; all dialects are not named."""
        named: Dict[str, List[str]] = {}
        for place, dialects in found.items():
            words = f" ({', '.join(map(code, dialects))})" if len(dialects) < len(self.tables) else ""
            named.setdefault(words, []).append(self.versions[place])
        return joined([joined(versions) + words for words, versions in named.items()])

    # -- a dialect

    def sentences(self) -> Iterator[Tuple[List[str], str]]:
        """(dialects, what is told of them): those of which the same is told together."""
        said: Dict[str, List[str]] = {}
        for dialect, table in self.tables.items():
            where = self.spans(_there(table), range(len(self.versions)))
            named = code(dialect) + ("" if where == "every version" else f" ({where})")
            said.setdefault(self.of(dialect), []).append(named)
        for words, dialects in said.items():
            yield dialects, words

    def of(self, dialect: str) -> str:
        """Since when which bits and which numbers, what is wrong and why, what is refused."""
        table = self.tables[dialect]
        found = [*self._bits(table), *self._faults(table), *self._failures(table)]
        unjudged = [n for n, row in table.items() if any(c and c.result.verdict == "unjudged" for c in row)]
        if unjudged:
            found.append(f"No rule tells what is right {self.which(unjudged)}.")
        return " ".join(found)

    def _bits(self, table: Table) -> Iterator[str]:
        made, there = changes.changes(table), _there(table)
        computed = [place for place in there if any(_computed(row, place) for row in table.values())]
        if not made and len(computed) == 1 and len(self.versions) > 1:
            yield f"Seen in {self.spans(computed)} alone."
        elif not made and computed:
            yield f"The same bits in {self.spans(computed, there)}."
        for change in made:
            since = f"Since {self.versions[change.after]} (before: {self.versions[change.before]})"
            yield f"{since} {_SINCE[change.kind]}, {self.which(change.samples)}."
        for group in changes.groups(table, lambda cell: 0 if cell.result.random else None):
            yield f"Other bits each time in {self.spans(group.versions, there)}, {self.which(group.samples)}."

    def _faults(self, table: Table) -> Iterator[str]:
        for group in changes.groups(table, lambda cell: cell.reason if cell.result.wrong else None):
            yield self._because("Not the float64 answer", table, group)

    def _failures(self, table: Table) -> Iterator[str]:
        for status, what in _FAILED.items():
            failed = lambda cell, wanted=status: cell.reason if cell.result.status == wanted else None
            for group in changes.groups(table, failed):
                yield self._because(what, table, group)

    def _because(self, what: str, table: Table, group: Group) -> str:
        """What holds of a group, with the number of the reason; without one what was said of it first."""
        where = f"{what} in {self.spans(group.versions, _there(table))}, {self.which(group.samples)}"
        if group.key >= 0:
            return f"{where}: reason {group.key + 1}."
        cell = table[group.samples[0]][group.versions[0]]
        assert cell is not None
        return f"{where}: {text(cell.result.message or '') or 'it is not told why'}."

    # -- dialects beside each other

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
        legacy = {number: row[old : old + 1] for number, row in self.tables[first].items()}
        ported = {
            dialect: changes.beside(legacy, {number: row[new:] for number, row in table.items()})
            for dialect, table in self.tables.items()
        }
        parts = self._listed(ported)
        begins = f"A port from {code(first)} of {self.versions[old]} has in {self.versions[new]}, "
        return begins + "; ".join(parts) + "." if parts else ""

    def _listed(self, found: Dict[str, Dict[str, List[int]]]) -> List[str]:
        """``tf2.eager and tf2.function: the same bits in every sample``."""
        said: Dict[str, List[str]] = {}
        for dialect, kinds in found.items():
            parts = [f"{_BESIDE[what]} {self.which(kinds[what])}" for what in _BESIDE if what in kinds]
            if len(parts) > 1 and SAME in kinds:
                parts[-1] = f"the same bits in the other {len(kinds[SAME])}"
            if parts:
                said.setdefault(joined(parts), []).append(code(dialect))
        return [f"{joined(dialects)}: {words}" for words, dialects in said.items()]

    # -- parts of sentences

    def spans(self, places: Sequence[int], of: Sequence[int] = ()) -> str:
        """``1.13 to 2.4 and 2.9``; ``of``: of which it may be every one."""
        if len(of) > 1 and list(places) == list(of):
            return "every version"
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
        shared = self._shared(samples)
        if not shared:
            rest = self._shared([number for number in self.samples if number not in samples])
            shared = f"all but {rest}" if rest else ""
        if shared:
            return shared
        numbers = [str(number + 1) for number in samples[:_NAMED]] + ["..."] * (len(samples) > _NAMED)
        return ("number " if len(numbers) == 1 else "numbers ") + ", ".join(numbers)

    def _shared(self, samples: Sequence[int]) -> str:
        """One or two things that these have in common, and no other has; "" without such, or of a single one."""
        features = {number: _features(self.operation, number) for number in self.samples}
        shared = [one for one in features[samples[0]] if all(one in features[n] for n in samples)]
        pairs: List[Tuple[str, ...]] = [(a, b) for i, a in enumerate(shared) for b in shared[i + 1 :]]
        for wanted in [*((one,) for one in shared), *pairs] if len(samples) > 1 else ():
            if sum(set(wanted) <= set(features[n]) for n in self.samples) == len(samples):
                return ", ".join(wanted)
        return ""


def _there(table: Table) -> List[int]:
    """The places of versions that have anything of it."""
    count = max((len(row) for row in table.values()), default=0)
    return [place for place in range(count) if any(row[place] for row in table.values())]


def _computed(row: Sequence[changes.Place], place: int) -> bool:
    cell = row[place]
    return cell is not None and cell.result.computed


def _features(operation: Operation, number: int) -> List[str]:
    """What may be said of a sample, in words."""
    sample = operation.samples[number]
    written = [
        f"{code(name)} not written" if value is None else code(f"{name}={value}")
        for name, value in sample.parameters.items()
    ]
    return [text(sample.dtype), *written]
