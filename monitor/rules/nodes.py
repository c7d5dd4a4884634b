"""The parts a query consists of once it is parsed; ``show`` writes one as a person would."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, assert_never


class Scope(StrEnum):
    """Where in an article a term is looked for; ``lead`` is the title and the first paragraph that is not empty."""

    TITLE = "title"
    LEAD = "lead"
    BODY = "body"


class MetaField(StrEnum):
    """What else of an article a query may ask for."""

    LANG = "lang"
    SITE = "site"
    SECTION = "section"
    AUTHOR = "author"


class Unit(StrEnum):
    """What a NEAR counts."""

    WORDS = "words"
    SENTENCE = "s"
    PARAGRAPH = "p"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Term:
    """A word or phrase as written, without quotes and ``=``. Equal only to itself: a rule set keeps one of each writing."""

    text: str
    is_exact: bool = False
    is_phrase: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pattern:
    """A regular expression between slashes; ``literals`` are what the original text must hold one of, each at least 3 letters."""

    text: str
    literals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EntityRef:
    """``@entity``."""

    entity_id: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Meta:
    """``lang:``, ``site:``, ``section:`` or ``author:`` with its value."""

    field: MetaField
    value: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scoped:
    """``title:``, ``lead:`` or ``body:`` before a term or group."""

    scope: Scope
    child: Node


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Not:
    """``NOT x``."""

    child: Node


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class And:
    """All of it; ``A NOT B`` is an And with a Not."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Or:
    """Any of it."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Near:
    """``left NEAR/n right``: at most ``most`` words between, or in one sentence or paragraph.

    ``is_ordered`` is ONEAR. With ``is_negated`` (NOT NEAR) it is a ``left`` that has no ``right`` near it.
    """

    left: Node
    right: Node
    unit: Unit
    most: int = 0
    is_ordered: bool = False
    is_negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AtLeast:
    """``ATLEAST/n(x)``: at least ``count`` occurrences that do not overlap."""

    count: int
    child: Node


Leaf: TypeAlias = Term | Pattern | EntityRef
Node: TypeAlias = Leaf | Meta | Scoped | Not | And | Or | Near | AtLeast


def show(node: Node) -> str:
    """Write a node in the rule language."""
    match node:
        case Not():
            return f"NOT {_inner(node.child)}"
        case And():
            return " AND ".join(map(_inner, node.children))
        case Or():
            return " OR ".join(map(_inner, node.children))
        case Near():
            return f"{_inner(node.left)} {operator(node)} {_inner(node.right)}"
        case Scoped():
            return f"{node.scope.value}:{_inner(node.child)}"
        case _:
            return f"ATLEAST/{node.count}({show(node.child)})" if isinstance(node, AtLeast) else show_leaf(node)


def show_leaf(node: Leaf | Meta) -> str:
    """Write a leaf or a question of metadata in the rule language."""
    match node:
        case Term():
            quoted = f'"{node.text}"' if node.is_phrase else node.text
            return f"={quoted}" if node.is_exact else quoted
        case Pattern():
            return f"/{node.text}/"
        case EntityRef():
            return f"@{node.entity_id}"
        case Meta():
            quoted = f'"{node.value}"' if any(c.isspace() for c in node.value) else node.value
            return f"{node.field.value}:{quoted}"
        case _:
            assert_never(node)


def operator(node: Near) -> str:
    """Write the operator of a NEAR."""
    word = "ONEAR" if node.is_ordered else "NEAR"
    return f"{'NOT ' if node.is_negated else ''}{word}/{node.most if node.unit is Unit.WORDS else node.unit.value}"


def _inner(node: Node) -> str:
    return f"({show(node)})" if isinstance(node, And | Or | Near | Not) else show(node)
