"""The edge where values enter a format: one jinja environment each, which escapes whatever a template is not told to trust."""

from __future__ import annotations

import re
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from monitor.model import MessageFormat

_SPECIAL = re.compile(r"([\\`*_\[\]<>~|])")
_LINE_START = re.compile(r"^([#+=-]|\d+[.)])(?=\s|$|[#+=-])")


def markdown(value: object) -> object:
    """Escape a value for CommonMark and its cousins; text a template marked safe passes."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _LINE_START.sub(lambda found: found[1][:-1] + "\\" + found[1][-1], _SPECIAL.sub(r"\\\1", value))


_LOADER: Final = PackageLoader("monitor.render", "templates")


def _environment(form: MessageFormat) -> Environment:
    return Environment(
        loader=_LOADER,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=markdown if form is MessageFormat.MARKDOWN else None,
        autoescape=form is MessageFormat.HTML,  # noqa: S701 - plain text has nothing to escape, Markdown is escaped by finalize
    )


_ENVIRONMENTS: Final = {form: _environment(form) for form in (MessageFormat.TEXT, MessageFormat.MARKDOWN, MessageFormat.HTML)}
_SUFFIX: Final = {MessageFormat.TEXT: "txt", MessageFormat.MARKDOWN: "md", MessageFormat.HTML: "html"}


def fill(name: str, form: MessageFormat, values: dict[str, object]) -> str:
    """Fill the template of a name in a format."""
    return _ENVIRONMENTS[form].get_template(f"{name}.{_SUFFIX[form]}.j2").render(values).strip("\n")
