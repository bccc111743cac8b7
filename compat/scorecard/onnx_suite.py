"""Cases that compat did not make: the node tests of ONNX, computed by ONNX's reference and by ONNX Runtime.

The reference is the legacy side, the runtime its port, and nothing else is known of either; where one of them fails
the test by ONNX's own rule, nobody says which is right, and the test is left out.  Results of the runtime on
the test's own inputs are harmless; on inputs that were tampered with they are faults, where they leave the right ones
by more than any rounding in so small a test.
"""

from typing import Any, Callable, Dict, Iterator, List, Optional

import numpy as np

from ..arrays import Array
from ..judge.verdicts import judge_against
from ..records import PASSING
from .rules import RULES, accepted
from .trials import Trial
from .without_reference import recorded

#: What is done to the first input of floats.
_TAMPERED: Dict[str, Callable[[Array], Array]] = {
    "in reverse": lambda x: x[..., ::-1],
    "moved by one": lambda x: np.roll(x, 1, axis=-1),
    "doubled": lambda x: x * np.float32(2),
    "off by a hundredth": lambda x: x * np.float32(1.01),
    "off by a thousandth": lambda x: x * np.float32(1.001),
    "a thousandth added": lambda x: x + np.float32(1e-3),
    "cut to whole numbers": np.trunc,
    "through float16": lambda x: x.astype(np.float16).astype(np.float32),
}
_ONNX = next(rule for rule in RULES if rule.name == "ONNX backend tests")
#: Of the largest value: what leaves it by less may be rounding.
_SMALLEST = 1e-4


def missing() -> Optional[str]:
    """Why there are none here, or None."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        return f"{error.name or error} is not installed"
    return None


def trials(progress: Callable[[int, int], None] = lambda done, total: None) -> Iterator[Trial]:
    """A harmless trial of every node test of floats that both can compute, and its faults."""
    import onnxruntime
    from onnx.backend.test.case.node import collect_testcases
    from onnx.reference import ReferenceEvaluator

    onnxruntime.set_default_logger_severity(4)
    cases: List[Any] = list(collect_testcases(None))
    for number, case in enumerate(cases):
        progress(number + 1, len(cases))
        given = _floats(case)
        if given is None:
            continue
        try:
            session = onnxruntime.InferenceSession(
                case.model.SerializeToString(), providers=["CPUExecutionProvider"]
            )
            evaluator: Any = ReferenceEvaluator(case.model)
            with np.errstate(all="ignore"):
                legacy, port = evaluator.run(None, given)[0], session.run(None, given)[0]
        except Exception:  # an operation or a type that one of the two has not
            continue
        said = case.data_sets[0][1][0]
        if (
            _is_float(legacy)
            and _is_float(port)
            and accepted(_ONNX, legacy, said)
            and accepted(_ONNX, port, said)
        ):
            yield from _of_case(case.name, given, _first(evaluator), _first(session))


def _first(model: Any) -> Callable[[Dict[str, Array]], Array]:
    return lambda given: model.run(None, given)[0]


def _floats(case: Any) -> Optional[Dict[str, Array]]:
    """The inputs of a test whose first is float32 and is no scalar; None of others."""
    if case.kind != "node" or not case.data_sets:
        return None
    names = [one.name for one in case.model.graph.input]
    given = dict(zip(names, case.data_sets[0][0]))
    if not given or not all(isinstance(array, np.ndarray) for array in given.values()):
        return None
    return given if _is_float(next(iter(given.values()))) else None


def _is_float(array: Any) -> bool:
    return isinstance(array, np.ndarray) and array.dtype == np.float32 and array.ndim > 0 and array.size > 0


def _of_case(
    name: str, given: Dict[str, Array], legacy: Callable[..., Array], port: Callable[..., Array]
) -> Iterator[Trial]:
    arrays: Dict[str, Array] = {}
    try:
        base = recorded(lambda inputs: {"y": legacy(inputs)}, given, arrays)
    except Exception:  # ONNX's own reference does not compute some on inputs that were moved by a rounding
        return
    if base.random:
        return
    expected = arrays[base.outputs["y"].digest]

    def trial(what: str, inputs: Dict[str, Array], size: Optional[float]) -> Trial:
        record = recorded(lambda moved: {"y": port(moved)}, inputs, arrays)
        verdict = judge_against(
            record, arrays.__getitem__, base, arrays.__getitem__, "the port", "the legacy side"
        )
        found = arrays[record.outputs["y"].digest]
        return Trial(f"{name}{what}", found, expected, size, {"measurement": verdict.word in PASSING})

    yield trial("", given, None)
    first = next(iter(given))
    for what, tamper in _TAMPERED.items():
        inputs = dict(given, **{first: np.ascontiguousarray(tamper(given[first]))})
        try:
            size = _off(port(inputs), port(given))
        except Exception:  # not an input that it takes
            continue
        if size > _SMALLEST:
            yield trial(f", {what}", inputs, size)


def _off(found: Array, right: Array) -> float:
    """Over the largest value; infinite where numbers became none."""
    if found.shape != right.shape or not np.array_equal(np.isfinite(found), np.isfinite(right)):
        return float("inf")
    finite = np.isfinite(right)
    largest = float(np.max(np.abs(right[finite]), initial=0))
    off = float(np.max(np.abs(found[finite] - right[finite]), initial=0))
    return off / largest if largest else (float("inf") if off else 0.0)
