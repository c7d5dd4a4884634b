"""What people read: every delivery as one message per format, and every theme as a feed. Pure: values in, text out."""

from __future__ import annotations

from monitor.render.message import message

__all__ = ["message"]
