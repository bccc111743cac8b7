"""A corner of a large target: the first image's first pixels, for trying what takes long on the whole."""

import numpy as np

#: Pixels of the corner along an axis, and how few of its outputs are too few to tell anything.
_SIZE, _FEWEST = 40, 6


class _Cropped:
    """An operation that shows a region of each of its outputs."""

    def __init__(self, operation, regions):
        self._operation = operation
        self._regions = regions

    def reference(self, *inputs, **parameters):
        answers = self._operation.reference(*inputs, **parameters)
        answers = answers if isinstance(answers, dict) else {"y": answers}
        return {
            name: answer.rearranged(lambda array, region=self._regions[name]: array[region])
            for name, answer in answers.items()
        }


def corner(target):
    """A Target of the first image's corner, or None where the outputs there do not follow from it alone."""
    x = target.inputs[0] if target.inputs else None
    if np.ndim(x) != 4:
        return None
    for axes in ((1, 2), (2, 3)):  # NHWC or NCHW
        region = [slice(None)] * 4
        region[0] = slice(0, 1)
        for axis in axes:
            region[axis] = slice(0, _SIZE)
        small = type(target)(
            target.operation,
            [x[tuple(region)], *target.inputs[1:]],
            target.parameters,
            target.results,
            target.dtype,
        )
        regions = _agreeing(target.baseline()[1], small.baseline()[1])
        if regions:
            results = {name: (array[regions[name]], dtype) for name, (array, dtype) in target.results.items()}
            return type(target)(
                _Cropped(target.operation, regions), small.inputs, target.parameters, results, target.dtype
            )
    return None


def _agreeing(whole, part):
    """{output name: the index of its largest corner that is the same in both}, or None."""
    regions = {}
    for name, reference in whole.items():
        if part is None or name not in part or reference.value.ndim != 4 or part[name].value.ndim != 4:
            return None
        mine = part[name].value
        if not mine.size or any(a > b for a, b in zip(mine.shape, reference.value.shape)):
            return None
        theirs = reference.value[tuple(slice(0, size) for size in mine.shape)]
        alike = np.isclose(mine, theirs, rtol=1e-9, atol=1e-12 * np.abs(theirs).max())
        region = [slice(0, 1)] + [slice(None)] * 3
        for axis in (1, 2, 3):
            if mine.shape[axis] == reference.value.shape[axis]:
                continue
            inner = tuple(slice(0, max(size - _SIZE // 4, 1)) for size in mine.shape)
            others = tuple(a for a in range(4) if a != axis)
            hit = alike[inner].all(axis=others)
            length = len(hit) if hit.all() else int(np.argmin(hit))
            if length < _FEWEST:
                return None
            region[axis] = slice(0, length)
        if not alike[tuple(region)].all():
            return None
        regions[name] = tuple(region)
    return regions or None
