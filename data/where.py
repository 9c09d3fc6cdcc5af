"""The filter language of ``--where`` and of the API: parsed, never run as code. See docs/where.md.

Grammar::

    any    = all ("or" all)*                all = not ("and" not)*            not = "not" not | test
    test   = "(" any ")" | column [ op value | ["not"] "in" "(" value ("," value)* ")"
                                     | ["not"] "contains" text | "is" ["not"] "null" ]
    op     = "=" | "!=" | "<" | "<=" | ">" | ">="
    column = a name of letters, digits, _ . - that does not start with a digit, or `any name` in backticks
    value  = "text" | 'text' | number | true | false
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray

from data.errors import BadFilter
from data.wherenodes import All, Any, Compare, Contains, Literal, Member, Node, Not, Null, Truth

if TYPE_CHECKING:
    from data.table import ProductTable

LONGEST_FILTER = 4096
_DEEPEST = 50
_KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "is", "null", "true", "false"})
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<tick>`[^`]+`)
      | (?P<name>[^\W\d][\w.\-]*)
      | (?P<op><=|>=|!=|<>|==|=|<|>)
      | (?P<mark>[(),])
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Where:
    """A parsed filter; ``text`` is what the user wrote."""

    text: str
    root: Node

    def mask(self, table: ProductTable) -> NDArray[np.bool_]:
        """Which rows of the table match: bool (n,). BadFilter for an unknown column or a value that cannot be
        compared with it."""
        yes, _ = self.root.answers(table)
        return yes

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns that the filter reads."""
        return frozenset(self.root.names())


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Where:
    """Parse a filter. Raises BadFilter that says what was expected, and where."""
    if len(text) > LONGEST_FILTER:
        raise BadFilter(f"the filter has {len(text):,} characters; at most {LONGEST_FILTER:,} are read")
    if not text.strip():
        raise BadFilter('the filter is empty; write for example: category = "dress" and price < 50')
    reader = _Reader(text, _tokens(text))
    root = reader.any_of(0)
    reader.finish()
    return Where(text, root)


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            left = text[at:].lstrip()
            hint = "this quote is never closed" if left[:1] in "\"'`" else "this cannot be read"
            raise BadFilter(f"{hint}, at character {len(text) - len(left) + 1} of the filter: {left[:30]!r}")
        kind, word = match.lastgroup, match.group(match.lastgroup)
        if kind == "name" and word.lower() in _KEYWORDS:
            kind, word = "word", word.lower()
        found.append(_Token(kind, word, match.start(match.lastgroup)))
        if kind == "end":
            return found
        at = match.end()


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._next = 0

    def any_of(self, depth: int) -> Node:
        parts = [self._all_of(depth)]
        while self._take("word", "or"):
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def finish(self) -> None:
        if self._here.kind != "end":
            self._fail("'and', 'or' or the end")

    @property
    def _here(self) -> _Token:
        return self._tokens[self._next]

    def _all_of(self, depth: int) -> Node:
        parts = [self._not(depth)]
        while self._take("word", "and"):
            parts.append(self._not(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _not(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise BadFilter(f"the filter is nested more than {_DEEPEST} levels deep; write it flatter")
        if self._take("word", "not"):
            return Not(self._not(depth + 1))
        if self._take("mark", "("):
            inside = self.any_of(depth + 1)
            self._need("mark", ")")
            return inside
        return self._test()

    def _test(self) -> Node:
        column = self._column()
        if self._here.kind == "op":
            op = {"==": "=", "<>": "!="}.get(self._here.text, self._here.text)
            self._next += 1
            return Compare(column, op, self._value())
        if self._take("word", "is"):
            negated = self._take("word", "not")
            self._need("word", "null")
            return Null(column, negated)
        negated = self._take("word", "not")
        if self._take("word", "in"):
            test: Node = Member(column, self._list())
        elif self._take("word", "contains"):
            test = Contains(column, self._string())
        elif negated:
            self._fail("'in' or 'contains'")
        else:
            return Truth(column)
        return Not(test) if negated else test

    def _column(self) -> str:
        token = self._here
        if token.kind not in ("name", "tick"):
            self._fail("a column name")
        self._next += 1
        return token.text.strip("`") if token.kind == "tick" else token.text

    def _list(self) -> tuple[Literal, ...]:
        self._need("mark", "(")
        values = [self._value()]
        while self._take("mark", ","):
            values.append(self._value())
        self._need("mark", ")")
        return tuple(values)

    def _value(self) -> Literal:
        token = self._here
        if token.kind == "text":
            return Literal(self._string(), token.text)
        if token.kind == "number":
            self._next += 1
            return Literal(float(token.text), token.text)
        if token.kind == "word" and token.text in ("true", "false"):
            self._next += 1
            return Literal(token.text == "true", token.text)
        if token.kind == "word" and token.text == "null":
            self._fail("a value (blanks are asked for with 'is null')")
        return self._fail('a value: "text" in quotes, a number, true or false')

    def _string(self) -> str:
        token = self._here
        if token.kind != "text":
            self._fail('a "text" in quotes')
        self._next += 1
        return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)

    def _take(self, kind: str, text: str) -> bool:
        found = self._here.kind == kind and self._here.text == text
        self._next += found
        return found

    def _need(self, kind: str, text: str) -> None:
        if not self._take(kind, text):
            self._fail(f"'{text}'")

    def _fail(self, wanted: str) -> NoReturn:
        token = self._here
        found = "the end" if token.kind == "end" else repr(token.text[:30])
        raise BadFilter(
            f"the filter needs {wanted} at character {token.at + 1}, but there is {found}", at=token.at + 1
        )
