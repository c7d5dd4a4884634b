from __future__ import annotations

import pytest

from crawler.model import Outlet, Source, SourceKind
from crawler.spiders.access import headers_in, is_own


def outlet(home: str, *sources: str) -> Outlet:
    doors = tuple(Source(source_id=f"a#{n}", outlet_id="a", kind=SourceKind.FEED, url=url) for n, url in enumerate(sources))
    return Outlet(outlet_id="a", name="A", home=home, sources=doors)


@pytest.mark.parametrize(
    ("url", "gets_them"),
    [
        ("https://a.example/1", True),
        ("https://a.example:8443/1", True),
        ("https://feeds.a.example/rss", True),
        ("http://a.example/1", False),
        ("http://old.example/1", True),
        ("https://old.example/1", True),
        ("https://b.example/a.example", False),
        ("https://www.a.example/1", False),
        ("https://a.example.b.example/1", False),
    ],
)
def test_own_headers_go_to_written_hosts_alone_and_never_in_the_clear_where_https_was_written(url: str, gets_them: bool) -> None:  # noqa: FBT001
    assert is_own(url, outlet("https://a.example/", "https://feeds.a.example/rss", "http://old.example/rss")) is gets_them


def test_headers_are_lines_of_name_and_value() -> None:
    assert headers_in("# mine\n\nCookie: a=b: c\n X-Token : 1 \n") == (("Cookie", "a=b: c"), ("X-Token", "1"))
