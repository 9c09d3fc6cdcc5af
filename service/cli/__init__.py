"""The command line: parse, call the engine, print."""

from __future__ import annotations

from service.cli.program import console, main, program

__all__ = ["console", "main", "program"]
