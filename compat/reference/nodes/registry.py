"""Which rule an op type has, and what a rule is given."""

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, TypeVar, Union

import numpy as np

from ...arrays import Array
from ..bounds import Reference
from .whole import Whole

F = TypeVar("F", bound=Callable[..., Any])

#: What flows between nodes: an exact array of its own dtype, or an answer with what rounding may have done to it.
Flow = Union[Array, Reference]


class NodeCall(NamedTuple):
    """An op as a rule sees it: its type, its attributes, and the names of the dtypes that go in and come out."""

    op: str
    attributes: Dict[str, Any]
    inputs: Tuple[str, ...]
    outputs: Tuple[str, ...]

    def get(self, name: str, default: Any = None) -> Any:
        return self.attributes.get(name, default)

    @property
    def dtype(self) -> str:
        """Of the first output."""
        return self.outputs[0]


class Taken(Exception):
    """The result of this node is taken as recorded: what it is drawn from, or read from, is not seen.  Says why."""

    @property
    def random(self) -> bool:
        return "random" in str(self)


class NoRule(LookupError):
    """There is no rule for an op type, or none for what this node asks of it; says which."""


#: Inputs, by op, that hold what one kernel leaves for another, and no rule looks at.
UNREAD = {"FusedBatchNormGradV3": (5,)}
#: op type -> rule(call, *inputs): a Flow for the only output, or a sequence of one for each, None where it is not told.
RULES_OF_NODES: Dict[str, Callable[..., Any]] = {}


def rule_of(*ops: str) -> Callable[[F], F]:
    """Decorates the rule of these op types."""

    def register(function: F) -> F:
        for op in ops:
            if op in RULES_OF_NODES:
                raise ValueError(f"two rules of {op}")
            RULES_OF_NODES[op] = function
        return function

    return register


def answer(call: NodeCall, inputs: Sequence[Flow]) -> List[Optional[Flow]]:
    """What must come out, one for each output, None where the rule does not tell.

    Raises Taken for what is taken as recorded, NoRule where there is no rule for it.
    """
    if call.op not in RULES_OF_NODES:
        raise NoRule(call.op)
    try:
        with np.errstate(all="ignore"):
            found = RULES_OF_NODES[call.op](call, *inputs)
    except (Taken, NoRule):
        raise
    except Exception as error:  # attributes and inputs that no op takes: a store may come from anywhere
        raise NoRule(f"{call.op} of this form ({type(error).__name__}: {error})"[:200]) from error
    return list(found) if isinstance(found, (tuple, list)) else [found]


def as_reference(flow: Flow, dtype: str) -> Reference:
    """What a result of that dtype is compared with."""
    if isinstance(flow, Reference):
        return flow
    flow = np.asarray(flow)
    return Reference(flow, dtype=dtype) if flow.dtype.kind in "fc" else Whole(flow, dtype=dtype)
