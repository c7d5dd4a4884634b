"""The list of everything that happens by the clock."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from monitor.daemon import conditions
from monitor.daemon.fleet import Fleet
from monitor.daemon.gauges import measure
from monitor.daemon.health import stuck
from monitor.daemon.heartbeat import LOOK_S, Heartbeat
from monitor.daemon.jobs import Daily, Every, Timed
from monitor.daemon.node import BEAT_S
from monitor.daemon.parts import Parts
from monitor.daemon.price import Price
from monitor.daemon.reload import Reload
from monitor.daemon.tick import TICK_S, Tick
from monitor.daemon.upkeep import forget, see_to_months
from monitor.daemon.volume import listen

FILES_S = 10.0
"""Seconds between two looks at the settings files."""


def timetable(parts: Parts, *, price: Price, reload: Reload, fleet: Fleet, stopped: asyncio.Event) -> tuple[Timed, ...]:
    """Return all jobs; each is a function of its own module, and the parts are all it works on."""
    jobs: tuple[Timed, ...] = (
        Timed(name="tick", when=Every(TICK_S), work=Tick(parts, stopped)),
        Timed(name="gauges", when=Every(60.0), work=partial(measure, parts)),
        Timed(name="price", when=Every(600.0), work=price.steer),
        Timed(name="volume", when=Every(600.0), work=partial(listen, parts), is_for_all=True),
        Timed(name="sources", when=Every(600.0), work=partial(conditions.look_at_sources, parts), is_for_all=True),
        Timed(name="outlets", when=Every(3600.0), work=partial(conditions.look_at_outlets, parts), is_for_all=True),
        Timed(name="upkeep", when=Daily(3, 30), work=partial(forget, parts), is_for_all=True),
    )
    if not parts.archive.where.is_sqlite:
        jobs = (*jobs, Timed(name="months", when=Every(3600.0), work=partial(see_to_months, parts), is_for_all=True))
    if parts.node.is_one_of_many:
        ours = (
            Timed(name="node", when=Every(BEAT_S), work=fleet.beat),
            Timed(name="fleet gauges", when=Every(15.0), work=fleet.measure),
        )
        jobs = (*(_shared(parts, job) for job in jobs), *ours)
    if parts.purpose.once:
        return jobs
    heartbeat = Heartbeat(parts.archive, lambda: parts.in_force.settings.heartbeat_url, lambda: not stuck(parts))
    return (
        *jobs,
        Timed(name="files", when=Every(FILES_S), work=reload.look),
        Timed(name="heartbeat", when=Every(LOOK_S), work=heartbeat),
    )


def _shared(parts: Parts, job: Timed) -> Timed:
    """Leave to the queue which node does what is done for all."""
    return replace(job, work=parts.queue.once(job.name, job.seconds, job.work)) if job.is_for_all else job
