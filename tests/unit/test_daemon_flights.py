"""What is on its way through the spider of a node."""

from __future__ import annotations

from crawler.model import Entry
from monitor.daemon.flights import Flight, Flights
from monitor.model import Claim

CLAIM = Claim(job_id=1, worker_id=1, attempts=0, is_live=lambda: True)


def an_entry(number: int) -> Entry:
    return Entry(key=f"k{number}", url=None, outlet_id="nzz", source_id="nzz#1", entry_id=number)


def test_an_entry_counts_for_its_outlet_until_it_has_landed() -> None:
    flights = Flights()
    one, two = Flight(), Flight(claim=CLAIM)
    flights.took_entry(an_entry(1), one)
    flights.took_entry(an_entry(2), two)
    assert (len(flights), flights.fetching["nzz"]) == (2, 2)
    flights.entry_landed(1, one)
    flights.entry_landed(1, one)
    assert (len(flights), flights.fetching["nzz"]) == (1, 1)
    assert one.landed.is_set()
    assert not two.landed.is_set()


def test_what_was_called_back_lands_unrecorded_and_its_late_return_disturbs_nobody() -> None:
    flights, old, new = Flights(), Flight(claim=CLAIM), Flight(claim=CLAIM)
    flights.took_poll("nzz#1", old)
    flights.took_entry(an_entry(1), Flight(claim=CLAIM))
    flights.recall()
    assert len(flights) == 0
    assert old.landed.is_set()
    assert not old.is_recorded
    flights.took_poll("nzz#1", new)
    flights.poll_landed("nzz#1", old)
    assert flights.sources == {"nzz#1": new}
    assert not new.landed.is_set()
