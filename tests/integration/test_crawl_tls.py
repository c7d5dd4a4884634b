"""Certificates are checked, for each outlet as its operator said."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from crawler.model import Failure, FailureReason, Page, PollStatus
from tests.crawl_fakes import PAGE, Rig, Site, StubResolver, crawling, feed_reply, outlet_of

NAMES = StubResolver({"news.example": [["127.0.0.7"]], "other.example": [["127.0.0.7"]]})


def _serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


async def _ask(rig: Rig, site: Site, name: str = "news.example", **options: Any) -> Page | Failure:
    url = f"https://{name}:{site.port}"
    return await rig.fetch(f"{url}/a", outlet_of(f"{url}/feed", **options))


def _site(context: ssl.SSLContext) -> Site:
    site = Site("127.0.0.7", tls=context)
    site.answer("/a", PAGE)
    return site


async def test_a_certificate_of_a_private_authority_is_good_with_its_file_and_bad_without(authority: trustme.CA, ca_file: str) -> None:
    async with _site(_serving(authority.issue_cert("news.example"))) as site, crawling(resolver=NAMES) as rig:
        assert isinstance(await _ask(rig, site, ca_file=ca_file), Page)
        failure = await _ask(rig, site)
        assert isinstance(failure, Failure)
        assert failure.reason is FailureReason.UNREACHABLE
        assert "TLS failed" in failure.detail


async def test_a_certificate_for_another_host_is_refused(authority: trustme.CA, ca_file: str) -> None:
    async with _site(_serving(authority.issue_cert("news.example"))) as site, crawling(resolver=NAMES) as rig:
        failure = await _ask(rig, site, "other.example", ca_file=ca_file)
        assert isinstance(failure, Failure)
        assert "Hostname mismatch" in failure.detail
        assert site.hits == []


async def test_an_expired_certificate_is_refused(authority: trustme.CA, ca_file: str) -> None:
    expired = authority.issue_cert("news.example", not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2021, 1, 1, tzinfo=UTC))
    async with _site(_serving(expired)) as site, crawling(resolver=NAMES) as rig:
        failure = await _ask(rig, site, ca_file=ca_file)
        assert isinstance(failure, Failure)
        assert "expired" in failure.detail


async def test_an_outlet_may_go_unverified_and_no_other_does_for_it(authority: trustme.CA) -> None:
    async with _site(_serving(trustme.CA().issue_cert("somewhere.example"))) as site, crawling(resolver=NAMES) as rig:
        site.answer("/feed", feed_reply(f"https://news.example:{site.port}/a"))
        assert isinstance(await _ask(rig, site, verify_tls=False), Page)
        assert isinstance(await _ask(rig, site), Failure)
        outlet = outlet_of(f"https://news.example:{site.port}/feed")
        poll, _ = await rig.poll(outlet.sources[0], outlet)
        assert poll.status is PollStatus.UNREACHABLE


async def test_a_missing_authority_file_is_told(authority: trustme.CA) -> None:
    async with _site(_serving(authority.issue_cert("news.example"))) as site, crawling(resolver=NAMES) as rig:
        failure = await _ask(rig, site, ca_file="/nowhere/ca.pem")
        assert isinstance(failure, Failure)
        assert failure.reason is FailureReason.UNREACHABLE
        assert "No such file" in failure.detail
        assert site.connections == 0


async def test_a_server_that_speaks_no_tls_is_unreachable() -> None:
    async with Site("127.0.0.7") as site, crawling(resolver=NAMES, headers_s=1.0) as rig:
        failure = await _ask(rig, site)
        assert isinstance(failure, Failure)
        assert failure.reason is FailureReason.UNREACHABLE
