from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler import urls

URL_PARTS = st.sampled_from([
    "http://", "https://", "HTTP://", "//", "a.example", "A.Example", "bücher.example", "xn--bcher-kva.example", "127.1", "0x7f.1", "[::1]", "[2001:db8::1]",
    ":80", ":443", ":8080", ":", "/", "/a", "/%7Eb", "/%4%31", "/%2e%2E", "/../", "/./", "/ä", "/中文", " ", "\t", "?", "&", "=", "utm_source=rss",
    "a=1", "b=%20", "fbclid=x", "PHPSESSID=abcdef0123456789abcdef0123", ";jsessionid=ABC", "#", "frag", "\\", "@", "%", "%2", "'", "<", "|", "^", "`",
    ";", "amp;utm_medium=x", "x" * 50,
])  # fmt: skip
URLS = st.lists(URL_PARTS, max_size=12).map("".join) | st.text(max_size=60)


@given(URLS)
@example("https://a.example/%2%65./x")
@example("https://a.example/;jses;jsessionid=1sionid=2")
@example("https://a.example/a/..;sid=1/b?%75tm_source=x&%2575tm_source=y")
@example("http://a.example./")
def test_a_canonical_url_is_its_own_canonical_url(url: str) -> None:
    try:
        once = urls.canonical_url(url, "https://base.example/dir/page.html?q=1")
    except ValueError:
        return
    assert urls.canonical_url(once) == once


@given(URLS)
def test_a_resolved_url_resolves_to_itself(url: str) -> None:
    try:
        once = urls.resolve(url, "https://base.example/dir/page.html?q=1")
    except ValueError:
        return
    assert urls.resolve(once) == once
    assert once.isascii()


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://a.example", "https://a.example/"),
        ("https://a.example/story.html", "https://a.example/story.html"),
        ("HTTPS://A.Example:443/Story#top", "https://a.example/Story"),
        ("http://a.example:80/", "http://a.example/"),
        ("http://a.example:8080/x", "http://a.example:8080/x"),
        ("https://a.example/s?utm_source=rss&utm_medium=feed", "https://a.example/s"),
        ("https://a.example/s?id=4&utm_source=rss&b=2", "https://a.example/s?id=4&b=2"),
        ("https://a.example/s?b=2&a=1", "https://a.example/s?b=2&a=1"),
        ("https://a.example/s?fbclid=1&gclid=2", "https://a.example/s"),
        ("https://a.example/s?id=4&amp;utm_medium=rss", "https://a.example/s?id=4"),
        ("https://a.example/p/123?f=rss", "https://a.example/p/123"),
        ("https://a.example/p/123?f=json", "https://a.example/p/123?f=json"),
        ("https://a.example/article.pl?sid=26/03/01/1234", "https://a.example/article.pl?sid=26/03/01/1234"),
        ("https://a.example/?sid=0123456789abcdef0123456789abcdef7", "https://a.example/"),
        ("https://a.example/x?PHPSESSID=q1w2e3r4t5y6u7i8o9p0a1", "https://a.example/x"),
        ("https://a.example/x;jsessionid=0A1B2C?id=1", "https://a.example/x?id=1"),
        ("https://a.example/%7euser/%e4%b8%ad", "https://a.example/~user/%E4%B8%AD"),
        ("https://a.example/中", "https://a.example/%E4%B8%AD"),
        ("https://a.example/a/./b/../c", "https://a.example/a/c"),
        ("https://a.example/s/", "https://a.example/s/"),
        ("https://a.example/s?", "https://a.example/s"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://a.example./x", "https://a.example/x"),
        ("  https://a.example/a\n/b  ", "https://a.example/a/b"),
    ],
)
def test_canonical_urls_drop_what_carries_no_meaning(url: str, canonical: str) -> None:
    assert urls.canonical_url(url) == canonical


@pytest.mark.parametrize(
    ("reference", "absolute"),
    [
        ("story.html", "https://a.example/news/story.html"),
        ("/story.html", "https://a.example/story.html"),
        ("../x", "https://a.example/x"),
        ("//b.example/x", "https://b.example/x"),
        ("?p=2", "https://a.example/news/index.html?p=2"),
        ("", "https://a.example/news/index.html?p=1"),
        ("..", "https://a.example/"),
        ("a/.", "https://a.example/news/a/"),
        ("https:story", "https://a.example/news/story"),
        ("http:b.example", "http://b.example/"),
        ("https:/b.example/x", "https://a.example/b.example/x"),
    ],
)
def test_references_are_resolved_as_browsers_do(reference: str, absolute: str) -> None:
    assert urls.resolve(reference, "https://a.example/news/index.html?p=1#x") == absolute


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://2130708745/", "127.0.9.9"),
        ("http://0x7f000909/", "127.0.9.9"),
        ("http://0177.0.011.011/", "127.0.9.9"),
        ("http://127.2313/", "127.0.9.9"),
        ("http://127.0.9.9./", "127.0.9.9"),
        ("http://①②⑦.0.9.9/", "127.0.9.9"),
        ("http://0x/", "0.0.0.0"),
        ("http://[::ffff:7f00:909]/", "[::ffff:7f00:909]"),
        ("http://[::FFFF:127.0.9.9]/", "[::ffff:7f00:909]"),
        ("http://[1:0:0:2:0:0:0:3]/", "[1:0:0:2::3]"),
        ("http://[1:0:2:3:4:5:6:7]/", "[1:0:2:3:4:5:6:7]"),
        ("http://[::]/", "[::]"),
        ("http://[10:100::1000]/", "[10:100::1000]"),
        ("http://a_b.example/", "a_b.example"),
        ("http://%61.example/", "a.example"),
    ],
)
def test_every_spelling_of_a_host_has_one_key(url: str, host: str) -> None:
    assert urls.host_key(url) == host


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "relative"),
        ("/story", "relative"),
        ("javascript:alert(1)", "scheme 'javascript'"),
        ("file:///etc/passwd", "scheme 'file'"),
        ("http://user@a.example/", "user name"),
        ("http://a.example:80@127.0.0.1/", "user name"),
        ("http://a.example\\@127.0.0.1/", "backslash"),
        ("http://a.example/\x00y", "control characters"),
        ("http://a.example/\ud800", "control characters"),
        ("http://", "no host"),
        ("http://a b/", "host name"),
        ("http://a..b/", "host name"),
        ("http://xn--/", "host name"),
        ("http://%zz/", "host name"),
        ("http://%ff/", "host name"),
        ("http://a.example:99999/", "port"),
        ("http://a.example:x/", "port"),
        ("http://1.2.3.4.5/", "IPv4"),
        ("http://1.2.3.256/", "IPv4"),
        ("http://1.2.3.09/", "IPv4"),
        ("http://foo.1/", "IPv4"),
        ("http://[::1/", "IPv6"),
        ("http://[1:2]/", "IPv6"),
        ("http://[fe80::1%25eth0]/", "IPv6"),
        ("http://a.example/" + "x" * 2_000, "2000 characters"),
    ],
)
def test_what_cannot_be_fetched_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        urls.canonical_url(url)


def test_an_entry_is_known_by_its_canonical_link() -> None:
    key = urls.entry_key(url="https://A.example/s?utm_source=x", guid="g", title="t", published_at=None, outlet_id="o")
    assert key == "https://a.example/s"


def test_entries_that_share_a_guid_stay_apart_by_their_links() -> None:
    keys = {urls.entry_key(url=f"https://a.example/{n}", guid="same", title="t", published_at=None, outlet_id="o") for n in range(3)}
    refused = {urls.entry_key(url=f"file:///{n}", guid="same", title="t", published_at=None, outlet_id="o") for n in range(3)}
    assert len(keys) == len(refused) == 3


def test_without_a_link_the_guid_counts_within_its_outlet() -> None:
    one = urls.entry_key(url=None, guid="g", title="a", published_at=None, outlet_id="o")
    assert one == urls.entry_key(url=None, guid="g", title="b", published_at=None, outlet_id="o")
    assert one != urls.entry_key(url=None, guid="g", title="a", published_at=None, outlet_id="p")
    assert len(urls.entry_key(url=None, guid="g" * 9_999, title="", published_at=None, outlet_id="o")) < 100


def test_without_link_and_guid_title_and_date_count() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    keys = {urls.entry_key(url="", guid=None, title=t, published_at=d, outlet_id="o") for t in ("a", "b") for d in (None, at)}
    assert len(keys) == 4
    assert urls.entry_key(url=None, guid="", title="\ud800", published_at=None, outlet_id="o").startswith("text:o:")


def test_a_source_id_names_its_outlet_and_hashes_its_url() -> None:
    assert urls.source_id("nzz", "https://a.example/rss") == urls.source_id("nzz", "https://a.example/rss")
    assert urls.source_id("nzz", "https://a.example/rss").startswith("nzz#")
    assert urls.source_id("nzz", "https://a.example/rss") != urls.source_id("nzz", "https://a.example/rss2")


def test_origins_keep_the_port_only_where_it_is_not_the_usual_one() -> None:
    assert urls.origin("https://A.example:443/x") == "https://a.example"
    assert urls.origin("http://a.example:8080/x") == "http://a.example:8080"
    assert urls.parse("https://a.example/").effective_port == 443
    assert urls.parse("http://a.example:81/").effective_port == 81


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NZZ", "nzz"),
        ("Der Spiegel", "der-spiegel"),
        ("heise.de", "heise.de"),
        ("Süddeutsche Zeitung", "sueddeutsche-zeitung"),
        ("Le Monde — Économie", "le-monde-economie"),
        ("  A__B  ", "a-b"),
        ("机器之心", "机器之心"),
        ("ギガジン", "ギガジン"),
        ("중앙일보", "중앙일보"),
        ("İstanbul", "istanbul"),
    ],
)
def test_slugs_are_short_and_keep_other_scripts(name: str, expected: str) -> None:
    assert urls.slug(name) == expected
    assert urls.slug(expected) == expected


def test_a_name_without_letters_has_no_slug() -> None:
    with pytest.raises(ValueError, match="no letter"):
        urls.slug("!?")


def test_a_host_longer_than_any_name_is_refused_before_it_is_mapped() -> None:
    with pytest.raises(ValueError, match="no valid host name"):
        urls.parse(f"https://{'ü' * 256}.example/")
    assert urls.host_key("https://bücher.example/") == "xn--bcher-kva.example"
