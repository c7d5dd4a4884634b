"""Where drills end the process the hard way."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable


def crash_at(point: str | None) -> Callable[[str], None]:
    """End the process the hard way at a named point, the n-th time it is passed (``point:n``); drills use it."""
    name, _, number = (point or "").partition(":")
    left = int(number) if number.isdigit() else 1

    def pass_by(here: str) -> None:
        nonlocal left
        if here != name:
            return
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return pass_by if name else lambda _here: None
