"""Settings files after an accident to one of their lines, for tests."""

from __future__ import annotations

import random


def line_accident(text: str, number: int) -> str:
    """The text with one line changed as people change lines by accident; ``number`` chooses which and how."""
    source = random.Random(number)
    lines = text.splitlines()
    at = source.choice([n for n, line in enumerate(lines) if line.strip()])
    line = lines[at]
    lines[at] = source.choice(
        (
            line.replace(":", "", 1), " " + line, "   " + line, "\t" + line, line[:-1], line[: len(line) // 2], f"{line}\n{line}", line.replace(" ", "", 2),
            line.replace("e", "ee", 1), line.replace("'", "", 1), line.replace("[", "", 1), line.replace("}", "", 1), f"{line} '", f"{line}: x", f"- {line}",
        )
    )  # fmt: skip
    return "\n".join(lines) + "\n"
