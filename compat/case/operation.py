"""An operation: one computation, spelled side by side in every dialect; a sample fixes its inputs.

conv2d = operation("conv2d", reference=reference.conv2d)

@conv2d.on("tf1.session")
def _(tf, x, w, *, strides, padding):
    return tf.nn.conv2d(x, w, strides=[1, strides, strides, 1], padding=padding)

conv2d.sample("plus-same", x=fixtures.plus_noise(), w=fixtures.plus_filter(), strides=1, padding="SAME")
"""

import functools
import hashlib
import inspect
import json
import re
import textwrap
from typing import Any, Callable, Dict, Optional, Tuple, TypeVar, Union

import numpy as np

from ..arrays import Array
from ..errors import CompatError
from ..record.dialects import DIALECTS
from ..records import Description, Input
from ..reference.bounds import Reference
from ..reference.claims import CLAIMS
from .fixtures import Fixture

#: What an operation without a reference is judged against: a dialect, or (dialect, environment).
Against = Union[str, Tuple[str, Optional[str]], None]
F = TypeVar("F", bound=Callable[..., Any])

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*\Z")


def _named(kind, name):
    if not isinstance(name, str) or not _NAME.match(name):
        raise CompatError(
            f"{kind} name {name!r}: use letters, digits and _ . + - (it becomes part of addresses)"
        )
    return name


class Operation:
    """Implementations by dialect, and samples by name.

    ``reference`` computes the float64 answer with its rounding bounds from the same arguments as
    an implementation, without the module; see ``compat.reference``.  What has none names what it is judged
    ``against``: a dialect, or (dialect, environment), see ``compat.reference.measured``.
    """

    def __init__(
        self,
        name: str,
        reference: Optional[Callable[..., Any]] = None,
        against: Against = None,
        doc: str = "",
    ) -> None:
        self.name = _named("operation", name)
        self.reference = reference
        self.against = self._dialect_and_environment(against)
        self.doc = textwrap.dedent(doc).strip()
        self.implementations: Dict[str, Callable[..., Any]] = {}
        self.claims: Dict[str, Optional[str]] = {}
        self.samples: Dict[str, Sample] = {}

    def __repr__(self) -> str:
        return f"operation({self.name!r})"

    def _dialect_and_environment(self, against):
        if against is None:
            return None
        dialect, environment = (against, None) if isinstance(against, str) else against
        if dialect not in DIALECTS:
            raise CompatError(f"{self.name}: against {dialect!r}; there are {', '.join(DIALECTS)}")
        if self.reference is not None:
            raise CompatError(f"{self.name}: has a reference; against is for operations without one")
        return dialect, environment

    def on(self, *dialects: str, claims: Optional[str] = None) -> Callable[[F], F]:
        """Decorate the implementation for these dialects.

        It is called with the dialect's module, the inputs by position in the order in which
        ``sample`` names them, and the parameters by keyword.  It returns one tensor, or a dict of
        named tensors in the order of flow.  ``claims``: how it computes its sums where that is not the
        plain way, a name in ``compat.reference.CLAIMS``, for the bounds that it is judged by.
        """
        if claims is not None and claims not in CLAIMS:
            known = ", ".join(CLAIMS)
            raise CompatError(f"{self.name}: nobody knows the claim {claims!r}; there are {known}")
        for dialect in dialects:
            if dialect not in DIALECTS:
                raise CompatError(f"{self.name}: no dialect {dialect!r}; there are {', '.join(DIALECTS)}")
            if dialect in self.implementations:
                raise CompatError(f"{self.name}: {dialect} is spelled twice")

        def register(implementation):
            self.implementations.update(dict.fromkeys(dialects, implementation))
            self.claims.update(dict.fromkeys(dialects, claims))
            return implementation

        return register

    def sample(
        *positional: Any, expected: Any = None, doc: str = "", slow: bool = False, **arguments: Any
    ) -> "Sample":
        """``sample(name, **arguments)``: fixtures and arrays are inputs, everything else a parameter.

        ``expected``: the answer as the source of the case prints it, of several outputs a dict of
        those it prints; a test holds the reference to it.  ``slow`` samples are left out by
        ``-m "not slow"``.
        """
        # Python 3.7 has no positional-only parameters, and an argument may be called name or self.
        if len(positional) != 2:
            raise CompatError(f"sample takes one name before its arguments; got {positional[1:]!r}")
        self, name = positional
        if name in self.samples:
            raise CompatError(f"{self.name}: sample {name!r} is defined twice")
        inputs: Dict[str, Fixture] = {}
        parameters: Dict[str, Any] = {}
        for key, argument in arguments.items():
            if isinstance(argument, np.ndarray):
                argument = Fixture(f"{self.name}.{name}.{key}", argument.copy)
            (inputs if isinstance(argument, Fixture) else parameters)[key] = argument
        self.samples[name] = Sample(
            self, _named("sample", name), inputs, parameters, expected, textwrap.dedent(doc).strip(), slow
        )
        return self.samples[name]

    def source(self, dialect: str) -> str:
        """The text of the implementation, for the page that shows the spellings side by side."""
        try:
            return _source(self.implementations[dialect])
        except (OSError, TypeError):
            return ""


@functools.lru_cache(maxsize=64)  # one operation's: Python reads the whole function to find its end
def _source(implementation: Callable[..., Any]) -> str:
    return textwrap.dedent(inspect.getsource(implementation))


class Sample:
    """An operation with fixed inputs and parameters: ``conv2d[plus-same]``."""

    def __init__(
        self,
        operation: Operation,
        name: str,
        inputs: Dict[str, Fixture],
        parameters: Dict[str, Any],
        expected: Any,
        doc: str,
        slow: bool,
    ) -> None:
        self.operation = operation
        self.name = name
        self.inputs = inputs
        self.parameters = parameters
        self.expected = expected
        self.doc = doc
        self.slow = slow
        try:
            self._parameters_json = json.dumps(parameters, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError):
            raise CompatError(
                f"{self.id}: parameters are numbers, texts, booleans, None and tuples of these; "
                f"got {parameters!r}"
            ) from None

    @property
    def id(self) -> str:
        return f"{self.operation.name}[{self.name}]"

    def __repr__(self) -> str:
        return self.id

    def arrays(self) -> Dict[str, Array]:
        """The inputs as arrays, by name."""
        return {name: fixture.array for name, fixture in self.inputs.items()}

    def case_digest(self) -> str:
        """SHA-256 of what is computed: names, parameters, and the bytes of every input.

        Records of one sample are compared only where this is equal.
        """
        sha = hashlib.sha256(f"{self.id} {self._parameters_json}".encode())
        for name, fixture in self.inputs.items():
            sha.update(f" {name} {fixture.dtype} {fixture.digest}".encode())
        return sha.hexdigest()

    def refer(self) -> Optional[Dict[str, Reference]]:
        """The references by output name, or None where the operation has none.

        Returns a dict; an operation of one output names it ``y``.
        """
        if self.operation.reference is None:
            return None
        result = self.operation.reference(*self.arrays().values(), **self.parameters)
        return result if isinstance(result, dict) else {"y": result}

    def describe(self, path: str) -> Description:
        """What is kept of the sample beside its records; ``path``: of its case file."""
        operation = self.operation
        return Description(
            operation=operation.name,
            name=self.name,
            case=self.case_digest(),
            path=path,
            doc=self.doc,
            operation_doc=operation.doc,
            parameters=json.loads(self._parameters_json),
            inputs={
                name: Input(fixture.name, fixture.dtype, fixture.digest)
                for name, fixture in self.inputs.items()
            },
            sources={dialect: operation.source(dialect) for dialect in operation.implementations},
            against=list(operation.against) if operation.against else None,
        )


def operation(
    name: str,
    reference: Optional[Callable[..., Any]] = None,
    against: Against = None,
    doc: str = "",
) -> Operation:
    """A new operation. The case file binds it to a name at its top level; that is how it is found."""
    return Operation(name, reference, against, doc)
