"""A person's source, edited by LibCST: what is not edited stays as it is, with its comments, byte for byte."""

import ast
import importlib
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...errors import CompatError
from ..findings import Spot


def _libcst() -> Tuple[Any, Any]:
    try:
        return importlib.import_module("libcst"), importlib.import_module("libcst.metadata")
    except ImportError:  # the command says it
        return None, None


cst, metadata = _libcst()

#: A value that no literal spells.
NOTHING = object()


def check_there() -> None:
    """Raises CompatError where LibCST is not installed."""
    if cst is None:
        raise CompatError("needs LibCST, which edits the source: pip install 'compat[mend]'")


class Place(NamedTuple):
    """Lines from 1, columns from 0, in characters; ``end`` is behind the last one."""

    line: int
    column: int
    end_line: int
    end_column: int

    def covers(self, line: int) -> bool:
        return self.line <= line <= self.end_line


class Source:
    """The text of a file, parsed.  Raises CompatError for what is no Python, or no UTF-8."""

    def __init__(self, path: str, data: bytes) -> None:
        check_there()
        self.path, self.data = path, data
        try:
            self.text = data.decode("utf-8")
            module = cst.parse_module(data)
        except (UnicodeDecodeError, cst.ParserSyntaxError, SyntaxError) as error:
            raise CompatError(
                f"{path}: is no Python that LibCST can read: {str(error).splitlines()[0]}"
            ) from None
        if module.encoding.lower().replace("_", "-") not in ("utf-8", "utf8", "utf-8-sig"):
            raise CompatError(f"{path}: is {module.encoding}, and not UTF-8")
        wrapper = metadata.MetadataWrapper(module, unsafe_skip_copy=True)
        self.module = wrapper.module
        self._places = wrapper.resolve(metadata.PositionProvider)
        self._parents = wrapper.resolve(metadata.ParentNodeProvider)
        self.calls: List[Any] = self.of(cst.Call)
        #: (node, value) of every literal, those within others as well.
        self.literals = self._literals()

    def place(self, node: Any) -> Place:
        found = self._places[node]
        return Place(found.start.line, found.start.column, found.end.line, found.end.column)

    def parent(self, node: Any) -> Any:
        return self._parents.get(node)

    def parents(self, node: Any) -> Iterator[Any]:
        while node in self._parents:
            node = self._parents[node]
            yield node

    def code(self, node: Any) -> str:
        return self.module.code_for_node(node)

    def with_(self, old: Any, new: Any) -> str:
        """The text with a node replaced."""
        return self.module.deep_replace(old, new).bytes.decode("utf-8")

    def of(self, *kinds: Any) -> List[Any]:
        found = [node for node in self._parents if isinstance(node, kinds)]
        return sorted(found, key=lambda node: self.place(node))

    def _literals(self) -> List[Tuple[Any, Any]]:
        kinds = (cst.Integer, cst.Float, cst.SimpleString, cst.UnaryOperation, cst.Name, cst.List, cst.Tuple)
        found = [(node, value_of(self, node)) for node in self.of(*kinds, cst.BinaryOperation)]
        return [(node, value) for node, value in found if value is not NOTHING and not self._inner(node)]

    def _inner(self, node: Any) -> bool:
        """Of ``-1`` the 1 alone is none, nor is a docstring, nor what is no expression, as an argument's name."""
        parent = self.parent(node)
        return (
            isinstance(parent, (cst.UnaryOperation, cst.Expr))
            or (isinstance(parent, cst.Arg) and parent.keyword is node)
            or (isinstance(parent, cst.Param) and parent.name is node)
            or isinstance(parent, cst.Attribute)
        )

    def function_of(self, node: Any) -> Any:
        """The function that a node stands in, or None."""
        return next((one for one in self.parents(node) if isinstance(one, cst.FunctionDef)), None)

    def statement_of(self, node: Any) -> Any:
        """The simple statement, or the head of a compound one."""
        for one in self.parents(node):
            if isinstance(one, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
                return one
        return self.module

    def calls_at(self, spot: Spot) -> List[Any]:
        """The call that is made there; where only the line is known, those of the statement, innermost last."""
        if spot.column >= 0:
            column = self._characters(spot.line, spot.column)
            exact = [c for c in self.calls if self.place(c)[:2] == (spot.line, column)]
            end = [c for c in exact if self.place(c).end_line == spot.end_line and
                   self.place(c).end_column == self._characters(spot.end_line, spot.end_column)]  # fmt: skip
            if end:
                return end
        return [call for call in self.calls if self._on(call, spot.line)]

    def _on(self, call: Any, line: int) -> bool:
        """Whether the call is of the smallest statement at the line."""
        statement = self.statement_of(call)
        if isinstance(statement, cst.BaseCompoundStatement) or statement is self.module:
            return self.place(call).covers(line)
        return self.place(statement).covers(line)

    def _characters(self, line: int, column: int) -> int:
        """Python counts columns in bytes."""
        lines = self.text.splitlines()
        if not 0 < line <= len(lines):
            return column
        return len(lines[line - 1].encode("utf-8")[:column].decode("utf-8", "ignore"))


def dotted(source: Source, node: Any) -> str:
    """``keras.layers.Conv2D`` of a call's function, or ""."""
    if isinstance(node, cst.Name):
        return str(node.value)
    if isinstance(node, cst.Attribute):
        before = dotted(source, node.value)
        return f"{before}.{node.attr.value}" if before else ""
    return ""


def value_of(source: Source, node: Any) -> Any:
    """The value of a literal, also of ``1 / 255.0``; NOTHING of anything else."""
    if isinstance(node, cst.Name) and node.value not in ("True", "False", "None"):
        return NOTHING
    if isinstance(node, cst.BinaryOperation):
        sides = [value_of(source, side) for side in (node.left, node.right)]
        numbers = all(type(side) in (int, float) for side in sides)
        if not numbers or not isinstance(node.operator, cst.Divide) or not sides[1]:
            return NOTHING
        return sides[0] / sides[1]
    try:
        return ast.literal_eval(source.code(node).strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return NOTHING


def spelled(value: Any, like: Optional[str] = None) -> str:
    """A value as a person writes it; ``like``: the literal that it takes the place of, for its quotes and its kind."""
    if isinstance(value, str):
        quote = like[0] if like and like[0] in "'\"" else '"'
        return f"{quote}{value}{quote}"
    if isinstance(value, float):
        digits = next(n for n in range(1, 18) if abs(float(f"{value:.{n}g}") - value) <= 1e-7 * abs(value))
        if like and re.match(r"[\d.]+e", like, re.IGNORECASE):
            mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
            return f"{mantissa}e{int(exponent)}"
        return repr(float(f"{value:.{digits}g}"))
    if isinstance(value, list) and like and like[0] == "(":
        return f"({', '.join(map(spelled, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(spelled, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(spelled, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def expression(text: str) -> Any:
    return cst.parse_expression(text)


class Argument(NamedTuple):
    """An argument of a call as it is given: the ``cst.Arg``, or None where it is left out."""

    name: str
    given: Optional[Any]


def argument(call: Any, name: str, parameters: Sequence[str]) -> Argument:
    """By keyword, else by position, where the parameters are known and nothing is unpacked before it."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return Argument(name, arg)
    if name in parameters:
        place = list(parameters).index(name)
        positional = []
        for arg in call.args:
            if arg.star or arg.keyword is not None:
                break
            positional.append(arg)
        if place < len(positional):
            return Argument(name, positional[place])
    return Argument(name, None)


def may_add(call: Any, name: str, parameters: Sequence[str]) -> bool:
    """Whether a keyword can be added: it is a parameter, and nothing that is unpacked may hold it."""
    return name in parameters and not any(arg.star for arg in call.args)


def with_argument(
    source: Source, call: Any, name: str, parameters: Sequence[str], value: str
) -> Optional[str]:
    """The text with the argument of the call replaced, or added as a keyword; None where neither can be."""
    found = argument(call, name, parameters)
    if found.given is not None:
        return source.with_(found.given.value, expression(value))
    if not may_add(call, name, parameters):
        return None
    return source.with_(call, call.with_changes(args=_added(call, name, value)))


def without_argument(source: Source, call: Any, given: Any) -> str:
    """The text without that argument of the call; behind the one before it stays what stood behind it."""
    args = [arg for arg in call.args if arg is not given]
    if args and call.args[-1] is given:
        args[-1] = args[-1].with_changes(comma=given.comma, whitespace_after_arg=given.whitespace_after_arg)
    return source.with_(call, call.with_changes(args=args))


def _added(call: Any, name: str, value: str) -> List[Any]:
    equal = cst.AssignEqual(
        whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace("")
    )
    new = cst.Arg(expression(value), keyword=cst.Name(name), equal=equal)
    args = list(call.args)
    if not args:
        return [new]
    last = args[-1]
    comma = cst.Comma(whitespace_after=_between(args))
    if isinstance(last.comma, cst.Comma):  # a trailing comma, and a comment behind it, stay where they are
        return [
            *args[:-1],
            last.with_changes(comma=comma),
            new.with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg),
        ]
    return [
        *args[:-1],
        last.with_changes(comma=comma, whitespace_after_arg=cst.SimpleWhitespace("")),
        new.with_changes(whitespace_after_arg=last.whitespace_after_arg),
    ]


def _between(args: Sequence[Any]) -> Any:
    """What stands between two arguments of the call: a space, or a new line; no comment twice."""
    space = args[-2].comma.whitespace_after if len(args) > 1 else cst.SimpleWhitespace(" ")
    if isinstance(space, cst.ParenthesizedWhitespace):
        first = space.first_line.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))
        return space.with_changes(first_line=first, empty_lines=[])
    return space


def uses_of(source: Source, name: str) -> Dict[str, int]:
    """How often a name is read and bound in the file."""
    counts = {"read": 0, "bound": 0}
    for node in source.of(cst.Name):
        if node.value != name:
            continue
        parent = source.parent(node)
        named = isinstance(parent, (cst.Param, cst.FunctionDef, cst.ClassDef)) and parent.name is node
        keyword = isinstance(parent, cst.Arg) and parent.keyword is node
        bound = named or keyword or isinstance(parent, cst.AssignTarget)
        counts["bound" if bound else "read"] += 1
    return counts


def is_shared(source: Source, node: Any) -> bool:
    """Whether a literal is what a name stands for that is read more than once, or the default of a function that is
    called more than once: others may live by it."""
    parent = source.parent(node)
    if isinstance(parent, cst.Assign):
        names = [target.target for target in parent.targets]
        return any(not isinstance(one, cst.Name) or uses_of(source, one.value)["read"] != 1 for one in names)
    if isinstance(parent, cst.Param):
        function = source.function_of(node)
        return function is None or uses_of(source, function.name.value)["read"] != 1
    return False
