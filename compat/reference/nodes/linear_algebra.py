"""Solvers and decompositions of matrices: bounds on norms, which every element keeps.

With L U of a matrix of n rows the computed solution solves (A + E) x = b with |E| <= gamma_3n |L||U| (Higham 2002,
theorem 9.4), a Cholesky factor has |E| <= gamma_(n + 1) |L||L'| (theorem 10.3), and with the growth of the elements
that pivoting leaves in practice, of n at most, ||E|| <= delta = n gamma_3n ||A||_F.
"""

from typing import Any, Callable, List, Optional

import numpy as np

from ..tracked import Tracked, follows
from .flows import floating
from .flows import tracked as as_tracked
from .registry import Flow, NodeCall, NoRule, rule_of


def _norm(matrix: Any) -> Any:
    return np.sqrt((abs(matrix) ** 2).sum(axis=(-2, -1), keepdims=True))


def _perturbed(p: Any, matrix: Tracked, e: Any) -> Any:
    """delta: what roundings and the error of the matrix amount to, as a norm."""
    n = matrix.value.shape[-1]
    return n * p.gamma(3 * n) * (_norm(matrix.value) + _norm(e)) + _norm(e)


def _real(call: NodeCall) -> None:
    if not floating(call.dtype):
        raise NoRule(f"{call.op} of {call.dtype}")


def _solved(matrix: Tracked, right: Tracked) -> Tracked:
    """||dx|| <= ||A^-1|| (delta ||x|| + ||db||) / (1 - ||A^-1|| delta) for every column."""
    inverse = np.linalg.inv(matrix.value)
    value = np.linalg.solve(matrix.value, right.value)
    size = np.linalg.norm(inverse, 2, axis=(-2, -1))[..., None, None]
    columns = lambda v: np.sqrt((v**2).sum(-2, keepdims=True))

    def error(p, e, b):
        delta = _perturbed(p, matrix, e)
        room = 1 - size * delta
        bound = size * (delta * columns(value) + columns(b)) / room
        return np.where(room > 0, bound, np.inf) + p.rounding(abs(value), 0.0)

    return follows(value, error, matrix, right)


@rule_of("MatrixSolve")
def _(call: NodeCall, matrix: Flow, right: Flow) -> Flow:
    _real(call)
    return _solved(_adjoint(as_tracked(matrix), call), as_tracked(right)).reference()


def _adjoint(matrix: Tracked, call: NodeCall) -> Tracked:
    return matrix.rearranged(lambda v: np.swapaxes(v, -1, -2)) if call.get("adjoint") else matrix


@rule_of("MatrixTriangularSolve")
def _(call: NodeCall, matrix: Flow, right: Flow) -> Flow:
    """The other triangle is not read."""
    _real(call)
    half = np.tril if call.get("lower", True) else np.triu
    matrix = _adjoint(as_tracked(matrix).rearranged(half), call)
    right = as_tracked(right)
    if matrix.value.shape[:-2] != right.value.shape[:-2]:
        raise NoRule("matrices that are broadcast")
    return _solved(matrix, right).reference()


@rule_of("MatrixInverse")
def _(call: NodeCall, matrix: Flow) -> Flow:
    _real(call)
    matrix = _adjoint(as_tracked(matrix), call)
    unit = np.broadcast_to(np.eye(matrix.value.shape[-1]), matrix.value.shape)
    return _solved(matrix, Tracked(unit)).reference()


@rule_of("MatrixDeterminant")
def _(call: NodeCall, matrix: Flow) -> Flow:
    """|det(A + E) / det A - 1| <= (1 + ||A^-1|| delta)^n - 1, and n roundings of the product."""
    _real(call)
    matrix = as_tracked(matrix)
    value, n = np.linalg.det(matrix.value), matrix.value.shape[-1]
    with np.errstate(all="ignore"):
        smallest = np.linalg.svd(matrix.value, compute_uv=False).min(-1)

    def error(p, e):
        delta = _perturbed(p, matrix, e)[..., 0, 0]
        return abs(value) * (np.exp(n * np.log1p(delta / smallest)) * (1 + p.gamma(n)) - 1) + p.tiny

    return follows(value, error, matrix).reference()


@rule_of("Cholesky")
def _(call: NodeCall, matrix: Flow) -> Flow:
    """||dL||_F <= ||L||_2 k / sqrt(2 (1 - 2 k)), k = ||A^-1||_2 delta (Sun 1991; Higham 2002, theorem 10.8)."""
    _real(call)
    matrix = as_tracked(matrix).rearranged(np.tril)
    full = matrix.value + np.swapaxes(np.tril(matrix.value, -1), -1, -2)
    try:
        value = np.linalg.cholesky(full)
    except np.linalg.LinAlgError:
        raise NoRule("a matrix that is not positive definite") from None
    spread = np.linalg.eigvalsh(full)
    least, most = spread[..., :1, None], spread[..., -1:, None]

    def error(p, e):
        k = 2 * _perturbed(p, matrix, e) / least
        bound = np.sqrt(most) * k / np.sqrt(2 * np.maximum(1 - 2 * k, 0))
        return np.where(k < 0.5, np.tril(np.broadcast_to(bound, value.shape)), np.inf)

    return follows(value, error, matrix).reference()


def _spectrum(matrix: Tracked, values: Callable[[Any], Any]) -> Tracked:
    """Weyl: no singular value, and no eigenvalue of a symmetric matrix, moves farther than ||E||.

    Householder's reduction and the iterations leave ||E|| <= n gamma_3n ||A||_F, as pivoting does.
    """
    value = values(matrix.value)
    return follows(value, lambda p, e: _perturbed(p, matrix, e)[..., 0] + 0 * value, matrix)


@rule_of("SelfAdjointEigV2")
def _(call: NodeCall, matrix: Flow) -> List[Optional[Flow]]:
    """The vectors are told up to their signs only."""
    _real(call)
    return [_spectrum(as_tracked(matrix).rearranged(np.tril), _eigenvalues).reference(), None]


def _eigenvalues(lower):
    return np.linalg.eigvalsh(lower)


@rule_of("Svd")
def _(call: NodeCall, matrix: Flow) -> List[Optional[Flow]]:
    """The vectors are told up to their signs only."""
    _real(call)
    matrix = as_tracked(matrix)
    if matrix.value.shape[-1] < matrix.value.shape[-2]:
        matrix = matrix.rearranged(lambda v: np.swapaxes(v, -1, -2))
    return [_spectrum(matrix, lambda v: np.linalg.svd(v, compute_uv=False)).reference(), None, None]


@rule_of("Qr")
def _(call: NodeCall, matrix: Flow) -> Flow:
    raise NoRule("factors that are told up to their signs only")
