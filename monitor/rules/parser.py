"""Parses a query by recursive descent; says all that is wrong with it, each with line, column, code and hint."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NoReturn, cast

from crawler.model import Place
from monitor.errors import QueryError
from monitor.rules.lexer import FOREIGN, OUT_OF_PLACE, Distance, Kind, Lexer, Token, Writings
from monitor.rules.mistakes import Code, Mistake, problems
from monitor.rules.nodes import And, AtLeast, Leaf, Meta, Near, Node, Not, Or, Scope, Scoped, Term

DEEPEST: Final = 60
_TERMS: Final = 'a term is a word, "a phrase", @an-entity or (a group)'
_BLINDING: Final = frozenset({Code.QUOTE, Code.CHAR, Code.REGEX, Code.META})
"""Mistakes of single tokens after which the structure is not what was meant."""


def parse(query: str, *, entities: Collection[str], place: Place | None = None, writings: Writings | None = None) -> Node:
    """Parse a query that may name the given entities.

    Raise ``QueryError`` with every problem, shifted to ``place``, where the query's first character stands. ``writings`` carries terms over
    from query to query, so that a rule set holds each once.
    """
    lexer = Lexer(query, entities, {} if writings is None else writings)
    tokens = lexer.tokens()
    mistakes = lexer.mistakes
    node: Node | None = None
    try:
        node = _Parser(query, tokens).whole()
    except _Stopped as stopped:
        if _is_news(stopped.mistake, mistakes, query):
            mistakes.append(stopped.mistake)
    if mistakes or node is None:
        raise QueryError(problems(mistakes, query, place))
    return node


def _is_news(mistake: Mistake, known: list[Mistake], query: str) -> bool:
    """Whether a fault of structure is one in itself, and not what bad tokens before or at it look like."""
    return not any(
        other.at == mistake.at or (other.code in _BLINDING and (other.at < mistake.at or _is_glued(query[mistake.at : other.at + 1])))
        for other in known
    )


def _is_glued(piece: str) -> bool:
    """Whether a piece ends in a sign that makes one word of what was meant as two: AND（Chips）."""
    return piece[-1:] in OUT_OF_PLACE and not any(character.isspace() for character in piece)


class _Stopped(Exception):
    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


class _Parser:
    """Reads tokens. The first thing wrong with the structure ends it: what follows would be guesswork."""

    def __init__(self, query: str, tokens: list[Token]) -> None:
        self._query, self._tokens, self._next, self._depth = query, tokens, 0, 0

    def whole(self) -> Node:
        if self._peek().kind is Kind.END:
            self._stop(Code.EMPTY, 0, "the query is empty", _TERMS)
        node = self._expression()
        token = self._peek()
        if token.kind is Kind.CLOSE:
            self._stop(Code.PAREN, token.at, "this ) closes nothing", "delete it, or open a ( before")
        self._insist_on_positive(node)
        return node

    # ---- reading

    def _expression(self) -> Node:
        """Read operands joined by AND (or a bare NOT) or by OR, never by both."""
        children = [self._proximity()]
        joined_by: Kind | None = None
        while True:
            token = self._tokens[self._next]
            kind = token.kind
            if kind is Kind.END or kind is Kind.CLOSE:
                break
            if kind is Kind.NOT:
                kind = Kind.AND
            elif kind is not Kind.AND and kind is not Kind.OR:
                self._stop(Code.JUXT, token.at, "two terms stand side by side without an operator", self._juxtaposition_hint(token))
            if joined_by is not None and kind is not joined_by:
                self._stop(
                    Code.MIX, token.at, "AND (or NOT) and OR are mixed without parentheses", "write (A OR B) AND C, or A OR (B AND C)"
                )
            joined_by = kind
            if token.kind is not Kind.NOT:
                self._next += 1
            children.append(self._proximity())
        if joined_by is None:
            return children[0]
        return Or(children=tuple(children)) if joined_by is Kind.OR else And(children=tuple(children))

    def _proximity(self) -> Node:
        """Read one operand, or two with a NEAR between."""
        left = self._operand()
        operator = self._near_operator()
        if operator is None:
            return left
        near, is_negated = operator
        right = self._operand()
        for side in (left, right):
            if (bad := unfit(side)) is not None:
                self._stop(
                    Code.NEAR_OPERAND,
                    near.at,
                    f"NEAR does not take {bad}",
                    "NEAR takes terms, phrases, entities, (A OR B) and (A NEAR/n B)",
                )
        further = self._near_operator()
        if further is not None:
            self._stop(Code.CHAIN, further[0].at, "NEAR after NEAR needs parentheses", "write (A NEAR/5 B) NEAR/5 C")
        distance = near.value
        assert isinstance(distance, Distance)  # the lexer's word for NEAR tokens
        return Near(left=left, right=right, unit=distance.unit, most=distance.most, is_ordered=distance.is_ordered, is_negated=is_negated)

    def _near_operator(self) -> tuple[Token, bool] | None:
        """Take NEAR or NOT NEAR if one comes now."""
        token = self._tokens[self._next]
        kind = token.kind
        if kind is Kind.NEAR:
            self._next += 1
            return token, False
        if kind is Kind.NOT and self._tokens[self._next + 1].kind is Kind.NEAR:
            self._next += 2
            return self._tokens[self._next - 1], True
        return None

    def _operand(self) -> Node:
        token = self._tokens[self._next]
        if token.kind is Kind.LEAF:
            self._next += 1
            return cast("Leaf | Meta", token.value)  # the lexer's word for leaves, of which there may be a million
        if token.kind is Kind.END:
            self._stop(Code.END, token.at, "the query ends where a term is missing", _TERMS)
        if token.kind is Kind.CLOSE or token.kind is Kind.AND or token.kind is Kind.OR or token.kind is Kind.NEAR:
            self._stop(Code.TERM, token.at, f"a term is missing before '{token.kind.value}'", _TERMS)
        self._next += 1
        self._depth += 1
        if self._depth > DEEPEST:
            self._stop(
                Code.PAREN,
                token.at,
                f"more than {DEEPEST} levels stand inside each other",
                "name parts of it as rules or entities of their own",
            )
        node = self._nested(token)
        self._depth -= 1
        return node

    def _nested(self, token: Token) -> Node:
        if token.kind is Kind.NOT:
            return Not(child=self._operand())
        if token.kind is Kind.SCOPE:
            if self._peek().kind is Kind.NOT:
                self._stop(Code.TERM, self._peek().at, "a field takes a term or a group", "write NOT title:x, or title:(A NOT B)")
            assert isinstance(token.value, Scope)  # the lexer's word for fields
            return Scoped(scope=token.value, child=self._operand())
        if token.kind is Kind.AT_LEAST:
            return self._at_least(token)
        return self._group(token)

    def _group(self, opened: Token) -> Node:
        node = self._expression()
        if self._peek().kind is not Kind.CLOSE:
            self._stop(Code.PAREN, opened.at, "this ( is never closed", "add the missing )")
        self._next += 1
        return node

    def _at_least(self, token: Token) -> Node:
        opened = self._peek()
        if opened.kind is not Kind.OPEN:
            self._stop(Code.AT_LEAST, token.at, "ATLEAST takes a group", "for instance ATLEAST/3(Nvidia OR AMD)")
        self._next += 1
        child = self._group(opened)
        if (bad := unfit(child)) is not None:
            self._stop(
                Code.AT_LEAST,
                token.at,
                f"ATLEAST does not take {bad}",
                "ATLEAST counts terms, phrases, entities, (A OR B) and (A NEAR/n B)",
            )
        assert isinstance(token.value, int)  # the lexer's word for ATLEAST
        return AtLeast(count=token.value, child=child)

    # ---- judging

    def _insist_on_positive(self, node: Node) -> None:
        """Every branch needs a term that must be there: by it the engine finds the article."""
        strength = _strength(node)
        if strength is None:
            self._stop(Code.NEGATIVE, 0, "nothing must be there: a rule needs one positive term in every branch", "write A NOT B")
        if strength is Meta:
            at = next(token.at for token in self._tokens if isinstance(token.value, Meta))
            self._stop(Code.META, at, "metadata alone finds every article: a rule needs a term in every branch", "add AND and a term")

    def _juxtaposition_hint(self, token: Token) -> str:
        word = self._query[token.at :].split(maxsplit=1)[0]
        if word.lower() in FOREIGN:
            return f"operators are English: write {FOREIGN[word.lower()]}"
        return "write AND, OR or NEAR/n between them, or quotation marks around a phrase"

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _stop(self, code: Code, at: int, message: str, hint: str) -> NoReturn:
        raise _Stopped(Mistake(code, at, message, hint))


def unfit(node: Node) -> str | None:  # noqa: PLR0911 - one answer for each kind of node
    """Return what in an operand has no place in the text to be near to; None where all has."""
    match node:
        case And():
            return "AND"
        case Not():
            return "NOT"
        case Meta():
            return f"{node.field.value}:"
        case AtLeast():
            return "ATLEAST"
        case Scoped():
            return unfit(node.child)
        case Or():
            return next((bad for child in node.children if (bad := unfit(child)) is not None), None)
        case _:
            return None


def _strength(node: Node) -> type[Term | Meta] | None:
    """Return ``Term`` where every branch needs a term, ``Meta`` where one needs metadata alone, None where one needs nothing."""
    match node:
        case Not():
            return None
        case Meta():
            return Meta
        case Scoped():
            return _strength(node.child)
        case And():
            strengths = [_strength(child) for child in node.children]
            return Term if Term in strengths else Meta if Meta in strengths else None
        case Or():
            strengths = [_strength(child) for child in node.children]
            return None if None in strengths else Meta if Meta in strengths else Term
        case _:
            return Term
