"""Other extractors, each as a function from markup and URL to text; those that are not installed are left out."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from trafilatura import bare_extraction

Extract = Callable[[str, str], str]
_LANGUAGE = re.compile(r"<html[^>]*\slang=[\"']?([A-Za-z]{2})")


def load(*, everyone: bool) -> dict[str, Extract]:
    """Return trafilatura's ways, and with ``everyone`` whatever else can be imported."""
    logging.disable(logging.CRITICAL)
    found: dict[str, Extract] = {
        "trafilatura default": partial(_trafilatura),
        "trafilatura fast": partial(_trafilatura, fast=True),
        "trafilatura fast + metadata": partial(_trafilatura, fast=True, with_metadata=True),
    }
    if not everyone:
        return found
    found["trafilatura precision"] = partial(_trafilatura, favor_precision=True)
    for name, module, make in _OTHERS:
        try:
            found[name] = make(import_module(module))
        except ImportError:
            continue
    return found


def warm(found: Mapping[str, Extract]) -> None:
    """Let each read pages that make it load what it loads but once, as the children do before their first page."""
    lines = "".join(f"<p>One of two sentences, long enough to be weighed, number {number}.</p>" for number in range(20))
    for line in ("12 pages of 2019, 7 in march, 31 by hand", "Short"):
        page = f"<html><head><title>Warm</title></head><body><div><span class='post-date'>{line}</span>{lines}</div></body></html>"
        for extract in found.values():
            extract(page, "https://outlet.example/warm")


def _trafilatura(markup: str, url: str, **options: Any) -> str:
    found = bare_extraction(markup, url=url, include_comments=False, **options)
    return str(found.text or "") if found else ""


def _newspaper(module: Any) -> Extract:
    return lambda markup, url: str(module.article(url, input_html=markup).text)


def _readability(module: Any) -> Extract:
    html = import_module("lxml.html")
    return lambda markup, _url: "\n".join(html.fromstring(module.Document(markup).summary()).itertext())


def _goose(module: Any) -> Extract:
    goose = module.Goose({"enable_image_fetching": False})
    return lambda markup, _url: str(goose.extract(raw_html=markup).cleaned_text)


def _resiliparse(module: Any) -> Extract:
    return lambda markup, _url: str(module.extract_plain_text(markup, main_content=True, alt_texts=False, links=False))


def _justext(module: Any) -> Extract:
    known = {
        "de": "German",
        "en": "English",
        "es": "Spanish",
        "fr": "French",
        "it": "Italian",
        "pl": "Polish",
        "pt": "Portuguese",
        "ru": "Russian",
    }

    def extract(markup: str, _url: str) -> str:
        told = _LANGUAGE.search(markup)
        stops = module.get_stoplist(known.get(told[1].lower() if told else "", "English"))
        return "\n".join(p.text for p in module.justext(markup, stops) if not p.is_boilerplate)

    return extract


_OTHERS: tuple[tuple[str, str, Callable[[Any], Extract]], ...] = (
    ("newspaper4k", "newspaper", _newspaper),
    ("readability-lxml", "readability", _readability),
    ("goose3", "goose3", _goose),
    ("resiliparse", "resiliparse.extract.html2text", _resiliparse),
    ("justext", "justext", _justext),
)
