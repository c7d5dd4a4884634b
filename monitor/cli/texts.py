"""The article a rule is tried on: a text, a file, a page, or one of the archive."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from monitor.cli.given import Given
from monitor.errors import ArchiveError

if TYPE_CHECKING:
    from crawler.model import Article
    from monitor.config.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

_HTML: Final = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")


class Text:
    """What a person pointed at, not read yet."""

    def __init__(
        self, *, text: str | None, title: str, file: Path | None, url: str | None, article: int | None, language: str | None
    ) -> None:
        if sum(value is not None for value in (text, file, url, article)) != 1:
            raise click.UsageError("name exactly one of --text, --file, --url and --article")
        self._text = text
        self._title = title
        self._file = file
        self._url = url
        self._article = article
        self._language = language

    def read(self, given: Given, settings: Settings) -> Article:
        """Return the article."""
        if self._article is not None:
            return self._of_archive(given, settings, self._article)
        if self._url is not None:
            return self._of_page(given, settings, self._url)
        if self._file is not None:
            return self._of_file(given, self._file)
        return self._plain(given, self._title, self._text or "")

    def _plain(self, given: Given, title: str, text: str) -> Article:
        from crawler.model import Article  # noqa: PLC0415 - help needs no article

        now = given.clock.now()
        language = self._language or _detected(title, text)
        return Article(key="text", url="", outlet_id="", source_id="", headline=title, text=text, language=language, seen_at=now)

    def _of_file(self, given: Given, path: Path) -> Article:
        """Read a page, or a text whose first line is the headline where an empty line follows it."""
        data = path.read_bytes()
        if data.lstrip()[:200].lower().startswith(_HTML):
            return self._of_html(given, path, data)
        text = data.decode("utf-8", errors="replace").replace("\r\n", "\n")
        head, gap, rest = text.partition("\n\n")
        title, body = (head.strip(), rest) if gap and "\n" not in head.strip() and not self._title else (self._title, text)
        return self._plain(given, title, body)

    def _of_html(self, given: Given, path: Path, data: bytes) -> Article:
        from crawler.extract import read_page  # noqa: PLC0415 - reading pages is paid for only by those who read one
        from crawler.model import Arrival, Entry, Outlet, Page  # noqa: PLC0415 - the same

        now, url = given.clock.now(), self._url or "https://page.example/"
        entry = Entry(key=url, url=url, outlet_id="page", source_id="page", seen_at=now)
        page = Page(url=url, final_url=url, http_status=200, headers={"content-type": "text/html"}, body=data, fetched_at=now)
        outlet = Outlet(outlet_id="page", name=path.name, home=url, language=self._language or "")
        return read_page(Arrival(entry=entry, outlet=outlet, result=page))

    @staticmethod
    def _of_archive(given: Given, settings: Settings, article_id: int) -> Article:
        from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

        with given.archive(settings) as archive:
            found = archive.read_now(lambda tx: reads.article(tx, article_id))
        if found is None:
            raise click.ClickException(f"there is no article {article_id} in the archive")
        return found

    def _of_page(self, given: Given, settings: Settings, url: str) -> Article:
        """Take the article from the archive where it was read before; fetch the page otherwise."""
        import asyncio  # noqa: PLC0415 - only here

        from crawler.urls import canonical_url  # noqa: PLC0415 - only here

        try:
            key = canonical_url(url)
        except ValueError as error:
            raise click.UsageError(f"'{url}' cannot be fetched: {error}") from None
        return _known(given, settings, key) or asyncio.run(_fetched(given, settings, url, key))


def _known(given: Given, settings: Settings, key: str) -> Article | None:
    path = settings.archive_path
    if path is not None and not path.exists():
        return None
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    try:
        with given.archive(settings) as archive:
            return archive.read_now(lambda tx: reads.article_by_key(tx, key))
    except ArchiveError as error:
        click.echo(f"the archive does not answer ({error}); fetching the page", err=True)
        return None


async def _fetched(given: Given, settings: Settings, url: str, key: str) -> Article:
    from crawler.model import Entry  # noqa: PLC0415 - help needs no article
    from monitor.cli.probe import outlet_of, probing  # noqa: PLC0415 - the crawler is paid for only by commands that ask outlets

    outlet = outlet_of(url, settings.outlets)
    entry = Entry(key=key, url=url, outlet_id=outlet.outlet_id, source_id=outlet.outlet_id, seen_at=given.clock.now())
    async with probing(settings, given.clock) as probe:
        article = await probe.read(outlet, entry)
    if article.failure is not None:
        raise click.ClickException(f"{url}: {article.failure.value}")
    return article


def _detected(title: str, text: str) -> str:
    from crawler.extract.language import detect  # noqa: PLC0415 - the detector is paid for only where no language is named

    return detect(title, text)


def takes_text(function: F) -> F:
    """Add ``--text --title --file --url --article --lang``; the command gets ``text``."""

    @click.option("--text", metavar="TEXT", help="This text.")
    @click.option("--title", default="", metavar="TEXT", help="Its headline.")
    @click.option("--file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A text or a saved page.")
    @click.option("--url", metavar="URL", help="A page: of the archive, else fetched.")
    @click.option("--article", type=int, metavar="ID", help="An article of the archive.")
    @click.option("--lang", "language", metavar="TAG", help="The text's language; detected where it is not named.")
    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        told = {key: kwargs.pop(key) for key in ("text", "title", "file", "url", "article", "language")}
        return function(*args, text=Text(**told), **kwargs)

    return wrapped  # type: ignore[return-value]  # options return what they decorate
