"""The pages as the daemon serves them: its archive, its clock, the settings in force, and the key that messages sign links with."""

from __future__ import annotations

import secrets

from monitor import links
from monitor.config.settings import Settings
from monitor.daemon.keys import link_key
from monitor.daemon.parts import Parts
from monitor.web.site import Site


def site(parts: Parts) -> Site:
    """Return what the pages are made of."""
    return Site(archive=parts.archive, clock=parts.clock, settings=lambda: parts.in_force.settings, key=_Key(parts))


class _Key:
    """The key of the settings in force; where messages link nowhere, one that lives as long as this run signs the forms on the pages."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._own = secrets.token_bytes(links.KEY_BYTES)
        self._known: tuple[Settings, bytes] | None = None

    def __call__(self) -> bytes:
        settings = self._parts.in_force.settings
        if self._known is None or self._known[0] is not settings:
            self._known = (settings, link_key(settings) or self._own)
        return self._known[1]
