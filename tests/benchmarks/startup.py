"""What it costs to start: CPU time of commands against a bare interpreter, medians of interleaved runs.

python -m tests.benchmarks.startup [--runs 15]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

BUDGET = 10.0
_CALL = "import sys; sys.argv[0] = 'presswatch'; from monitor.cli import main; main()"
COMMANDS: dict[str, list[str]] = {
    "bare interpreter": ["-c", "pass"],
    "import click": ["-c", "import click"],
    "presswatch --help": ["-c", _CALL, "--help"],
    "presswatch rules --help": ["-c", _CALL, "rules", "--help"],
    "presswatch config show": ["-c", _CALL, "config", "show"],
}


def cpu_s(arguments: list[str]) -> float:
    """Return the CPU seconds, user and system, of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, *arguments], check=False, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratios(names: list[str], runs: int) -> dict[str, tuple[float, float]]:
    """Return the median CPU seconds of each command and its ratio to the bare interpreter."""
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            times[name].append(cpu_s(COMMANDS[name]))
    medians = {name: statistics.median(found) for name, found in times.items()}
    return {name: (median, median / medians["bare interpreter"]) for name, median in medians.items()}


def main() -> int:
    """Print the table; exit 1 where --help costs more than its budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    found = ratios(list(COMMANDS), parser.parse_args().runs)
    for name, (median, ratio) in found.items():
        print(f"{name:<26} {median * 1000:7.1f} ms   x{ratio:.1f}")
    ratio = found["presswatch --help"][1]
    print(f"budget of --help: x{BUDGET:.0f}, found x{ratio:.1f}")
    return 0 if ratio <= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
