"""What the crawler would find wrong with an outlet's settings only when it uses them, said where they are written.

The crawler's readers are imported where they are asked: most files need none of them.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from monitor.config import models
from monitor.config.problems import did_you_mean, one_of
from monitor.config.yaml12 import Document
from monitor.config.yaml12 import Path as ValuePath
from monitor.errors import Problem


def of_fields(fields: Mapping[str, str], document: Document, path: ValuePath) -> Iterator[Problem]:
    """Say which fields are none, and which paths; unsaid, an article would come without them."""
    from crawler.sources import json_api  # noqa: PLC0415

    for name, written in fields.items():
        if name not in json_api.KNOWN:
            hint = did_you_mean(name, json_api.KNOWN) or f"known here: {one_of(json_api.FIELDS)}"
            yield document.at((*path, name), f"'{name}' is no field of an article", hint, key=True)
        elif wrong := json_api.problem(written):
            yield document.at((*path, name), wrong)


def of_links(pattern: str, document: Document, path: ValuePath) -> Iterator[Problem]:
    """Say what is wrong with a pattern of links."""
    from crawler.sources import listing  # noqa: PLC0415

    wrong = listing.problem(pattern)
    if wrong:
        yield document.at(path, wrong, "the syntax is RE2's: no look-around, no back-references")


def of_selectors(model: models.SelectorsModel, document: Document, path: ValuePath) -> Iterator[Problem]:
    """Say which CSS selectors are none; a page is read without them."""
    from cssselect import SelectorError  # noqa: PLC0415
    from lxml.cssselect import CSSSelector  # noqa: PLC0415

    one = [((key,), getattr(model, key)) for key in ("headline", "body")]
    for where, selector in [*one, *((("drop", index), each) for index, each in enumerate(model.drop))]:
        try:
            CSSSelector(selector or "*", translator="html")
        except (SelectorError, ValueError) as error:
            yield document.at((*path, *where), f"'{selector}' is no CSS selector: {error}"[:200])


def of_headers(file: Path, document: Document, path: ValuePath) -> Iterator[Problem]:
    """Say which line of a file of request headers is none, and nothing of what it holds."""
    from crawler.spiders import access  # noqa: PLC0415

    try:
        access.headers_in(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        said = "it is no text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        yield document.at(path, f"{file}: {said}", "one header a line, such as Cookie: name=value")


def of_authorities(file: Path, document: Document, path: ValuePath) -> Iterator[Problem]:
    """Say where a file holds no certificates."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except OSError:  # ssl's own errors are
        yield document.at(path, f"{file}: no certificates are in it", "certificates in PEM, each from BEGIN to END CERTIFICATE")
