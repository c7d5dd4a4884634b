"""The command line: ``presswatch NOUN VERB``. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from monitor.cli.app import run  # noqa: PLC0415 - click is paid for only by those who call

    sys.exit(run(sys.argv[1:]))
