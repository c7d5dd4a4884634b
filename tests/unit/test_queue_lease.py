"""How long a worker believes in its claims."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.queue import ALL_ROLES, Role, roles_of
from monitor.queue.lease import TRUST, Lease


class Tick:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_lease_lives_from_one_heartbeat_to_the_next() -> None:
    clock = Tick()
    lease = Lease(20.0, clock, 0.0)
    for beat in (5.0, 10.0, 15.0, 20.0):
        clock.at = beat
        lease.beaten(beat)
        assert lease.is_live()
    clock.at = 20.0 + 20.0 * TRUST
    assert lease.is_live()
    clock.at += 0.1
    assert not lease.is_live()


def test_a_heartbeat_sent_before_the_freeze_revives_nothing() -> None:
    clock = Tick()
    lease = Lease(20.0, clock, 0.0)
    clock.at = 29.0  # asleep since 5.0, with a heartbeat on its way that the server takes now
    lease.beaten(5.0)
    assert not lease.is_live()
    lease.beaten(29.0)
    assert not lease.is_live(), "what was claimed before may be another's: dead is dead"


def test_a_slow_heartbeat_counts_from_when_it_was_sent() -> None:
    clock = Tick()
    lease = Lease(20.0, clock, 0.0)
    clock.at = 14.0
    lease.beaten(5.0)
    clock.at = 19.9
    assert lease.is_live()
    clock.at = 20.1
    assert not lease.is_live()


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30)), max_size=30))
def test_a_worker_stops_believing_before_the_others_stop_waiting(beats: list[tuple[float, float]]) -> None:
    """Whatever beats arrive however late: while it believes, the last beat the server can have seen is younger than the lease."""
    clock, taken = Tick(), 0.0
    lease = Lease(20.0, clock, 0.0)
    for gap, delay in beats:
        sent = clock.at + gap
        clock.at = sent
        lease.is_live()
        clock.at = sent + delay
        was_live = lease.is_live()
        lease.beaten(sent)
        taken = clock.at if was_live else taken
        if lease.is_live():
            assert clock.at - taken < 20.0


def test_roles_are_read_by_name() -> None:
    assert roles_of("all") == ALL_ROLES == set(Role)
    assert roles_of("crawler") == {Role.CRAWLER}
