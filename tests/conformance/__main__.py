"""Run cases of the rule language: ``python -m tests.conformance FILE.jsonl [FILE.jsonl …]``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conformance.run import report, summary


def main(paths: list[str]) -> int:
    """Print the failing cases and the sums; return 1 when any case failed, 2 without a file."""
    if not paths:
        sys.stderr.write("usage: python -m tests.conformance FILE.jsonl …\n")
        return 2
    lines: list[str] = []
    passed = failed = 0
    for path in paths:
        some, good, bad = report(Path(path))
        lines += some
        passed, failed = passed + good, failed + bad
    sys.stdout.write(summary(lines, passed, failed) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
