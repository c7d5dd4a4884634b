"""Cuts a query into tokens and judges each by itself; what is wrong with one does not hide what is wrong with the next."""

from __future__ import annotations

import re
from collections.abc import Collection, MutableMapping
from enum import Enum
from typing import Final, NamedTuple

from monitor.rules import regexes
from monitor.rules.mistakes import Code, Mistake, did_you_mean
from monitor.rules.nodes import EntityRef, Leaf, Meta, MetaField, Pattern, Scope, Term, Unit
from monitor.rules.terms import PLAIN, is_plainly_good, term_mistake

FARTHEST: Final = 100
MOST_COUNTED: Final = 1000

_QUOTES: Final = '"„“”‟«»'
_CLOSERS: Final = {'"': '"', "„": '“”"', "“": "”“", "”": "”", "‟": "”“", "«": "»", "»": "«»"}
_TOKEN: Final = re.compile(rf"\s*(?:([()])|([^\s(){_QUOTES}/][^\s(){_QUOTES}]*)|\"({PLAIN})\"|([{_QUOTES}])|(/)|$)")
_PARENTHESIS, _WORD, _PLAIN_PHRASE, _QUOTE = 1, 2, 3, 4
OUT_OF_PLACE: Final = {
    **{wide: f"use the plain {plain}" for wide, plain in zip("（）＊＠＝", "()*@=", strict=True)},
    **dict.fromkeys("[]{}<>\\", "group with ( and ), or quote the term"),
    "|": "write OR between terms",
}
"""Signs that no bare word holds, each with a hint: who writes one took it for a part of the language, and would find nothing."""

_OUT_OF_PLACE: Final = re.compile(f"[{re.escape(''.join(OUT_OF_PLACE))}]")
_REGEX: Final = re.compile(r"/((?:[^/\\\n]|\\.)*)/")
_FIELD: Final = re.compile(r"([^\W\d_][\w-]*):")
_OPERATOR_LIKE: Final = re.compile(
    r"(AND|OR|NOT|(?:O?NEAR|ATLEAST)(?=$|[/~:\d]))((?<=[RT])[/~:\d].*)?", re.IGNORECASE | re.DOTALL | re.ASCII
)
_SCOPES: Final = {scope.value: scope for scope in Scope}
_META_FIELDS: Final = {field.value: field for field in MetaField}
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*|und", re.ASCII)
_SITE: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_ELSEWHERE: Final = {
    "source": "site", "domain": "site", "url": "site", "inurl": "site", "headline": "title", "intitle": "title", "hlp": "lead", "ingress": "lead",
    "hd": "title", "text": "body", "content": "body", "by": "author", "language": "lang",
}  # fmt: skip
FOREIGN: Final = {"und": "AND", "oder": "OR", "nicht": "NOT", "et": "AND", "ou": "OR", "sauf": "NOT", "y": "AND", "o": "OR"}
_SIGNS: Final = {
    "&": "AND",
    "&&": "AND",
    "+": "AND",
    "|": "OR",
    "||": "OR",
    ",": "OR",
    ";": "OR",
    "!": "NOT",
    "-": "NOT",
    "–": "NOT",
    "−": "NOT",
}


class Kind(Enum):
    """What a token is to the parser."""

    OPEN = "("
    CLOSE = ")"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    NEAR = "NEAR"
    AT_LEAST = "ATLEAST"
    SCOPE = "scope"
    LEAF = "leaf"
    END = "end"


_OPERATORS: Final = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.NOT}
_OPERATOR_INITIALS: Final = frozenset("AaNnOo")


class Distance(NamedTuple):
    """What a NEAR says."""

    unit: Unit
    most: int
    is_ordered: bool


class Token(NamedTuple):
    """A piece of a query; ``value`` is its node, scope, distance or count."""

    kind: Kind
    at: int
    value: Leaf | Meta | Scope | Distance | int | None = None


Writings = MutableMapping[str, Leaf | Meta]
"""The leaves met so far by how they are written, so that a whole rule set holds each once."""

_BLANK: Final = Term(text="…")


class Lexer:
    """Reads one query. ``mistakes`` gathers what is wrong; every bad token is followed by a blank one, so that the parser can go on."""

    def __init__(self, query: str, entities: Collection[str], writings: Writings) -> None:
        self.query, self.mistakes = query, list[Mistake]()
        self._entities, self._writings = entities, writings
        self._tokens = list[Token]()

    def tokens(self) -> list[Token]:
        """Return the tokens, an END behind the last one."""
        at, query, tokens, writings = 0, self.query, self._tokens, self._writings
        while True:
            found = _TOKEN.match(query, at)
            assert found is not None  # the alternatives cover every character
            group = found.lastindex
            if group is None:
                tokens.append(Token(Kind.END, len(query.rstrip())))
                return tokens
            text, at = found[group], found.end()
            if group != _WORD:
                at = self._read(group, found.start(group), text, at)
            elif (operator := _OPERATORS.get(text)) is not None:
                tokens.append(Token(operator, found.start(group)))
            elif (known := writings.get(text)) is not None:
                tokens.append(Token(Kind.LEAF, found.start(group), known))
            else:
                at = self._word(found.start(group), text, at)

    def _read(self, group: int, start: int, text: str, end: int) -> int:
        """Read a token that is no word; return where the next begins."""
        if group == _PARENTHESIS:
            self._tokens.append(Token(Kind.OPEN if text == "(" else Kind.CLOSE, start))
            return end
        if group == _PLAIN_PHRASE:
            writing = f'"{text}"'
            node = self._writings.get(writing)
            if node is None:  # nothing to judge: its form is that of plainly good terms
                node = self._writings[writing] = Term(text=text, is_phrase=True)
            self._tokens.append(Token(Kind.LEAF, start - 1, node))
            return end
        return self._phrase(start, start, is_exact=False) if group == _QUOTE else self._regex(start)

    def _leaf(self, at: int, node: Leaf | Meta | None) -> None:
        self._tokens.append(Token(Kind.LEAF, at, node or _BLANK))

    def _say(self, code: Code, at: int, message: str, hint: str | None = None) -> None:
        self.mistakes.append(Mistake(code, at, message, hint))

    # ---- quoted and slashed

    def _phrase(self, at: int, quote: int, *, is_exact: bool) -> int:
        inside, end = self._quoted(quote)
        if inside is not None:
            self._term(at, " ".join(inside.split()), is_exact=is_exact, is_phrase=True)
        else:
            self._leaf(at, None)
        return end

    def _quoted(self, quote: int) -> tuple[str | None, int]:
        """Return what stands between quotation marks, and where to read on."""
        closers = _CLOSERS[self.query[quote]]
        ends = [found for closer in closers if (found := self.query.find(closer, quote + 1)) > 0]
        if not ends:
            self._say(Code.QUOTE, quote, "a quotation mark is opened here and never closed", f"close it with {closers[0]}")
            return None, len(self.query)
        return self.query[quote + 1 : min(ends)], min(ends) + 1

    def _regex(self, at: int) -> int:
        found = _REGEX.match(self.query, at)
        if found is None:
            self._say(
                Code.REGEX,
                at,
                "a regular expression is opened here and never closed",
                "close it with /, or quote a term that begins with /",
            )
            self._leaf(at, None)
            return len(self.query)
        node = self._writings.get(found[0])
        if node is None:
            try:
                node = self._writings[found[0]] = Pattern(text=found[1], literals=regexes.check(found[1]))
            except regexes.Bad as bad:
                self._say(Code.REGEX, at + 1 + bad.at, str(bad), bad.hint)
        self._leaf(at, node)
        return found.end()

    # ---- words

    def _word(self, at: int, word: str, end: int) -> int:
        if is_plainly_good(word) and word[0] not in _OPERATOR_INITIALS:
            node = self._writings[word] = Term(text=word)
            self._leaf(at, node)
            return end
        if ":" in word and (field := _FIELD.match(word)):
            return self._field(at, field[1], at + field.end())
        first = word[0]
        if first == "@":
            self._entity(at, word)
        elif first == "=":
            return self._exact(at, word, end)
        elif not self._operator_like(at, word):
            self._bare(at, word)
        return end

    def _bare(self, at: int, word: str) -> None:
        if word in _SIGNS or (word[0] in "-+!–−" and len(word) > 1):
            operator = _SIGNS.get(word) or _SIGNS[word[0]]
            self._say(Code.CHAR, at, f"'{word[:2] if word in _SIGNS else word[0]}' is no operator", f"write {operator}, or quote the term")
            self._leaf(at, None)
        elif word[-1] in ",;、，；" and len(word) > 1:
            self._say(Code.CHAR, at + len(word) - 1, f"'{word[-1]}' cannot end a term", "write OR or AND between terms")
            self._leaf(at, None)
        elif sign := _OUT_OF_PLACE.search(word):
            self._say(Code.CHAR, at + sign.start(), f"'{sign[0]}' cannot stand in a term", OUT_OF_PLACE[sign[0]])
            self._leaf(at, None)
        else:
            self._term(at, word, is_exact=False, is_phrase=False)

    def _operator_like(self, at: int, word: str) -> bool:
        """Read NEAR and ATLEAST, and what was meant as an operator in other letters; False for any other word."""
        found = _OPERATOR_LIKE.fullmatch(word)
        if found is None:
            return False
        name, distance = found[1], found[2] or ""
        if not name.isupper():
            meant = name.upper() + (distance or ("/8" if "NEAR" in name.upper() else ""))
            self._say(
                Code.CASE, at, f"operators are written in capitals: '{word}'", f'write {meant}, or "{word}" in quotation marks for the word'
            )
        if name.upper() in _OPERATORS:
            self._tokens.append(Token(_OPERATORS[name.upper()], at))
        elif name.upper() == "ATLEAST":
            self._at_least(at, word, distance)
        else:
            self._near(at, word, distance, is_ordered=name.upper() == "ONEAR", is_told=not name.isupper())
        return True

    def _near(self, at: int, word: str, distance: str, *, is_ordered: bool, is_told: bool) -> None:
        unit, most, said = Unit.WORDS, 0, distance[1:]
        if distance in {"/s", "/p"}:
            unit = Unit(said)
        elif distance[:1] == "/" and said.isascii() and said.isdigit() and len(said) <= 4 and int(said) <= FARTHEST:
            most = int(said)
        elif not is_told:
            hint = f"for instance NEAR/{re.sub('[^0-9]', '', distance)[:2] or 8}"
            self._say(Code.NEAR, at, f"'{word}' needs a distance: /0 to /{FARTHEST} words, /s sentence or /p paragraph", hint)
        self._tokens.append(Token(Kind.NEAR, at, Distance(unit, most, is_ordered)))

    def _at_least(self, at: int, word: str, count: str) -> None:
        said = count[1:]
        number = int(said) if count[:1] == "/" and said.isascii() and said.isdigit() and len(said) <= 4 else 0
        if not 1 <= number <= MOST_COUNTED:
            self._say(Code.AT_LEAST, at, f"'{word}' needs a number from 1 to {MOST_COUNTED}", "for instance ATLEAST/3(Nvidia)")
        self._tokens.append(Token(Kind.AT_LEAST, at, max(number, 1)))

    def _entity(self, at: int, word: str) -> None:
        if word[1:] in self._entities:
            node = self._writings[word] = EntityRef(entity_id=word[1:])
            self._leaf(at, node)
            return
        hint = did_you_mean(word[1:], self._entities, "@{}") or "entities are named in entities.yaml"
        self._say(Code.ENTITY, at, f"there is no entity '{word[1:]}'", hint)
        self._leaf(at, None)

    def _exact(self, at: int, word: str, end: int) -> int:
        if len(word) > 1:
            self._term(at, word[1:], is_exact=True, is_phrase=False)
            return end
        if self.query[end : end + 1] in set(_QUOTES):
            return self._phrase(at, end, is_exact=True)
        self._say(Code.CHAR, at, "'=' stands right before the term it makes exact", 'write =WHO or ="Die Zeit"')
        self._leaf(at, None)
        return end

    def _term(self, at: int, text: str, *, is_exact: bool, is_phrase: bool) -> None:
        writing = f'{"=" * is_exact}"{text}"' if is_phrase else "=" * is_exact + text
        node = self._writings.get(writing)
        if node is None:
            mistake = None if is_plainly_good(text) else term_mistake(text, at, is_phrase=is_phrase)
            if mistake:
                self.mistakes.append(mistake)
            else:
                node = self._writings[writing] = Term(text=text, is_exact=is_exact, is_phrase=is_phrase)
        self._leaf(at, node)

    # ---- fields

    def _field(self, at: int, name: str, end: int) -> int:
        if name in _SCOPES:
            self._tokens.append(Token(Kind.SCOPE, at, _SCOPES[name]))
        elif name in _META_FIELDS:
            return self._meta(at, _META_FIELDS[name], end)
        else:
            known = [*_SCOPES, *_META_FIELDS]
            meant = _ELSEWHERE.get(name.lower())
            hint = f"did you mean {meant}:?" if meant else did_you_mean(name, known, "{}:")
            self._say(Code.FIELD, at, f"there is no field '{name}:'", hint or f"fields are {', '.join(f'{k}:' for k in known)}")
            self._tokens.append(Token(Kind.SCOPE, at, Scope.BODY))
        return end

    def _meta(self, at: int, field: MetaField, end: int) -> int:
        found = _TOKEN.match(self.query, end)
        group = found.lastindex if found else None
        if found is None or group not in {_WORD, _PLAIN_PHRASE, _QUOTE}:
            what = "a group" if found is not None and found[_PARENTHESIS] == "(" else "nothing"
            self._say(
                Code.META, at, f"{field.value}: takes one value, here is {what}", f"for instance ({field.value}:a OR {field.value}:b)"
            )
            self._leaf(at, None)
            return end
        value: str | None
        if group == _QUOTE:
            value, end = self._quoted(found.start(group))
        else:
            value, end = found[group], found.end()
        mistake = None if value is None else _meta_mistake(field, value.strip(), at)
        if mistake:
            self.mistakes.append(mistake)
        self._leaf(at, None if value is None or mistake else Meta(field=field, value=value.strip()))
        return end


def _meta_mistake(field: MetaField, value: str, at: int) -> Mistake | None:
    if field is MetaField.LANG and not _LANGUAGE.fullmatch(value):
        return Mistake(Code.META, at, f"'{value}' is no language tag", "two letters, as in lang:de")
    if field is MetaField.SITE and not _SITE.fullmatch(value):
        host = value.partition("://")[2] or value
        return Mistake(Code.META, at, f"'{value}' is no domain", f"write site:{host.partition('/')[0] or 'nzz.ch'}")
    if not any(character.isalnum() for character in value):
        return Mistake(Code.META, at, f"{field.value}: needs a value", f"for instance {field.value}:x")
    return None
