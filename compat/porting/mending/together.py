"""All that the causes of one wrong place write, as one text: where it takes two edits, neither helps alone.

An edit among them that nothing needs would stand there unproved: so what is green with fewer of them is taken.
"""

from typing import Dict, Iterator, Optional, Sequence, Set, Tuple

from ..findings import Edit, Finding, Findings
from .candidates import Candidate, told
from .evidence import evidence
from .sites import Signature
from .source import Source
from .vocabulary import role

#: Wrong places that are looked at, and edits that are made together.
_PLACES, _EDITS = 3, 4


def together(source: Source, found: Findings, signatures: Dict[str, Signature]) -> Iterator[Candidate]:
    """Of each wrong place one text, if at least two of its edits can be written."""
    for place in found.wrong[:_PLACES]:
        edits = list(_writable(source, place, signatures))
        if len(edits) > 1:
            one = _written(source, place, edits, signatures)
            if one is not None:
                yield one


def _writable(source: Source, place: Finding, signatures: Dict[str, Signature]) -> Iterator[Edit]:
    """One edit of an argument of a node, and where its value is known."""
    met: Set[Tuple[str, str]] = set()
    for edit in evidence(place).edits:
        argument = role(edit.argument)
        if (edit.node, argument) in met or len(met) == _EDITS:
            continue
        if edit.wrong is None and any(argument == other for _, other in met):
            continue  # it was edited where its value is known
        if next(told(source, place, [edit], signatures), None) is not None:
            met.add((edit.node, argument))
            yield edit


def _written(
    source: Source, place: Finding, edits: Sequence[Edit], signatures: Dict[str, Signature]
) -> Optional[Candidate]:
    """One edit after the other, each in the text that those before it left."""
    text, said = source, []  # type: Source, Sequence[str]
    for edit in edits:
        one = next(told(text, place, [edit], signatures), None)
        if one is not None:
            text, said = Source(source.path, one.text.encode("utf-8")), [*said, one.said]
    if not said:
        return None

    def fewer() -> Iterator[Candidate]:
        for number in range(len(edits) if len(edits) > 1 else 0):
            less = _written(source, place, [*edits[:number], *edits[number + 1 :]], signatures)
            if less is not None:
                yield less

    return Candidate(text.text, " and ".join(said), fewer)
