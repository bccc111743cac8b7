"""Ops that move, gather, scatter, count and reduce segments, to be run one by one: what each takes, its attributes."""

import numpy as np

RANDOM = np.random.RandomState(11)
FLOATS = ("float32", "float64", "float16", "bfloat16")
WIDE = ("float32", "float64")
WHOLE = ("int32", "int64", "uint8")
MOVED = ("float32", "float16", "bfloat16", "int32", "int64", "uint8", "bool", "complex64", "string")


def noise(*shape):
    """Exact in half precisions, and never 0."""
    return RANDOM.randint(1, 64, shape) * RANDOM.choice([-1, 1], shape) / 16.0


def case(op, *inputs, dtypes=("float32", "int32"), **attributes):
    """One for each dtype, which arrays of float64 are cast to; whole ones come as they are."""
    return [(op, inputs, attributes, dtype) for dtype in dtypes]


def ints(*numbers, dtype=np.int32):
    return np.array(numbers if len(numbers) != 1 else numbers[0], dtype)


X, CUBE, IMAGE = noise(4, 6), noise(3, 4, 5), noise(2, 4, 6, 8)


def slices():
    yield from case("Slice", CUBE, ints(0, 1, 2), ints(2, -1, 1), dtypes=MOVED)
    yield from case("Slice", X, np.array([1, 2], np.int64), np.array([3, 4], np.int64))
    for begin, end, strides, masks in (
        ([0, 1], [2, 3], [1, 1], {}),
        ([2, -1], [0, -4], [-1, -2], {}),
        ([1, 1], [0, 0], [1, 1], {"begin_mask": 1, "end_mask": 3}),
        ([-1, 0], [0, 3], [1, 1], {"shrink_axis_mask": 1}),
        ([0, 1, 0], [0, 3, 2], [1, 1, 1], {"ellipsis_mask": 1, "shrink_axis_mask": 2}),
        ([0, 0, 2], [0, 0, 4], [1, 1, 1], {"new_axis_mask": 1, "ellipsis_mask": 2}),
        ([0, 0, 1], [0, -9, 3], [1, -1, 1], {"new_axis_mask": 1, "begin_mask": 2, "end_mask": 0}),
        ([-99, 3], [99, 99], [2, 1], {}),
    ):
        place = ints(begin), ints(end), ints(strides)
        yield from case("StridedSlice", CUBE, *place, dtypes=("float32", "bool", "string"), **masks)
        # the gradient of what NumPy takes likewise
        taken = np.zeros(CUBE.shape)[index_of(begin, end, strides, masks)]
        yield from case(
            "StridedSliceGrad", ints(CUBE.shape), *place, noise(*taken.shape), dtypes=FLOATS, **masks
        )
        yield from case("TensorStridedSliceUpdate", CUBE, *place, noise(*taken.shape), **masks)
    for axis in (0, -1):
        yield from case("Split", ints(axis), noise(4, 6), num_split=2, dtypes=MOVED)
    yield from case("SplitV", CUBE, ints(1, -1, 2), ints(2), num_split=3, dtypes=MOVED)
    yield from case("SplitV", CUBE, ints(1, 2), ints(-3), num_split=2)
    yield from case("Unpack", CUBE, num=3, axis=0, dtypes=MOVED)
    yield from case("Unpack", CUBE, num=5, axis=-1)


def index_of(begin, end, strides, masks):
    """NumPy's, spelled by hand."""
    index = []
    for place, triple in enumerate(zip(begin, end, strides)):
        has = {name: bool(bits >> place & 1) for name, bits in masks.items()}
        if has.get("ellipsis_mask"):
            index.append(Ellipsis)
        elif has.get("new_axis_mask"):
            index.append(None)
        elif has.get("shrink_axis_mask"):
            index.append(triple[0])
        else:
            first = None if has.get("begin_mask") else triple[0]
            index.append(slice(first, None if has.get("end_mask") else triple[1], triple[2]))
    return tuple(index)


def pads():
    pairs = ints([[1, 2], [0, 1], [2, 0]])
    yield from case("Pad", CUBE, pairs, dtypes=MOVED[:-1])
    yield from case("PadV2", CUBE, pairs, np.array(3.0), dtypes=("float32", "float16", "int32", "uint8"))
    for mode in ("REFLECT", "SYMMETRIC"):
        yield from case("MirrorPad", CUBE, pairs, mode=mode, dtypes=MOVED[:-1])
        yield from case("MirrorPadGrad", noise(6, 5, 7), pairs, mode=mode, dtypes=FLOATS + ("int32",))
    yield from case("Tile", X, ints(2, 3), dtypes=MOVED)
    yield from case("Tile", CUBE, ints(1, 1, 2))
    for shape in ([3, 4, 6], [4, 6]):
        yield from case("BroadcastTo", noise(4, 1), ints(shape), dtypes=MOVED[:-1])
    yield from case("Fill", ints(2, 3), np.array(2.5), dtypes=MOVED)
    yield from case("Fill", np.zeros(0, np.int32), np.array(2.5))
    for axis in (0, -1):
        yield from case("Pack", [X, noise(4, 6), X], axis=axis, dtypes=MOVED)
        yield from case("Concat", ints(axis % 2), [X, noise(4, 6)], dtypes=MOVED)
        yield from case("ConcatV2", [X, noise(4, 6)], ints(axis), dtypes=MOVED)
        yield from case("ReverseV2", CUBE, ints([axis, 1]), dtypes=MOVED)
    yield from case("ReverseV2", CUBE, np.zeros(0, np.int32))
    yield from case("Reverse", CUBE, np.array([True, False, True]), dtypes=("float32", "int32", "bool"))
    yield from case("ReverseSequence", CUBE, ints(1, 4, 0), seq_dim=1, batch_dim=0, dtypes=MOVED)
    yield from case("ReverseSequence", CUBE, np.array([1, 3, 0, 2, 2]), seq_dim=0, batch_dim=2)
    yield from case("Roll", CUBE, ints(1, -2), ints(0, 2), dtypes=MOVED)
    yield from case("Roll", CUBE, ints([3]), ints([1])) + case("Roll", CUBE, ints(3), ints(1))
    yield from case("Roll", CUBE, ints(1, 1), ints(0, 0))
    yield from case("EnsureShape", X, shape=[4, None])
    for axes in ([2, 0, 1], [0, 2, 1]):
        yield from case("Transpose", CUBE, ints(axes), dtypes=MOVED)
        yield from case("ConjugateTranspose", CUBE, ints(axes), dtypes=("complex64",))
    yield from case("ExpandDims", X, ints(-1), dtypes=MOVED) + case("ExpandDims", X, ints(1))
    yield from case("Squeeze", noise(1, 3, 1), axis=[2], dtypes=MOVED) + case("Squeeze", noise(1, 3, 1))
    yield from case("Reshape", CUBE, ints(-1, 10), dtypes=MOVED)


def shapes():
    yield from case("Shape", CUBE, dtypes=MOVED, out_type="int64") + case("Shape", CUBE)
    yield from case("ShapeN", [CUBE, X]) + case("ShapeN", [CUBE, X], out_type="int64")
    yield from case("Size", CUBE) + case("Size", CUBE, out_type="int64") + case("Rank", CUBE)
    yield from case("ZerosLike", X, dtypes=MOVED[:-1]) + case("OnesLike", X, dtypes=MOVED[:-1])
    yield from case("ConcatOffset", ints(1), [ints(2, 3, 4), ints(2, 5, 4), ints(2, 1, 4)], dtypes=("",))
    for first, second in (
        ([2, 1, 4], [3, 1]),
        ([2, 3], [2, 3]),
        ([1], [1]),
        ([1, 3], [3]),
        ([], [2]),
        ([1, 1, 2], [1, 5, 1]),
        ([2, 1], [2, 1]),
        ([1, 2, 1], [2, 1]),
    ):
        yield from case(
            "BroadcastGradientArgs", np.array(first, np.int32), np.array(second, np.int32), dtypes=("",)
        )
        yield from case("BroadcastArgs", np.array(first, np.int32), np.array(second, np.int32), dtypes=("",))
    yield from case("InvertPermutation", ints(2, 0, 3, 1), dtypes=("",))
    yield from case("UnravelIndex", ints(5, 0, 11), ints(3, 4), dtypes=("",))
    yield from case("Range", np.array(3.0), np.array(18.0), np.array(4.0), dtypes=WIDE)
    yield from case("Range", np.array(9.0), np.array(-1.0), np.array(-3.0), dtypes=WIDE)
    for whole in (np.int32, np.int64):
        for numbers in ((3, 18, 4), (9, -1, -3)):
            yield from case("Range", *[np.array(number, whole) for number in numbers], dtypes=("",))
    yield from case("Range", np.array(0.0), np.array(6.0), np.array(0.3), dtypes=FLOATS)
    yield from case("LinSpace", np.array(-1.0), np.array(4.3), ints(7), dtypes=WIDE + ("bfloat16",))
    yield from case("LinSpace", np.array(0.0), np.array(1.0), ints(100), dtypes=WIDE)
    yield from case("Empty", ints(2, 3), dtype="float32", init=True)


def blocks():
    for layout in ("NHWC", "NCHW"):
        yield from case("DepthToSpace", IMAGE, block_size=2, data_format=layout, dtypes=FLOATS + WHOLE)
        yield from case("SpaceToDepth", IMAGE, block_size=2, data_format=layout, dtypes=FLOATS + WHOLE)
    batch = noise(8, 2, 3, 5)
    yield from case("BatchToSpaceND", batch, ints(2, 2), ints([[0, 1], [1, 0]]), dtypes=FLOATS + WHOLE)
    yield from case("BatchToSpaceND", noise(6, 4, 2, 2), ints([3]), ints([[1, 1]]))
    yield from case("BatchToSpace", batch, ints([[0, 1], [1, 0]]), block_size=2, dtypes=FLOATS + WHOLE)
    yield from case(
        "SpaceToBatchND", noise(2, 3, 5, 2), ints(2, 3), ints([[1, 0], [0, 1]]), dtypes=FLOATS + WHOLE
    )
    yield from case("SpaceToBatchND", noise(2, 4, 3), ints([2]), ints([[1, 1]]))
    yield from case("SpaceToBatch", noise(2, 3, 5, 2), ints([[1, 0], [0, 1]]), block_size=2)


def diagonals():
    some = ("float32", "float64", "int32", "bool")
    yield from case("Diag", noise(3), dtypes=("float32", "int32", "complex64")) + case("Diag", noise(2, 3))
    yield from case("DiagPart", noise(3, 3)) + case("DiagPart", noise(2, 3, 2, 3))
    yield from case("MatrixDiag", CUBE, dtypes=some) + case("MatrixDiagPart", CUBE, dtypes=some)
    yield from case("MatrixDiagPart", noise(2, 5, 3))
    yield from case("MatrixSetDiag", CUBE, noise(3, 4), dtypes=some)
    for lower, upper in ((1, 0), (-1, 2), (0, -1), (2, 1)):
        limits = np.array(lower, np.int64), np.array(upper, np.int64)
        yield from case("MatrixBandPart", CUBE, *limits, dtypes=some + ("complex64",))
    corners = [{"align": f"{above}_{below}"} for above in ("LEFT", "RIGHT") for below in ("LEFT", "RIGHT")]
    for version, aligns in (("V2", [{}]), ("V3", corners)):
        for align in aligns:
            for k in ([0], [1], [-2], [-1, 1], [-2, 0], [1, 2], [-2, -1]):
                lower, upper = k[0], k[-1]
                lengths = [min(4 + min(d, 0), 5 - max(d, 0)) for d in range(lower, upper + 1)]
                band = (3, max(lengths)) if lower == upper else (3, len(lengths), max(lengths))
                k = ints(k) if len(k) > 1 else np.array(k[0], np.int32)
                yield from case(f"MatrixDiagPart{version}", CUBE, k, np.array(7.0), **align)
                yield from case(f"MatrixSetDiag{version}", CUBE, noise(*band), k, **align)
                for rows, columns in ((-1, -1), (4, 5), (-1, 5), (4, -1)):
                    given = noise(*band), k, ints(rows), ints(columns), np.array(7.0)
                    yield from case(f"MatrixDiag{version}", *given, dtypes=("float32",), **align)


def gathers():
    places = ints([[0, 2], [2, 1]])
    yield from case("Gather", CUBE, places, dtypes=MOVED) + case("Gather", CUBE, np.array(1, np.int64))
    for axis in (0, 1, -1):
        yield from case("GatherV2", CUBE, places, ints(axis), dtypes=MOVED)
    yield from case("GatherV2", CUBE, ints([[0], [2], [1]]), ints(1), batch_dims=1)
    yield from case("GatherV2", CUBE, ints([[0, 4], [2, 1], [1, 1]]), ints(2), batch_dims=1, dtypes=MOVED)
    yield from case("GatherNd", CUBE, ints([[0, 1], [2, 3]]), dtypes=MOVED)
    yield from case("GatherNd", CUBE, ints([[[0, 1, 4]], [[2, 3, 0]]])) + case("GatherNd", CUBE, ints([[1]]))
    yield from case("GatherNd", X, np.zeros((2, 0), np.int32))
    for axis in (-1, 0, 1):
        ends = np.array(2.5), np.array(-1.0)
        yield from case(
            "OneHot",
            ints([[0, 2, -1], [5, 3, 1]]),
            ints(4),
            *ends,
            axis=axis,
            dtypes=FLOATS + ("int32", "bool"),
        )
    owners = ints([2, 0, 2, 1])
    yield from case("DynamicPartition", X, owners, num_partitions=3, dtypes=MOVED)
    yield from case("DynamicPartition", X, np.array(X > 0, np.int32), num_partitions=2)
    yield from case(
        "DynamicStitch", [ints(0, 3), ints([[1, 2], [0, 3]])], [noise(2, 5), noise(2, 2, 5)], dtypes=MOVED
    )
    yield from case("ParallelDynamicStitch", [ints(0, 3), ints(2, 1)], [noise(2, 5), noise(2, 5)])
    yield from case("SparseToDense", ints(1, 3), ints([6]), noise(2), np.array(0.5), dtypes=MOVED)
    yield from case("SparseToDense", ints([[0, 1], [2, 3]]), ints(3, 4), noise(2), np.array(0.5))
    yield from case("SparseToDense", ints(4), ints([6]), np.array(3.0), np.array(0.5))


def sparse():
    indices = np.array([[0, 3], [2, 1], [2, 4], [4, 0]], np.int64)
    shape, values = np.array([6, 5], np.int64), noise(4)
    mixed = RANDOM.permutation(4)
    yield from case("SparseReorder", indices[mixed], values, shape, dtypes=MOVED)
    yield from case("SparseReshape", indices, shape, np.array([3, -1, 2], np.int64), dtypes=("",))
    yield from case("SparseReshape", indices, shape, np.array([30], np.int64), dtypes=("",))
    yield from case("SparseSlice", indices, values, shape, np.array([1, 0]), np.array([3, 4]), dtypes=MOVED)
    for axis in (0, 1, -1):
        other = np.array([[1, 1], [3, 0]], np.int64)
        yield from case(
            "SparseConcat",
            [indices, other],
            [values, noise(2)],
            [shape, shape],
            concat_dim=axis,
            dtypes=MOVED,
        )
    yield from case("SparseFillEmptyRows", indices, values, shape, np.array(9.0), dtypes=MOVED)
    full = np.array([[0, 1], [1, 0]], np.int64)
    yield from case("SparseFillEmptyRows", full, noise(2), np.array([2, 5]), np.array(9.0))


def scatters():
    rows, twice = ints([[0], [3]]), ints([[1], [3], [1]])
    for of in ("Add", "Sub", "Update", "Min", "Max"):
        often = rows if of == "Update" else twice
        yield from case(f"TensorScatter{of}", X, often, noise(len(often), 6), dtypes=FLOATS + ("int32",))
        yield from case(f"TensorScatter{of}", CUBE, ints([[[0, 1]], [[2, 3]]]), noise(2, 1, 5))
    yield from case("ScatterNd", twice, noise(3, 6), ints(4, 6), dtypes=FLOATS + ("int32", "complex64"))
    yield from case("ScatterNd", ints([[0, 1, 2], [2, 3, 4]]), noise(2), ints(3, 4, 5))
    many = ints(RANDOM.randint(0, 4, (60, 1)))
    yield from case("ScatterNd", many, noise(60, 3), ints(4, 3), dtypes=FLOATS)
    yield from case("ScatterNdNonAliasingAdd", X, twice, noise(3, 6))


def segments():
    rows, gaps = noise(7, 3), ints(0, 0, 1, 1, 1, 4, 4)
    whole = ("float32", "float64", "int32", "int64")
    for of in ("Sum", "Mean", "Max", "Min", "Prod"):
        dtypes = FLOATS if of == "Mean" else FLOATS + ("int32",)
        yield from case(f"Segment{of}", rows, gaps, dtypes=dtypes)
        yield from case(f"Segment{of}", noise(7), gaps.astype(np.int64), dtypes=dtypes[-1:])
        if of != "Mean":
            mixed = ints(3, 0, -1, 3, 0, 5, 1)
            yield from case(f"UnsortedSegment{of}", rows, mixed, ints(7), dtypes=dtypes)
            yield from case(
                f"UnsortedSegment{of}", X, ints([[1] * 6, [0] * 6, [3] * 6, [1] * 6]), ints(4), dtypes=whole
            )
            yield from case(f"Segment{of}V2", rows, gaps, ints(6), dtypes=whole)
    for of in ("Sum", "Mean", "SqrtN"):
        picked = ints(3, 0, 0, 6, 2), ints(0, 0, 1, 1, 3)
        yield from case(f"SparseSegment{of}", rows, *picked, dtypes=FLOATS)
        yield from case(f"SparseSegment{of}WithNumSegments", rows, *picked, ints(6), dtypes=WIDE)
        yield from case(f"SparseSegment{of}Grad", noise(4, 3), *picked, ints(7), dtypes=FLOATS)
    owners = np.sort(RANDOM.randint(0, 3, 60)).astype(np.int32)
    for op in ("SegmentSum", "SegmentMean"):
        yield from case(op, abs(noise(60, 2)), owners, dtypes=FLOATS)


def counts():
    holes = X * (X > 0)
    yield from case("Where", holes, dtypes=FLOATS + WHOLE + ("bool", "complex64"))
    yield from case("Where", CUBE > 0, dtypes=("",))
    again = np.array([3.0, -1.0, 3.0, 2.0, -1.0, 3.0])
    for kind in ("int32", "int64"):
        yield from case("Unique", again, out_idx=kind, dtypes=FLOATS + WHOLE + ("string",))
        yield from case("UniqueWithCounts", again, out_idx=kind, dtypes=FLOATS + WHOLE)
        yield from case(
            "ListDiff", again, np.array([2.0, 5.0]), out_idx=kind, dtypes=WIDE + WHOLE + ("string",)
        )
    rows = np.array([[1.0, 2, 1], [3, 2, 3], [1, 2, 1]])
    for axis in (0, 1):
        yield from case("UniqueV2", rows, ints([axis])) + case("UniqueWithCountsV2", rows, ints([axis]))
    yield from case("UniqueV2", again, np.zeros(0, np.int32))
    numbers = ints(1, 3, 3, 0, 9, 1)
    for weights in (np.zeros(0), noise(6)):
        yield from case("Bincount", numbers, ints(5), weights, dtypes=WIDE + ("int32",))
        yield from case("DenseBincount", numbers, ints(5), weights, dtypes=WIDE + ("int32",))
    yield from case("DenseBincount", numbers.reshape(2, 3), ints(5), noise(2, 3), dtypes=WIDE)
    yield from case("DenseBincount", numbers, ints(5), np.zeros(0), binary_output=True)
    yield from case("Bucketize", again, boundaries=[-1.0, 0.5, 3.0], dtypes=WIDE + ("int32", "int64"))
    ordered, wanted = np.array([[1.0, 3, 3, 7], [0, 2, 4, 6]]), np.array([[3.0, 8], [4, -1]])
    for op in ("LowerBound", "UpperBound"):
        yield from case(op, ordered, wanted, dtypes=WIDE + ("int32",))
        yield from case(op, ordered, wanted, out_type="int64")
    for bins in (5, 30):
        yield from case(
            "HistogramFixedWidth", RANDOM.randn(200) * 2, np.array([-3.0, 2.5]), ints(bins), dtypes=WIDE
        )
    yield from case("HistogramFixedWidth", np.arange(10.0) / 10, np.array([0.0, 1.0]), ints(10), dtypes=WIDE)


def quantised():
    x, g = RANDOM.randn(16, 3) * 4, abs(noise(16, 3))
    one, only = np.array, ("float32",)
    for settings in ({}, {"num_bits": 4}, {"narrow_range": True}):
        for low, high in ((-6.0, 6.0), (-1.3, 4.1), (0.5, 7.0), (-9.0, -0.2)):
            ends = {"min": low, "max": high, **settings}
            yield from case("FakeQuantWithMinMaxArgs", x, dtypes=only, **ends)
            yield from case("FakeQuantWithMinMaxArgsGradient", g, x, dtypes=only, **ends)
            yield from case("FakeQuantWithMinMaxVars", x, one(low), one(high), dtypes=only, **settings)
            yield from case(
                "FakeQuantWithMinMaxVarsGradient", g, x, one(low), one(high), dtypes=only, **settings
            )
        channels = np.array([-1.0, -2.5, 0.1]), np.array([1.0, 3.0, 6.0])
        yield from case("FakeQuantWithMinMaxVarsPerChannel", x, *channels, dtypes=only, **settings)
        yield from case("FakeQuantWithMinMaxVarsPerChannelGradient", g, x, *channels, dtypes=only, **settings)


def texts():
    written = np.array([b"2.5", b"-17", b"0.1", b"1e-3"])
    yield from case("StringToNumber", written, dtypes=("",))
    yield from case("StringToNumber", written, out_type="float64", dtypes=("",))
    yield from case("StringToNumber", np.array([b"7", b"-12"]), out_type="int32", dtypes=("",))
    for settings in (
        {},
        {"precision": 2},
        {"scientific": True, "precision": 3},
        {"shortest": True, "width": 9},
    ):
        yield from case("AsString", X / 7, dtypes=WIDE, **settings)
    yield from case("AsString", X, dtypes=("int32", "int64", "bool"))
    yield from case("AsString", X, width=6, fill="0", dtypes=("int32", "float32"))


def cases():
    """(op, inputs, attributes, dtype)."""
    for theme in (
        slices,
        pads,
        shapes,
        blocks,
        diagonals,
        gathers,
        sparse,
        scatters,
        segments,
        counts,
        quantised,
        texts,
    ):
        yield from theme()


#: Ops that change rows of a variable, or elements: (op without Scatter, indices, shape of the updates).
def variables():
    rows, twice = ints(0, 3), ints(1, 3, 1)
    for of in ("Add", "Sub", "Update", "Min", "Max", "Mul", "Div"):
        places = twice if of in ("Add", "Sub", "Min", "Max") else rows
        yield f"Scatter{of}", places, noise(len(places), 6)
        yield f"Scatter{of}", rows, noise(1)[0]
        if of not in ("Mul", "Div"):
            yield f"ScatterNd{of}", places[:, None], noise(len(places), 6)
            yield f"ScatterNd{of}", ints([[0, 1], [3, 2]]), noise(2)
