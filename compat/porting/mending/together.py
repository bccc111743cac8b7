"""All that the causes of one wrong place write, as one text: where it takes two edits, neither helps alone."""

from typing import Dict, Iterator, List, Set, Tuple

from ..findings import Findings
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
        text = source
        said: List[str] = []
        met: Set[Tuple[str, str]] = set()
        for edit in evidence(place).edits:
            argument = role(edit.argument)
            if len(said) == _EDITS or (edit.node, argument) in met:
                continue
            if edit.wrong is None and any(argument == other for _, other in met):
                continue  # it was edited where its value is known
            one = next(told(text, place, [edit], signatures), None)
            if one is not None:
                text, said = Source(source.path, one.text.encode("utf-8")), [*said, one.said]
                met.add((edit.node, argument))
        if len(said) > 1:
            yield Candidate(text.text, " and ".join(said))
