"""Ops of real and complex arithmetic to be run one by one: what each takes, and its attributes."""

import numpy as np

RANDOM = np.random.RandomState(7)
HALVES = ("float16", "bfloat16")


def noise(*shape):
    """Exact in half precisions, and never 0."""
    numbers = RANDOM.randint(1, 64, shape) * RANDOM.choice([-1, 1], shape)
    return numbers / 16.0


X, Y = noise(4, 6), noise(4, 6)
P, Q = abs(X), abs(Y)
UNIT = X / 8
OUT = np.arange(1, 7) / 8.0  # some are 0.5


def cases():
    """(op, arrays, attributes, dtypes): floating arrays come in each dtype, whole ones as they are."""
    floats = ("float32", "float64", "float16", "bfloat16")
    wide = ("float32", "float64")
    complexes = ("complex64", "complex128")

    def case(op, *arrays, dtypes=floats, **attributes):
        return op, arrays, attributes, dtypes

    yield from (
        case(op, X, Y, dtypes=floats + complexes) for op in ("Add", "AddV2", "Sub", "Mul", "RealDiv", "Div")
    )
    yield from (case(op, X, Y) for op in ("Minimum", "Maximum", "SquaredDifference"))
    yield from (case(op, X, Y, dtypes=wide) for op in ("DivNoNan", "MulNoNan", "Atan2", "Xdivy"))
    yield from (case(op, X, Q, dtypes=wide) for op in ("Xlogy", "Xlog1py"))
    yield case("Pow", P, Y, dtypes=floats)
    yield case("Pow", X, np.full((4, 6), 3.0), dtypes=wide)
    yield from (case(op, X) for op in ("Neg", "Abs"))
    yield from (case(op, X, dtypes=floats + complexes) for op in ("Square",))
    yield from (case(op, X) for op in ("Reciprocal", "Inv", "Exp", "Sin", "Cos", "Tanh", "Sigmoid"))
    yield from (case(op, X, dtypes=floats) for op in ("Expm1", "Erf", "Erfc"))
    yield case("Erfc", np.linspace(-4, 4, 4001), dtypes=floats)
    yield from (case(op, X, dtypes=wide) for op in ("Tan", "Atan", "Sinh", "Cosh", "Asinh", "Lgamma"))
    yield case("Digamma", X + 1 / 64, dtypes=wide)
    yield from (case(op, P) for op in ("Sqrt", "Rsqrt", "Log", "Log1p"))
    yield from (case(op, P / 8 + 1, dtypes=wide) for op in ("Acosh",))
    yield from (case(op, X / 4.5, dtypes=wide) for op in ("Asin", "Acos", "Atanh", "Erfinv"))
    yield case("Ndtri", P / 4.5, dtypes=wide)
    yield from (case(op, P, Y) for op in ("SqrtGrad", "RsqrtGrad", "InvGrad", "ReciprocalGrad"))
    yield from (case(op, UNIT, Y) for op in ("TanhGrad", "SigmoidGrad"))
    yield case("AddN", [X, Y, P], dtypes=floats)
    yield case("AccumulateNV2", [X, Y, P], dtypes=wide, shape=[4, 6])
    yield case("ClipByValue", X, -1.0, 1.5, dtypes=wide)

    cube = noise(3, 4, 5)
    for axes, keep in (([0, 2], False), ([1], True), ([], False), ([-1, 0, 1], True)):
        axes = np.array(axes, np.int32)
        yield from (case(op, cube, axes, keep_dims=keep) for op in ("Max", "Min", "Mean", "Sum"))
        yield from (case(op, cube, axes, keep_dims=keep, dtypes=wide) for op in ("Prod", "EuclideanNorm"))
        yield case("Sum", cube, axes, keep_dims=keep, dtypes=complexes)
    for exclusive, reverse in ((False, False), (True, False), (False, True), (True, True)):
        flags = {"exclusive": exclusive, "reverse": reverse}
        yield from (case(op, cube, np.int32(1), **flags) for op in ("Cumsum", "Cumprod"))
        if not exclusive:
            yield case("CumulativeLogsumexp", cube, np.int32(-1), dtypes=wide, **flags)

    for a, b in ((False, False), (True, False), (False, True), (True, True)):
        left, right = noise(*((5, 4) if a else (4, 5))), noise(*((6, 5) if b else (5, 6)))
        yield case("MatMul", left, right, transpose_a=a, transpose_b=b, dtypes=floats + complexes)
        yield case("SparseMatMul", left, right, transpose_a=a, transpose_b=b, dtypes=("float32",))
        yield case(
            "BatchMatMul", noise(3, *left.shape), noise(3, *right.shape), adj_x=a, adj_y=b, dtypes=floats
        )
        yield case(
            "BatchMatMulV2", noise(3, *left.shape), noise(*right.shape), adj_x=a, adj_y=b, dtypes=complexes
        )
    yield case(
        "Einsum", [noise(3, 4, 5), noise(3, 5, 2)], equation="bij,bjk->bik", dtypes=wide + complexes[:1]
    )
    yield case("Einsum", [noise(3, 4, 5), noise(5, 2)], equation="...j,jk->...k", dtypes=wide)
    yield case("Einsum", [noise(3, 4)], equation="ij->j", dtypes=wide)
    places = np.array([[0, 1], [1, 2], [2, 0]], np.int64)
    yield case(
        "SparseTensorDenseMatMul", places, noise(3), np.array([3, 4], np.int64), noise(4, 2), dtypes=wide
    )
    yield case(
        "SparseTensorDenseMatMul", places, noise(3), np.array([3, 4], np.int64), noise(2, 3), dtypes=wide,
        adjoint_a=True, adjoint_b=True,
    )  # fmt: skip
    yield case("Cross", noise(5, 3), noise(5, 3))
    yield case("L2Loss", cube)

    square = noise(2, 4, 4) + 6 * np.eye(4)
    positive = square @ square.transpose(0, 2, 1)
    for adjoint in (False, True):
        yield case("MatrixInverse", square, adjoint=adjoint, dtypes=wide)
        yield case("MatrixSolve", square, noise(2, 4, 3), adjoint=adjoint, dtypes=wide)
        for lower in (False, True):
            yield case(
                "MatrixTriangularSolve", square, noise(2, 4, 3), adjoint=adjoint, lower=lower, dtypes=wide
            )
    yield case("MatrixDeterminant", square, dtypes=wide)
    yield case("Cholesky", positive, dtypes=wide)
    yield case("SelfAdjointEigV2", positive, compute_v=True, dtypes=wide)
    yield case("Svd", noise(2, 4, 3), compute_uv=True, full_matrices=False, dtypes=wide)
    yield case("Svd", noise(3, 4), compute_uv=False, full_matrices=False, dtypes=wide)

    image = noise(2, 3, 4, 5)
    for layout in ("NHWC", "NCHW"):
        yield case("BiasAdd", image, noise(5 if layout == "NHWC" else 3), data_format=layout)
        yield case("BiasAddGrad", abs(image), data_format=layout)
    yield case("BiasAddV1", image, noise(5))
    yield from (case(op, X) for op in ("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign"))
    yield from (case(op, X, Y) for op in ("ReluGrad", "Relu6Grad", "SoftplusGrad", "SoftsignGrad"))
    yield from (case(op, X, UNIT) for op in ("EluGrad", "SeluGrad"))
    for alpha in (0.2, 0.05):
        yield case("LeakyRelu", X, alpha=alpha)
        yield case("LeakyReluGrad", X, Y, alpha=alpha)
    yield from (case(op, X) for op in ("Softmax", "LogSoftmax"))
    truth = np.eye(6)[[0, 5, 2, 2]]
    yield case("SoftmaxCrossEntropyWithLogits", X, truth * 0.75 + 0.25 / 4)
    yield case("SoftmaxCrossEntropyWithLogits", X, truth[:1])
    yield case("SparseSoftmaxCrossEntropyWithLogits", X, np.array([0, 5, 2, 2], np.int32))

    large, other, first = np.round(X * 600), np.round(Y * 700), np.array([0], np.int32)
    whole = {"dtypes": ("int32", "int8", "int64", "uint8")}
    yield from (case(op, large, other, **whole) for op in ("AddV2", "Sub", "Mul", "Minimum", "Maximum"))
    yield from (
        case(op, large, first, keep_dims=True, **whole) for op in ("Sum", "Mean", "Max", "Min", "Prod")
    )
    yield from (case(op, large, np.int32(1), exclusive=True, **whole) for op in ("Cumsum", "Cumprod"))
    yield from (case(op, large, **whole) for op in ("Neg", "Abs", "Square", "Relu", "Relu6"))
    yield case("MatMul", large, other, transpose_b=True, dtypes=("int32", "int64"))

    yield case("Complex", X, Y, dtypes=wide)
    yield from (
        case(op, noise(4, 6), dtypes=complexes) for op in ("ComplexAbs", "Real", "Imag", "Conj", "Angle")
    )
    for points in (8, 12, 100, 7):
        yield from (case(op, noise(3, points), dtypes=complexes[:1]) for op in ("FFT", "IFFT"))
        yield case("RFFT", noise(3, points), np.array([points], np.int32), dtypes=("float32",))
        half = noise(3, points // 2 + 1)
        yield case("IRFFT", half, np.array([points], np.int32), dtypes=("complex64",))
    yield case("RFFT", noise(3, 8), np.array([5], np.int32), dtypes=("float32",))
    yield from (case(op, noise(4, 6), dtypes=complexes[:1]) for op in ("FFT2D", "IFFT2D"))
    yield case("FFT3D", noise(2, 4, 6), dtypes=complexes[:1])
    yield case("RFFT2D", noise(4, 6), np.array([4, 6], np.int32), dtypes=("float32",))
    yield case("IRFFT2D", noise(4, 4), np.array([4, 6], np.int32), dtypes=("complex64",))


#: Of each optimiser how many slots it has, of which kind, and its settings in the order of the op, g the gradient.
SLOTS = (abs(noise(5)), abs(noise(5)))


def optimisers():
    """(op, slots, what follows the slots, attributes); ``g`` is the gradient."""
    g = noise(5)
    yield "GradientDescent", [], [0.1, g], {}
    for nesterov in (False, True):
        yield "Momentum", [X[0, :5]], [0.1, g, 0.9], {"use_nesterov": nesterov}
        yield "KerasMomentum", [X[0, :5]], [0.1, g, 0.9], {"use_nesterov": nesterov}
        yield (
            "Adam",
            [X[0, :5], P[0, :5]],
            [0.9, 0.999, 0.01, 0.9, 0.999, 1e-7, g],
            {"use_nesterov": nesterov},
        )
    for slots in (False, True):
        yield "Adagrad", [P[0, :5]], [0.1, g], {"update_slots": slots}
        yield "AdagradV2", [P[0, :5]], [0.1, 1e-7, g], {"update_slots": slots}
    yield "Adadelta", [P[0, :5], P[1, :5]], [0.5, 0.95, 1e-6, g], {}
    yield "AdaMax", [X[0, :5], P[0, :5]], [0.9, 0.01, 0.9, 0.999, 1e-7, g], {}
    for power in (-0.5, -0.6):
        yield "Ftrl", [P[0, :5], X[1, :5]], [g, 0.1, 0.01, 0.02, power], {}
        yield "FtrlV2", [P[0, :5], X[1, :5]], [g, 0.1, 0.01, 0.02, 0.1, power], {}
    yield "RMSProp", [P[0, :5], X[1, :5]], [0.01, 0.9, 0.8, 1e-7, g], {}
    yield "CenteredRMSProp", [X[0, :5] / 32, P[0, :5] + 1, X[1, :5]], [0.01, 0.9, 0.8, 1e-7, g], {}
    for l1 in (0.0, 2.0):
        yield "ProximalGradientDescent", [], [0.1, l1, 0.2, g], {}
        yield "ProximalAdagrad", [P[0, :5]], [0.1, l1, 0.2, g], {}
    yield "AddSign", [X[0, :5]], [0.1, 1.0, 0.9, 0.9, g], {}
    yield "PowerSign", [X[0, :5]], [0.1, 1.0, 0.9, 0.9, g], {}
