"""Cuts text for the full-text index: folded words, and pairs of characters where a script has no spaces."""

from __future__ import annotations

from typing import Final

from monitor.text.boundaries import run_pattern
from monitor.text.fold import fold

TOKENIZER_VERSION: Final = 1
"""Stored with the index; another number means that the index has to be made anew."""


def search_tokens(text: str) -> list[str]:
    """Return the tokens of a text in reading order, each as often as it stands there.

    A run of a script without spaces gives its pairs and its last character, so that every character begins a token. Traditional characters
    become simplified ones whatever the language: the index serves all, and a search checks each article it finds by the rules anyway.
    """
    tokens: list[str] = []
    for match in run_pattern().finditer(fold(text, chinese=True)):
        run = match[0]
        if match.lastgroup is None:
            tokens.append(run)
        else:
            tokens.extend(run[i : i + 2] for i in range(len(run)))
    return tokens
