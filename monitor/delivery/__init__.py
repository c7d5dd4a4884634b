"""The outbox on its way out: what is due reaches its channel, again and again until it is taken or given up."""

from __future__ import annotations

from monitor.delivery.deliverer import Deliverer
from monitor.delivery.policy import Options
from monitor.delivery.ports import CircuitNews, Outbox

__all__ = ["CircuitNews", "Deliverer", "Options", "Outbox"]
