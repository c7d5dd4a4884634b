"""Cuts text for the full-text index: folded words, and pairs of characters where a script has no spaces."""

from __future__ import annotations

from typing import Final

from monitor.text.boundaries import KINDS, Kind, run_pattern
from monitor.text.fold import fold

TOKENIZER_VERSION: Final = 1
"""Stored with the index; another number means that the index has to be made anew."""

_LATIN: Final = bytes(code if KINDS[chr(code)] is Kind.WORD else 0x20 for code in range(0x100))
"""What is no part of a word in Latin-1 becomes a space: one pass over bytes instead of a search in a class of a hundred thousand."""


def search_tokens(text: str) -> list[str]:
    """Return the tokens of a text in reading order, each as often as it stands there.

    A run of a script without spaces gives its pairs and its last character, so that every character begins a token. Traditional characters
    become simplified ones whatever the language: the index serves all, and a search checks each article it finds by the rules anyway.
    """
    folded = fold(text, chinese=True)
    return [token for line in folded.split("\n") for token in _tokens(line)]


def _tokens(line: str) -> list[str]:
    """The tokens of one line: no run goes beyond it."""
    try:
        return line.encode("latin-1").translate(_LATIN).decode("latin-1").split()
    except UnicodeEncodeError:
        return _runs(line)


def _runs(line: str) -> list[str]:
    """The same for every script."""
    tokens: list[str] = []
    for match in run_pattern().finditer(line):
        run = match[0]
        if match.lastgroup is None:
            tokens.append(run)
        else:
            tokens.extend(run[i : i + 2] for i in range(len(run)))
    return tokens
