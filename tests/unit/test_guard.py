from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import guard

CANARY = "127.0.9.9"
OPEN = ("127.0.1.0/24",)
SPELLINGS = [
    "http://127.0.9.9/secret", "http://2130708745/", "http://0x7f000909/", "http://0177.0.011.011/", "http://127.2313/", "http://[::ffff:7f00:909]/",
    "http://127.0.9.9./", "http://①②⑦.0.9.9/", "HTTP://127.0.9.9/", "http://[::1]/", "http://0/", "http://10.0.0.1/", "http://169.254.169.254/latest/",
    "http://[fd00:ec2::254]/", "http://100.64.0.1/", "http://192.0.2.1/", "http://[2002:7f00:909::]/", "http://[64:ff9b::7f00:909]/", "http://224.0.0.1/",
]  # fmt: skip


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_of_a_private_address_may_be_asked_for(url: str) -> None:
    assert guard.check_url(url) is not None
    assert guard.check_url(url, open_networks=OPEN) is not None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "scheme"),
        ("ftp://a.example/", "scheme"),
        ("data:text/html,x", "scheme"),
        ("gopher://a.example/", "scheme"),
        ("http://user@a.example/", "user name"),
        ("http://127.0.1.1:80@127.0.9.9/", "user name"),
        ("http://a.example\\@b.example/", "backslash"),
        ("http://a.example/\x01x", "control"),
        ("//a.example/", "relative"),
        ("http://a.example:22/", "port 22"),
        ("https://a.example:6379/", "port 6379"),
        ("http://1.1.1.1:25/", "port 25"),
        ("http://a.example/" + "x" * 2_000, "characters"),
    ],
)
def test_the_reason_for_a_refusal_is_named(url: str, reason: str) -> None:
    assert reason in (guard.check_url(url) or "")


@pytest.mark.parametrize(
    "url",
    ["http://a.example/", "https://a.example:8443/x?y", "http://1.1.1.1/", "https://[2606:4700::1111]/", "http://bücher.example:8080/"],
)
def test_public_urls_may_be_asked_for(url: str) -> None:
    assert guard.check_url(url) is None


def test_inside_an_open_network_every_port_is_allowed() -> None:
    assert guard.check_url("http://127.0.1.7:18080/rss.xml", open_networks=OPEN) is None
    assert guard.check_url("http://127.0.9.9:18080/rss.xml", open_networks=OPEN) is not None
    assert guard.check_url("http://feeds.example:18080/", open_networks=OPEN) is None  # the address decides when it is dialled
    assert guard.may_dial("127.0.1.7", 18080, open_networks=OPEN) is None
    assert guard.may_dial("::ffff:127.0.1.7", 18080, open_networks=OPEN) is None
    assert guard.may_dial("93.184.216.34", 18080, open_networks=OPEN) == "port 18080 is not one of 80, 443, 8080, 8443"
    assert guard.may_dial("fd00::5", 9, open_networks=["fd00::/8"]) is None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "192.88.99.1", "198.18.0.1", "203.0.113.1", "224.0.0.251",
        "240.0.0.1", "255.255.255.255", "0.0.0.0", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001::1", "2001:db8::1", "3fff::1",
        "64:ff9b::808:808", "64:ff9b:1::1", "2002:a00:1::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8", "100::1", "100:0:0:1::1", "fec0::1", "5f00::1",
        "::ffff:0:127.0.0.1", "1::1", "4000::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_never_dialled(address: str) -> None:
    assert guard.may_dial(address, 443) is not None


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1", "2002:808:808::1"])
def test_public_addresses_are_dialled(address: str) -> None:
    assert guard.may_dial(address, 443) is None


def test_what_is_no_address_is_never_dialled() -> None:
    assert "no IP address" in (guard.may_dial("localhost", 80) or "")


def test_a_network_that_is_none_is_an_error_of_the_operator() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        guard.may_dial("127.0.0.1", 80, open_networks=["home"])


@given(st.ip_addresses(), st.integers(0, 65535))
def test_what_is_dialled_is_global_and_on_a_usual_port(address: object, port: int) -> None:
    if guard.may_dial(str(address), port) is None:
        assert port in guard.PORTS
        dialled = ip_address(str(address))
        assert dialled.is_global or str(dialled).startswith("2002:")
        assert not dialled.is_multicast
