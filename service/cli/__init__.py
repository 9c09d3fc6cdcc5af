"""The command line: parse, call the engine, print."""

from __future__ import annotations

from service.cli.program import main, program

__all__ = ["main", "program"]
