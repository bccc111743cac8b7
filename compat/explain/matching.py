"""Two kernels compared: whether one is the other turned, flipped, in another order, scaled or moved."""

import functools
import itertools
from typing import Callable, Iterator, List, Optional, Tuple

import numpy as np

from ..arrays import Array
from .constants import constant

#: How many taps are told, and how many channels of an order.
_TOLD, _ORDER = 4, 8
#: Of kernels with more taps two changes at once are not tried.
_LARGE = 50_000


def match(
    found: Array, given: Array, off: Array, spatial: int, outputs: Tuple[int, ...]
) -> Optional[List[str]]:
    """What makes ``found`` of ``given``, in words, [] where they are the same; None where nothing known does.

    ``off``: how far each number of ``found`` may be off.  The first ``spatial`` axes are those of the window;
    ``outputs``: the axes of the output channels.  ``found`` may have a window wider by one tap on each side.
    """
    close = lambda array: array.shape == found.shape and bool((np.abs(found - array) <= off).all())
    names = _axes(given, spatial, outputs)
    turned = [(words, array) for words, array in _turned(given, spatial, names)]
    if found.shape != given.shape:
        turned = [moved for words, array in turned for moved in _moved(words, array, found.shape, spatial)]
    for words, array in turned:
        if close(array):
            return words
    for words, array in turned:
        more = _ordered(found, array, off, names) if array.shape == found.shape else None
        if more is not None:
            return words + more
    for words, array in turned:
        more = _scaled(found, array, off, names) if array.shape == found.shape else None
        if more is not None:
            return words + more
    return None


def difference(found: Array, given: Array, off: Array, what: str) -> str:
    """The numbers that differ, the first few with their places."""
    wrong = np.abs(found - given) > off
    found = np.where(np.abs(found) <= off, 0, found)
    places = np.argwhere(wrong)
    order = np.argsort(-np.abs(found - given)[wrong], kind="stable")[:_TOLD]
    told = [
        f"{what} [{', '.join(map(str, place))}] is {found[tuple(place)]:.6g} for {given[tuple(place)]:.6g}"
        for place in places[order]
    ]
    more = f" ({len(places)} of {found.size} differ)" if len(places) > 1 else ""
    return ", ".join(told) + more


def _axes(given, spatial, outputs):
    """{axis: its name}, of those that are no window."""
    names = dict.fromkeys(range(spatial, given.ndim), "input channels")
    names.update(dict.fromkeys(outputs, "output channels"))
    if outputs == (2, 3):  # depthwise
        names.update({2: "channels", 3: "multiples"})
    return names


def _turned(given, spatial, names) -> Iterator[Tuple[List[str], Array]]:
    """The kernel turned and flipped: nothing, one thing, two things."""
    changes: List[Tuple[str, Callable[[Array], Array]]] = []
    windows = {1: ["length"], 2: ["height", "width"]}.get(spatial, [])
    for axis, what in enumerate(windows):
        changes.append((f"flipped along the {what}", functools.partial(np.flip, axis=axis)))
    if spatial == 2:
        changes.append(("flipped along height and width", lambda a: np.flip(a, (0, 1))))
        if given.shape[0] == given.shape[1]:
            changes.append(("turned over, height and width swapped", lambda a: a.swapaxes(0, 1)))
    if given.ndim == spatial + 2 and given.shape[-1] == given.shape[-2]:
        changes.append(("turned over, input and output channels swapped", lambda a: a.swapaxes(-1, -2)))
    for axis, name in names.items():
        if given.shape[axis] > 1:
            changes.append((f"taken with its {name} in reverse", functools.partial(np.flip, axis=axis)))
    yield [], given
    for words, change in changes:
        yield [words], change(given)
    if given.size > _LARGE:
        return
    for (first, one), (second, other) in itertools.permutations(changes, 2):
        yield [first, second], other(one(given))


def _moved(words, array, shape, spatial):
    """The kernel in a window wider by one on each side: in its middle, and moved by a tap."""
    spare = [(1, 1)] * spatial + [(0, 0)] * (len(shape) - spatial)
    for by in itertools.product((0, 1, -1), repeat=spatial):
        pads = [(a + step, b - step) for (a, b), step in zip(spare, by)] + spare[spatial:]
        if len(pads) != array.ndim or any(
            n + a + b != size for n, (a, b), size in zip(array.shape, pads, shape)
        ):
            continue
        steps = [f"{abs(step)} {word[step > 0]}" for step, word in zip(by, _WAYS[spatial]) if step]
        yield (
            words + ([f"moved by {' and '.join(steps)}"] if steps else []),
            np.pad(array, pads, mode="constant"),
        )


_WAYS = {1: [("back", "further on")], 2: [("up", "down"), ("to the left", "to the right")], 0: []}


def _ordered(found, array, off, names):
    """In another order along one axis: a slice for each slice, none twice."""
    for axis, name in names.items():
        size = array.shape[axis]
        if not 2 <= size <= 512:
            continue
        a, b = (np.moveaxis(each, axis, 0).reshape(size, -1) for each in (found, array))
        allowed = np.moveaxis(off, axis, 0).reshape(size, -1)
        order = np.argmin((b**2).sum(axis=1) - 2 * (a @ b.T), axis=1).tolist()
        if sorted(order) == list(range(size)) and (np.abs(a - b[order]) <= allowed).all():
            more = ", ..." if size > _ORDER else ""
            return [f"taken with its {name} in the order {', '.join(map(str, order[:_ORDER]))}{more}"]
    return None


def _scaled(found, array, off, names):
    """Times one number, or one for each channel."""
    for axis in (None, *names):
        others = tuple(a for a in range(found.ndim) if a != axis) if axis is not None else None
        keep = axis is not None
        squares = (array**2).sum(axis=others, keepdims=keep)
        if not np.all(squares):
            continue
        factor = (found * array).sum(axis=others, keepdims=keep) / squares
        if not (np.abs(found - factor * array) <= off).all():
            continue
        if axis is None:
            uncertain = float(np.sqrt((off**2).sum() / squares))
            known = constant(float(factor), uncertain, [found.shape])
            return [
                f"times {float(factor):.6g}"
                + (f" = {known}" if known not in ("", f"{float(factor):.6g}") else "")
            ]
        each = ", ".join(f"{f:.6g}" for f in factor.ravel()[:_TOLD])
        more = ", ..." if factor.size > _TOLD else ""
        return [f"times a number for each of its {names[axis]}: {each}{more}"]
    return None
