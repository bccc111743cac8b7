"""Images that some dialects of a trained network recognise and others do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .wording import listing


@dataclass(frozen=True)
class Disputed:
    """``place``: of the image in what was predicted; ``images``: of which dialect's wrong ones it is which.

    ``wrong``: what the dialects that are wrong take it for; ``right``: those that are right.
    """

    place: int
    label: int
    image: tuple[str, int]
    wrong: dict[str, int]
    right: tuple[str, ...]

    @property
    def words(self) -> str:
        """``wrong in keras3 only, as 9``; ``right in numpy only, elsewhere 7 and 9``."""
        if len(self.right) == 1 and len(self.wrong) > 1:
            return f"right in {self.right[0]} only, elsewhere {listing(sorted(map(str, set(self.wrong.values()))))}"
        taken: dict[int, list[str]] = {}
        for dialect, predicted in self.wrong.items():
            taken.setdefault(predicted, []).append(dialect)
        only = " only" if len(self.wrong) == 1 else ""
        told = [f"in {listing(dialects)}{only}, as {predicted}" for predicted, dialects in taken.items()]
        return f"wrong {'; '.join(told)}"


def disputed(outputs: Mapping[str, Mapping[str, np.ndarray]]) -> list[Disputed]:
    """The images about which dialects disagree, in their order.  ``outputs``: of each dialect, by name.

    A dialect that keeps no predictions says nothing of an image.
    """
    guesses = {dialect: g for dialect, found in outputs.items() if (g := _guesses(found)) is not None}
    if len(guesses) < 2:
        return []
    seen: dict[int, tuple[int, tuple[str, int]]] = {}
    for dialect in guesses:
        for row, (place, label) in enumerate(_kept(outputs[dialect])):
            if place >= 0 and all(place < len(g) for g in guesses.values()):
                seen.setdefault(place, (label, (dialect, row)))
    found = []
    for place, (label, image) in sorted(seen.items()):
        said = {dialect: int(g[place]) for dialect, g in guesses.items()}
        right = tuple(dialect for dialect, guess in said.items() if guess == label)
        if right:
            wrong = {dialect: guess for dialect, guess in said.items() if guess != label}
            found.append(Disputed(place, label, image, wrong, right))
    return found


def _guesses(outputs: Mapping[str, np.ndarray]) -> np.ndarray | None:
    predictions = outputs.get("predictions")
    return predictions.argmax(axis=1) if predictions is not None and predictions.ndim == 2 else None


def _kept(outputs: Mapping[str, np.ndarray]) -> Sequence[tuple[int, int]]:
    """The places and labels of the wrong images that are kept."""
    places, labels = outputs.get("wrong"), outputs.get("wrong_labels")
    if places is None or labels is None or places.shape != labels.shape or places.ndim != 1:
        return []
    return list(zip(places.tolist(), labels.tolist(), strict=True))
