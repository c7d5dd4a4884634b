"""Pages made to choke on, read by real children under their shipped limits: each ends as an article."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from crawler.children import Children
from crawler.model import Article, Completeness, ExtractStatus
from tests import manners, pages

pytestmark = pytest.mark.asyncio(loop_scope="module")  # the children serve all tests

PARAGRAPHS = "".join(f"<p>{line}</p>" for line in pages.ENGLISH)
# Behind an honest article, each with whether the text may be cut for it.
HOSTILE = {
    "200,000 breaks": ("<br>" * 200_000, False),
    "200,000 lines": ("x<br>" * 200_000, True),
    "100,000 links": ("<a href='/x'>link</a> " * 100_000, True),
    "50,000 linked paragraphs": ("<p><a href='/x'>link</a></p>" * 50_000, True),
    "100,000 items": ("<ul>" + "<li>item" * 100_000 + "</ul>", True),
    "50,000 paragraphs": ("<p>para" * 50_000, True),
    "an attribute of 10 MB": (f"<div data-x='{'a' * 10_000_000}'></div>", False),
    "an attribute of 10 MB without quotes": (f"<div data-x={'a' * 10_000_000}></div>", False),
    "100,000 attributes": ("<div " + " ".join(f"a{n}=1" for n in range(100_000)) + "></div>", False),
    "3,000 tables": ("<table>" * 3_000, False),
    "50,000 spans": ("<span>" * 50_000, False),
    "500,000 references": ("&amp;" * 500_000, True),
    "a word of 2 MB": ("<p>" + "a" * 2_000_000 + "</p>", True),
    "CDATA": ("<![CDATA[" * 50_000, False),
    "nested JSON-LD": ("<script type='application/ld+json'>" + "[" * 100_000 + "</script>", False),
    "50,000 times": ("<time datetime='2020-01-01'>x</time>" * 50_000, True),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def children() -> AsyncIterator[Children]:
    made = Children(2)
    await made.start()
    yield made
    await made.close()


async def read(children: Children, body: str | bytes, content_type: str = "text/html; charset=utf-8", **by: object) -> Article:
    return await children.read(pages.arrival(body, content_type=content_type, by=pages.outlet(**by)))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.timeout(120)
async def test_a_page_made_to_choke_on_is_read_within_the_limits(children: Children, name: str) -> None:
    body, may_be_cut = HOSTILE[name]
    article = await read(children, pages.markup(body=PARAGRAPHS + body))
    assert (article.headline, article.extract_status) == (pages.TITLES["en"], ExtractStatus.OK)
    assert article.text.startswith(pages.ENGLISH[0])
    assert len(article.text) <= 200_000
    if not may_be_cut:
        assert [line for line in article.text.splitlines() if line in pages.ENGLISH] == list(pages.ENGLISH)


@pytest.mark.parametrize("depth", [10, 300, 1_000, 5_000, 50_000])
async def test_nesting_without_end_is_flattened(children: Children, depth: int) -> None:
    article = await read(children, pages.markup(body="<div>" * depth + PARAGRAPHS + "</div>" * depth))
    assert article.text.splitlines() == list(pages.ENGLISH)
    assert (article.completeness, article.extract_status) == (Completeness.FULL, ExtractStatus.OK)


@pytest.mark.parametrize("manner", manners.everyone(), ids=lambda manner: manner.name)
async def test_every_charset_is_read_in_a_child_too(children: Children, manner: manners.Manner) -> None:
    article = await read(children, manner.body, manner.content_type, language=manner.language, country=manner.country)
    assert (article.headline, article.text.splitlines()) == (manner.title, list(manner.lines))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "text/html"),
        (b"%PDF-1.7 " + bytes(range(256)) * 100, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(5000), "image/png"),
        (bytes(range(256)) * 1000, "text/html"),
        (b"<html></html>", "text/html"),
    ],
    ids=["empty", "PDF", "picture", "binary", "no text"],
)
async def test_what_is_no_page_stays_with_its_teaser(children: Children, body: bytes, content_type: str) -> None:
    article = await read(children, body, content_type)
    assert (article.headline, article.text, article.extract_status) == ("As listed", "What the feed said of it.", ExtractStatus.EMPTY)
    assert article.completeness is Completeness.TEASER
