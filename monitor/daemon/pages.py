"""The pages as the daemon serves them: its archive, its clock, the settings in force, and the key that messages sign links with."""

from __future__ import annotations

import secrets

from monitor import links
from monitor.daemon.parts import Parts
from monitor.web.site import Site


def site(parts: Parts) -> Site:
    """Return what the pages are made of; where messages link nowhere, a key that lives as long as this run signs the forms."""
    own = secrets.token_bytes(links.KEY_BYTES)
    return Site(
        archive=parts.archive,
        clock=parts.clock,
        settings=lambda: parts.in_force.settings,
        key=lambda: parts.in_force.link_key or own,
    )
