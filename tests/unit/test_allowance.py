"""A day's pages of an outlet end, the next day begins anew, and a restart does not forget."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from structlog.testing import capture_logs

from monitor.archive import Archive
from monitor.daemon.allowance import Allowance
from tests.archives import NOW, entry, outlet


class Counted:
    """An archive that knows how much each outlet brought today."""

    def __init__(self, **brought: int) -> None:
        self.brought = brought

    async def read(self, _work: Callable[[Any], Any]) -> dict[str, int]:
        return self.brought


PAPER = outlet("Alpenpost", articles_per_day=10)
NEWS = entry("alpenpost", "a")
PAST = entry("alpenpost", "b", is_backfill=True)


def allowance(**brought: int) -> Allowance:
    return Allowance(cast("Archive", Counted(**brought)))


async def test_a_days_pages_end_and_it_is_told_once() -> None:
    today = allowance()
    await today.begin(NOW)
    taken = 0
    with capture_logs() as said:
        while today.has_room(PAPER, NEWS):
            today.take("alpenpost")
            taken += 1
        assert not today.has_room(PAPER, NEWS)
    assert taken == 10
    assert [line["outlet"] for line in said] == ["alpenpost"]


async def test_a_backfill_leaves_a_fifth_to_the_news() -> None:
    today = allowance(alpenpost=8)
    await today.begin(NOW)
    assert not today.has_room(PAPER, PAST)
    assert today.has_room(PAPER, NEWS)


async def test_a_restart_takes_what_was_used_from_the_archive_and_a_new_day_begins_anew() -> None:
    archive = Counted(alpenpost=10)
    today = Allowance(cast("Archive", archive))
    await today.begin(NOW)
    assert not today.has_room(PAPER, NEWS)
    assert today.renewed_at == NOW.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    archive.brought = {}
    await today.begin(NOW + timedelta(hours=2))
    assert not today.has_room(PAPER, NEWS)
    await today.begin(today.renewed_at)
    assert today.has_room(PAPER, NEWS)
