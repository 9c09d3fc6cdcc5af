"""The command line: parse, call the engine, print."""

from __future__ import annotations

from service.cli.app import app, main

__all__ = ["app", "main"]
