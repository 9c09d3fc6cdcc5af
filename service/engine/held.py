"""What every part of the engine holds: the opened parts of one shop."""

from __future__ import annotations

from service.heatmaps import HeatMaps
from service.parts import Parts


class Held:
    """The parts of one shop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._heatmaps = HeatMaps(parts)
