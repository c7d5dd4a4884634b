"""What is on its way through the spider of this node: under which claim, and who waits for it to land."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from crawler.model import Entry
from monitor.model import Claim


@dataclass(slots=True, kw_only=True, eq=False)
class Flight:
    """One poll or fetch. ``is_last`` says of a poll that nothing else of its source is due: if it brings nothing the claim ends with it.

    Once it has landed ``is_recorded`` says whether it was written, ``has_ended`` whether the claim was ended too, and ``new`` holds
    the entries that a poll brought.
    """

    claim: Claim | None = None
    is_last: bool = False
    is_recorded: bool = False
    has_ended: bool = False
    new: Sequence[Entry] = ()
    landed: asyncio.Event = field(default_factory=asyncio.Event)


class Flights:
    """All of them, by source and by entry."""

    def __init__(self) -> None:
        self.sources: dict[str, Flight] = {}
        self.entries: dict[int, Flight] = {}
        self.fetching: Counter[str] = Counter()
        self._outlets: dict[int, str] = {}
        self._heard: set[str] = set()

    def __len__(self) -> int:
        """How many are on their way."""
        return len(self.sources) + len(self.entries)

    @property
    def is_first_pass(self) -> bool:
        """Whether a source is on its way for the first time in this run, or an entry is."""
        return bool(self.sources.keys() - self._heard or self.entries)

    def took_poll(self, source_id: str, flight: Flight) -> None:
        """Note that a poll is on its way."""
        self.sources[source_id] = flight

    def took_entry(self, entry: Entry, flight: Flight) -> None:
        """Note that an entry is on its way."""
        assert entry.entry_id is not None
        self.entries[entry.entry_id] = flight
        self._outlets[entry.entry_id] = entry.outlet_id
        self.fetching[entry.outlet_id] += 1

    def poll_landed(self, source_id: str, flight: Flight) -> None:
        """Note that it is over, whatever came of it."""
        if self.sources.get(source_id) is flight:
            del self.sources[source_id]
            self._heard.add(source_id)
        flight.landed.set()

    def entry_landed(self, entry_id: int | None, flight: Flight) -> None:
        """The same of an entry."""
        if entry_id is not None and self.entries.get(entry_id) is flight:
            del self.entries[entry_id]
            self.fetching[self._outlets.pop(entry_id)] -= 1
        flight.landed.set()

    def recall(self) -> None:
        """Forget them all: their claims are lost."""
        for source_id, flight in list(self.sources.items()):
            self.poll_landed(source_id, flight)
        for entry_id, flight in list(self.entries.items()):
            self.entry_landed(entry_id, flight)
