"""How many processor cores there are to work with."""

from __future__ import annotations

import os


def cores() -> int:
    """Cores that this process may use, at least 1: those of its affinity where the system tells, else all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
