"""Which tokens an article must hold to match a query at all: what the full-text index is asked before the rules are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.model import Entity
from monitor.rules.nodes import And, AtLeast, EntityRef, Meta, Near, Node, Not, Or, Pattern, Scoped, Term
from monitor.text.boundaries import Kind, kind_of
from monitor.text.tokens import search_tokens

_WILDCARD = re.compile(r"[*?~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A folded word or a pair of characters; with ``is_prefix`` every word that begins so."""

    text: str
    is_prefix: bool = False


Group = frozenset[Token]
Needs = Sequence[Collection[Token]]
"""Of each group an article must hold at least one token. Empty: any article may match, all must be read."""


def needs_of(node: Node, entities: Iterable[Entity]) -> list[Group]:
    """Derive the needs of a parsed query; what a token cannot say (suffixes, regular expressions, metadata) needs nothing."""
    return _needs(node, {e.entity_id: e for e in entities})


def _needs(node: Node, entities: Mapping[str, Entity]) -> list[Group]:
    match node:
        case Term() | EntityRef():
            return _leaf(node, entities)
        case And():
            return [group for child in node.children for group in _needs(child, entities)]
        case Or():
            return _any([_needs(child, entities) for child in node.children])
        case Near():
            return _needs(node.left, entities) + ([] if node.is_negated else _needs(node.right, entities))
        case Scoped() | AtLeast():
            return _needs(node.child, entities)
        case Not() | Meta() | Pattern():
            return []


def _leaf(node: Term | EntityRef, entities: Mapping[str, Entity]) -> list[Group]:
    if isinstance(node, Term):
        return _term(node.text)
    return _any([_alias(a.term) for group in entities[node.entity_id].aliases.values() for a in group])


def _any(children: Sequence[list[Group]]) -> list[Group]:
    """One group for alternatives: of each the group that is likely the rarest; nothing where one of them needs nothing."""
    if not children or not all(children):
        return []
    return [frozenset(token for child in children for token in max(child, key=_rarity))]


def _rarity(group: Group) -> int:
    """The shortest token of a group, a character of a script without spaces as two."""
    return min(sum(2 if kind_of(c) is Kind.SPACELESS else 1 for c in token.text) for token in group)


def _alias(term: str) -> list[Group]:
    """An alias as written in the entities' file; its last word may carry a genitive."""
    return _term(term.lstrip("=").strip('"') + "~")


def _term(text: str) -> list[Group]:
    wild = _WILDCARD.search(text)
    kept = text[: wild.start()] if wild else text
    tokens = _tokens(kept)
    is_open = wild is not None and kept != "" and kind_of(kept[-1]) is not Kind.OTHER
    return [
        frozenset({Token(text=token, is_prefix=_is_open(token) or (is_open and i == len(tokens) - 1))}) for i, token in enumerate(tokens)
    ]


def _tokens(text: str) -> list[str]:
    """The tokens that must stand in a matching article too: of a run without spaces its pairs, a lone character only where it is all."""
    tokens = search_tokens(text)
    return [
        token
        for i, token in enumerate(tokens)
        if not (len(token) == 1 and kind_of(token) is Kind.SPACELESS and i and tokens[i - 1].endswith(token) and len(tokens[i - 1]) == 2)
    ]


def _is_open(token: str) -> bool:
    """Hangul takes particles on its right, and a lone character of a script without spaces begins many pairs."""
    kind = kind_of(token[-1])
    return kind is Kind.HANGUL or (kind is Kind.SPACELESS and len(token) == 1)
