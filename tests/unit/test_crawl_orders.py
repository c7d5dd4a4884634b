"""The queue between daemon and spider."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model import Entry, Outlet, Source, SourceKind, Validators
from crawler.ports import FetchOrder, PollOrder
from crawler.spiders.orders import Order, Orders, host_of

OUTLET = Outlet(outlet_id="o", name="O", home="https://a.example/")


def fetch(url: str | None, title: str = "") -> FetchOrder:
    return FetchOrder(entry=Entry(key=url or "", url=url, outlet_id="o", source_id="o#1", title=title), outlet=OUTLET)


def queue(most: int = 100, most_per_host: int = 10) -> Orders:
    return Orders(most=most, most_per_host=most_per_host)


async def take(orders: Orders) -> Order | None:
    return await orders.get(patience_s=0)


async def test_a_host_has_one_order_out_at_a_time_and_keeps_their_order() -> None:
    orders = queue()
    first, second = fetch("https://a.example/1"), fetch("https://a.example/2")
    assert orders.put(first)
    assert orders.put(second)
    assert await take(orders) is first
    assert await take(orders) is None
    orders.free(first)
    assert await take(orders) is second


async def test_hosts_take_turns() -> None:
    orders = queue()
    for n in range(3):
        orders.put(fetch(f"https://a.example/{n}"))
    orders.put(fetch("https://b.example/0"))
    seen = []
    for _ in range(4):
        order = await take(orders)
        assert order is not None
        seen.append(host_of(order))
        orders.free(order)
    assert seen == ["a.example", "b.example", "a.example", "a.example"]


async def test_full_is_told_for_the_host_and_for_the_whole() -> None:
    orders = queue(most=3, most_per_host=2)
    assert [orders.put(fetch("https://a.example/")) for _ in range(3)] == [True, True, False]
    assert orders.crowded_hosts == {"a.example"}
    assert orders.put(fetch("https://b.example/"))
    assert not orders.put(fetch("https://c.example/"))
    assert len(orders) == 3


async def test_a_waiting_taker_is_woken() -> None:
    orders = queue()
    taker = asyncio.create_task(orders.get(patience_s=5))
    await asyncio.sleep(0)
    order = fetch("https://a.example/")
    orders.put(order)
    assert await taker is order


async def test_freeing_twice_changes_nothing() -> None:
    orders = queue()
    first, second, third = (fetch(f"https://a.example/{n}") for n in range(3))
    for order in (first, second, third):
        orders.put(order)
    assert await take(orders) is first
    orders.free(first)
    assert await take(orders) is second
    orders.free(first)
    assert await take(orders) is third  # whoever frees a host twice breaks the rule, but never the queue
    orders.free(third)


def test_orders_that_lead_nowhere_have_a_place_too() -> None:
    assert host_of(fetch(None)) == ""
    assert host_of(fetch("javascript:alert(1)")) == ""
    source = Source(source_id="o#1", outlet_id="o", kind=SourceKind.FEED, url="HTTPS://A.Example:8443/feed")
    assert host_of(PollOrder(source=source, outlet=OUTLET, validators=Validators())) == "a.example"


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcd"), max_size=40), st.integers(1, 4))
def test_whatever_is_put_comes_out_once_and_in_order_per_host(hosts: list[str], out_at_once: int) -> None:
    async def run() -> list[Order]:
        orders = queue(most_per_host=100)
        given_ = [fetch(f"https://{host}.example/", title=str(n)) for n, host in enumerate(hosts)]
        assert all(orders.put(order) for order in given_)
        out: list[Order] = []
        taken: list[Order] = []
        while len(out) < len(given_):
            order = await orders.get(patience_s=0)
            if order is None:
                orders.free(taken.pop(0))
                continue
            out.append(order)
            taken.append(order)
            if len(taken) == out_at_once:
                orders.free(taken.pop(0))
        return out

    out = asyncio.run(run())
    for host in set(hosts):
        numbers = [int(o.entry.title) for o in out if isinstance(o, FetchOrder) and host_of(o) == f"{host}.example"]
        assert numbers == [n for n, name in enumerate(hosts) if name == host]
