"""Which URLs may be asked for and which addresses may be dialled: one gate for feeds, pages, robots.txt, sitemaps and redirects."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from crawler.urls import parse

PORTS = frozenset({80, 443, 8080, 8443})

Network = IPv4Network | IPv6Network

# The one block of IPv6 that public hosts have addresses in; NAT64, IPv4 in any other disguise and what nobody was given lie outside it.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
# What ``is_global`` of one Python version or another lets pass, or what leads into another network.
_NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "100.64.0.0/10",  # carrier-grade NAT
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved
        "2001::/23",  # protocol assignments, Teredo among them
        "3fff::/20",  # documentation
    )
)


def check_url(url: str, *, open_networks: Iterable[str] = ()) -> str | None:
    """Say why a URL may not be asked for, or None.

    A name with a port beyond the usual four passes here only where the operator opened networks; ``may_dial`` then sees the address.
    """
    try:
        address = parse(url)
    except ValueError as error:
        return f"the URL {error}"
    networks = tuple(open_networks)
    try:
        ip_address(address.host.strip("[]"))
    except ValueError:
        return None if networks else _check_port(address.effective_port)
    return may_dial(address.host.strip("[]"), address.effective_port, open_networks=networks)


def may_dial(address: str, port: int, *, open_networks: Iterable[str] = ()) -> str | None:
    """Say why an IP address may not be dialled, or None; call it with the very address the socket is about to use.

    ``open_networks`` are CIDR blocks the operator opened: inside them every port is allowed. Raises ValueError on a bad block.
    """
    try:
        dialled = ip_address(address.partition("%")[0])
    except ValueError:
        return f"{address[:60]!r} is no IP address"
    inner = _unwrapped(dialled)
    if any(inner.version == network.version and inner in network for network in _networks(open_networks)):
        return None
    if inner is not dialled and isinstance(dialled, IPv6Address) and dialled.ipv4_mapped:
        return f"{address} hides an IPv4 address"
    for candidate in (dialled, inner):
        if not _is_public(candidate):
            return f"{address} is not a public address"
    return _check_port(port)


def _networks(open_networks: Iterable[str]) -> tuple[Network, ...]:
    return _read_networks(tuple(open_networks))


@lru_cache(maxsize=1024)
def _read_networks(blocks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(block, strict=False) for block in blocks)


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address leads to."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address.sixtofour:
        return True  # judged by the IPv4 address inside
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return False
    return address.is_global and not any(address.version == network.version and address in network for network in _NEVER)


def _check_port(port: int) -> str | None:
    return None if port in PORTS else f"port {port} is not one of 80, 443, 8080, 8443"
