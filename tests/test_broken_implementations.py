"""Implementations broken on purpose: each must be ``differs``, on every sample of conv2d where it breaks."""

import numpy as np
import pytest
from support import CASES, record_of, write

from compat import layers, reference
from compat.arrays import digest
from compat.case.files import Case
from compat.judge.compare import compare
from compat.judge.verdicts import as_golden, judge
from compat.records import needs_a_person
from compat.reference import same_padding

SAMPLES = {
    sample.id: sample
    for file in ("convolution/conv2d.py", "tutorials/plus_pattern.py")
    for sample in Case(str(CASES / file)).samples()
    if sample.operation.name in ("conv2d", "plus_pattern")
    and all(fixture.dtype != "bfloat16" for fixture in sample.inputs.values())
}


class Geometry:
    """A sample's window: kernel, strides, dilations and the padding as numbers."""

    def __init__(self, sample):
        self.x, self.w = sample.arrays().values()
        self.kernel = self.w.shape[:2]
        self.strides = sample.parameters.get("strides", 1)
        self.dilations = sample.parameters.get("dilations", 1)
        self.named = sample.parameters.get("padding", "VALID")
        self.pads = self.named
        if self.named == "SAME":
            self.pads = tuple(
                same_padding(n, k, self.strides, self.dilations)
                for n, k in zip(self.x.shape[1:3], self.kernel)
            )
        elif self.named == "VALID":
            self.pads = ((0, 0), (0, 0))

    def conv2d(self, w=None, pads=None, x=None):
        return layers.conv2d(
            self.x if x is None else x,
            self.w if w is None else np.ascontiguousarray(w),
            strides=self.strides,
            padding=self.pads if pads is None else pads,
            dilations=self.dilations,
        )


def kernel_flipped(g):
    return g.conv2d(w=g.w[::-1, ::-1])


def same_shifted(g):
    """The odd pixel of padding before instead of after; an even padding is moved by one."""
    return g.conv2d(
        pads=tuple((before + 1, after - 1) if after else (before, after) for before, after in g.pads)
    )


def tap_dropped(g):
    """A place of the kernel, in all channels: the first that is not zero anyway."""
    w = g.w.copy()
    i, j = np.argwhere(np.abs(w).sum(axis=(2, 3)) > 0)[0]
    w[i, j] = 0
    return g.conv2d(w=w)


def weight_dropped(g):
    """One single number of the filter, the one of middle size."""
    w = g.w.copy()
    order = np.argsort(np.abs(w), axis=None)
    w.flat[order[np.count_nonzero(w == 0) + np.count_nonzero(w) // 2]] = 0
    return g.conv2d(w=w)


def stride_phase(g):
    """Every window begins one pixel further down and to the right."""
    size = g.conv2d().shape
    x = np.pad(
        g.x, ((0, 0),) + tuple((before, after + 1) for before, after in g.pads) + ((0, 0),), mode="constant"
    )
    y = g.conv2d(x=x[:, 1:, 1:], pads=((0, 0), (0, 0)))
    assert y.shape == size
    return y


def filter_transposed(g):
    return g.conv2d(w=g.w.transpose(1, 0, 2, 3))


def _element_off(g, rank):
    """The element of that rank by size (0 the smallest, 1 the largest) off by 1e-4 of its value."""
    y = g.conv2d().copy()
    zeros = np.count_nonzero(y == 0)
    index = np.argsort(np.abs(y), axis=None)[zeros + int(rank * (y.size - zeros - 1))]
    y.flat[index] *= y.dtype.type(1 + 1e-4)
    return y


def largest_off(g):
    return _element_off(g, 1)


def median_off(g):
    return _element_off(g, 0.5)


def small_off(g):
    """One of the smallest tenth, where the products nearly cancel."""
    return _element_off(g, 0.1)


def _asymmetric(g):
    return max(g.kernel) > 1 and not np.array_equal(g.w, g.w[::-1, ::-1])


def _transposable(g):
    return g.kernel[0] > 1 and not np.array_equal(g.w, g.w.transpose(1, 0, 2, 3))


#: Where each of them is another computation at all.  1e-4 of a float16 number is less than its last place.
BROKEN = {
    kernel_flipped: _asymmetric,
    same_shifted: lambda g: g.named == "SAME" and sum(map(sum, g.pads)) > 0,
    tap_dropped: lambda g: True,
    weight_dropped: lambda g: True,
    stride_phase: lambda g: g.strides > 1,
    filter_transposed: _transposable,
    largest_off: lambda g: g.w.dtype != np.float16,
    median_off: lambda g: g.w.dtype != np.float16,
    small_off: lambda g: g.w.dtype != np.float16,
}


#: One weight of 288 in a half precision: within what any order of its additions may give, no single element
#: stands out, and the 198 and 60 outputs that meet it are too few for the projection on the weights.
NOT_YET = {(weight_dropped, "conv2d[float16-c32-k3-s1]"), (weight_dropped, "conv2d[float16-c32-k3-s2]")}


#: The OpenBLAS of NumPy 1.16 has kernels, chosen by the processor or OPENBLAS_CORETYPE, whose noise over 2,304
#: products is so large that one element off by 1e-4 does not stand out of it.
OLD_BLAS = {(small_off, "conv2d[c256-k3]")}


def _pairs():
    for broken, applies in BROKEN.items():
        for sample_id, sample in SAMPLES.items():
            if applies(Geometry(sample)):
                open_end = pytest.mark.xfail(strict=True, reason="hidden by the rounding of float16")
                noisy = pytest.mark.xfail(np.__version__.startswith("1.16."), reason="hidden by an old BLAS")
                hidden = (broken, sample_id)
                marks = open_end if hidden in NOT_YET else noisy if hidden in OLD_BLAS else ()
                yield pytest.param(broken, sample_id, id=f"{broken.__name__}-{sample_id}", marks=marks)


def _judged(sample, result, golden=None):
    record = record_of({"y": result}, result.dtype.name)
    return as_golden(judge(record, sample.refer(), {digest(result): result}.__getitem__), record, golden)


@pytest.mark.parametrize(("broken", "sample_id"), list(_pairs()))
def test_is_flagged(broken, sample_id):
    sample = SAMPLES[sample_id]
    verdict = _judged(sample, broken(Geometry(sample)))
    assert verdict.word == "differs", (verdict.word, verdict.outputs["y"])
    assert needs_a_person(verdict)
    assert "expected" in verdict.message


@pytest.mark.parametrize("sample_id", sorted(SAMPLES))
def test_unbroken_agrees(sample_id):
    """The same way through Geometry without the fault: what is flagged above is the fault."""
    sample = SAMPLES[sample_id]
    assert _judged(sample, Geometry(sample).conv2d()).word == "agrees"


def test_every_fault_meets_many_samples():
    counts = {broken.__name__: 0 for broken in BROKEN}
    for param in _pairs():
        counts[param.values[0].__name__] += 1
    assert min(counts.values()) >= 20, counts
    assert "conv2d[b1]" in SAMPLES and "plus_pattern[same]" in SAMPLES


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    "sample_id", ["conv2d[b1]", "conv2d[k3-s1-d1-same]", "conv2d[k2-s2-d1-valid]", "conv2d[c32-k1]"]
)
def test_bias_forgotten(dtype, sample_id):
    """A bias of 2 (a float16 sum may round by more than a small one), a hundredth where rounding is less."""
    g = Geometry(SAMPLES[sample_id])
    x, w = g.x.astype(dtype), g.w.astype(dtype)
    geometry = {"strides": g.strides, "padding": g.pads, "dilations": g.dilations}
    for bias in (2.0,) if dtype == "float16" else (2.0, 0.01):
        b = np.full(w.shape[3], bias, dtype)
        answer = reference.conv2d_bias(x, w, b, **geometry)
        assert compare(layers.conv2d(x, w, bias=b, **geometry), dtype, answer, dtype).word == "agrees"
        forgotten = compare(layers.conv2d(x, w, **geometry), dtype, answer, dtype)
        assert forgotten.word == "differs", forgotten


def test_the_golden_does_not_excuse_a_fault():
    """Bits equal to the golden's, but outside the bounds: the golden was recorded from a broken kernel."""
    sample = SAMPLES["conv2d[k3-s1-d1-same]"]
    result = kernel_flipped(Geometry(sample))
    assert _judged(sample, result, golden={"y": digest(result)}).word == "differs"


def test_through_the_command_line(tmp_path, compat_command):
    """All the way: run, record, judge, print; exit status 1."""
    case = write(
        tmp_path / "broken.py",
        """
        from compat import fixtures, layers, operation, reference

        flipped = operation("flipped", reference=reference.conv2d)


        @flipped.on("numpy")
        def _(np, x, w, *, padding):
            return layers.conv2d(x, w[::-1, ::-1], padding=padding)


        flipped.sample(
            "same",
            x=fixtures.normal("x", (2, 9, 11, 3), seed=2),
            w=fixtures.normal("w", (3, 3, 3, 4), seed=3),
            padding="SAME",
        )
        """,
    )
    result = compat_command("run", case, "--out", "runs/here")
    assert result.returncode == 1, result.stderr
    assert "flipped[same] numpy differs: at [" in result.stdout
    assert "times the rounding allowance" in result.stdout
