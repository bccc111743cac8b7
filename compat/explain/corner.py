"""A corner of a large target: the first image's first pixels, for trying what takes long on the whole."""

from typing import TYPE_CHECKING, Optional

import numpy as np

if TYPE_CHECKING:
    from .target import Target

#: Pixels of the corner along an axis, and how few numbers of its outputs are too few to tell anything.
_SIZE, _FEWEST = 64, 24


class _Cropped:
    """An operation that shows regions of some of its outputs."""

    def __init__(self, operation, regions):
        self._operation = operation
        self._regions = regions

    def reference(self, *inputs, **parameters):
        answers = self._operation.reference(*inputs, **parameters)
        answers = answers if isinstance(answers, dict) else {"y": answers}
        return {
            name: answer.rearranged(lambda array, region=self._regions[name]: array[region])
            for name, answer in answers.items()
            if name in self._regions
        }


def corner(target: "Target") -> Optional["Target"]:
    """A Target of the first image's corner, or None where no output there follows from it alone."""
    x = target.inputs[0] if target.inputs else None
    if x is None or np.ndim(x) != 4:
        return None
    for axes in ((1, 2), (2, 3)):  # NHWC or NCHW
        region = [slice(None)] * 4
        region[0] = slice(0, 1)
        for axis in axes:
            region[axis] = slice(0, _SIZE)
        inputs = [x[tuple(region)], *target.inputs[1:]]
        given = (inputs, target.parameters, target.results, target.dtype)
        part = type(target)(target.operation, *given).baseline()[1] or {}
        found = {
            name: _agreeing(whole, part.get(name)) for name, whole in (target.baseline()[1] or {}).items()
        }
        regions = {name: region for name, region in found.items() if region and name in target.results}
        results = {
            name: (target.results[name][0][region], target.results[name][1])
            for name, region in regions.items()
            if target.results[name][0].ndim == 4
        }
        small = type(target)(
            _Cropped(target.operation, {name: regions[name] for name in results}),
            inputs,
            target.parameters,
            results,
            target.dtype,
        )
        # Where the corner is right, nothing can be learned from it.
        if results and small.share_of(small.baseline()[1]) is None:
            return small
    return None


def _agreeing(whole, part):
    """The index of the largest corner that is the same in two References, or None."""
    if part is None or whole.value.ndim != 4 or part.value.ndim != 4:
        return None
    mine = part.value
    if not mine.size or any(a > b for a, b in zip(mine.shape, whole.value.shape)):
        return None
    theirs = whole.value[tuple(slice(0, size) for size in mine.shape)]
    with np.errstate(invalid="ignore"):
        alike = np.abs(mine - theirs) <= 1e-9 * np.abs(theirs).max()
    region = [slice(0, 1)] + [slice(None)] * 3
    for axis in (1, 2, 3):
        if mine.shape[axis] == whole.value.shape[axis]:
            continue
        inner = tuple(slice(0, max(size - _SIZE // 4, 1)) for size in mine.shape)
        inner = inner[:axis] + (slice(None),) + inner[axis + 1 :]
        hit = alike[inner].all(axis=tuple(a for a in range(4) if a != axis))
        region[axis] = slice(0, len(hit) if hit.all() else int(np.argmin(hit)))
    corner = alike[tuple(region)]
    return tuple(region) if corner.all() and corner.size >= _FEWEST else None
