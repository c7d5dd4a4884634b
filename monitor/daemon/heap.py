"""The part of the heap that stays: taken out of the garbage collector's sight, whose passes over it stop the loop."""

from __future__ import annotations

import gc


def settle() -> None:
    """Collect once and leave what is alive alone from now on; called again after a reload, whose leavings it takes.

    Ten thousand outlets with their rules are some hundred megabytes: a full pass over them held everything up for half a second.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
