"""What one state of a text says that another does not, by paragraph: pure."""

from __future__ import annotations

from difflib import SequenceMatcher

MOST_PARAGRAPHS = 2_000
"""Of longer texts no difference is worked out: comparing costs the square of their paragraphs."""


def changes(before: str, after: str) -> str | None:
    """Return the paragraphs taken out ("- ") and put in ("+ "), in the order of the text; None where there are too many to compare."""
    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) > MOST_PARAGRAPHS:
        return None
    lines: list[str] = []
    for what, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what != "equal":
            lines += [f"- {paragraph}" for paragraph in old[i:j]]
            lines += [f"+ {paragraph}" for paragraph in new[k:m]]
    return "\n".join(lines)
