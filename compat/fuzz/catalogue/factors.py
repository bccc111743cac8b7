"""Factors, determinants and solutions, of a matrix that is well conditioned: x x^T and one more on its diagonal."""

from typing import Any, Optional

import numpy as np

from ...reference.nodes.flows import tracked
from ...reference.nodes.registry import Flow
from ..entries import WIDE, Ask, Shape, Wanted, by_node, entry, nowhere

_MADE = {
    "tf": "matrix = tf.matmul({x}, {x}, transpose_b=True) + tf.eye({n}, dtype={dtype})",
    "keras3": "matrix = keras.ops.matmul({x}, keras.ops.transpose({x})) + keras.ops.eye({n}, dtype={dtype})",
}


def _matrix(x: Any) -> Flow:
    x = tracked(x)
    return (x @ x.transpose(1, 0) + np.eye(len(x.value))).reference()


def _square(pick: Any, shape: Shape) -> Any:
    return {"n": shape[0]}, []


def _and_right(pick: Any, shape: Shape) -> Any:
    return {"n": shape[0]}, [Wanted((shape[0], pick.size("columns", 1, 3)))]


def _answered(op: str, number: int = 0, **attributes: Any) -> Any:
    rule = by_node(op, number=number, **attributes)

    def answered(ask: Ask, x: Any, *right: Any) -> Flow:
        found: Flow = rule(ask._replace(dtypes=ask.dtypes[:1] * (1 + len(right))), _matrix(x), *right)
        return found

    return answered


def _factored(
    name: str,
    answer: Any,
    text: str,
    keras: Optional[str] = None,
    old: Optional[str] = None,
    form: Any = _square,
) -> None:
    spelled = {"tf2": f"{_MADE['tf']}\n{text}", "tf1": f"{_MADE['tf']}\n{old or text}"}
    if keras:
        spelled["keras3"] = f"{_MADE['keras3']}\n{keras}"
    entry(
        name,
        answer,
        first=lambda pick: (pick.shape(2, 2), pick.flavour("normal", "integers", "halves")),
        takes=nowhere,
        form=form,
        dtypes=WIDE,
        **spelled,
    )


_factored(
    "cholesky",
    _answered("Cholesky"),
    "tf.linalg.cholesky(matrix)",
    "keras.ops.cholesky(matrix)",
    "tf.cholesky(matrix)",
)
_factored(
    "det",
    _answered("MatrixDeterminant"),
    "tf.linalg.det(matrix)",
    "keras.ops.det(matrix)",
    "tf.matrix_determinant(matrix)",
)
_factored(
    "inv",
    _answered("MatrixInverse"),
    "tf.linalg.inv(matrix)",
    "keras.ops.inv(matrix)",
    "tf.matrix_inverse(matrix)",
)
_factored(
    "solve",
    _answered("MatrixSolve"),
    "tf.linalg.solve(matrix, {y})",
    "keras.ops.solve(matrix, {y})",
    "tf.matrix_solve(matrix, {y})",
    _and_right,
)
_factored(
    "triangular_solve",
    _answered("MatrixTriangularSolve", lower=True),
    "tf.linalg.triangular_solve(matrix, {y})",
    "keras.ops.solve_triangular(matrix, {y}, lower=True)",
    "tf.matrix_triangular_solve(matrix, {y})",
    _and_right,
)
_factored(
    "eigenvalues",
    _answered("SelfAdjointEigV2"),
    "tf.linalg.eigvalsh(matrix)",
    "keras.ops.eigh(matrix)[0]",
    "tf.self_adjoint_eigvals(matrix)",
)
_factored(
    "singular_values",
    _answered("Svd"),
    "tf.linalg.svd(matrix, compute_uv=False)",
    None,
    "tf.svd(matrix, compute_uv=False)",
)
