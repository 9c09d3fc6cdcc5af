"""How the service logs: one JSON object a line on standard error, whichever library speaks.

Every line has ``time`` (UTC), ``level``, ``logger`` and ``event``; those about a request also ``request_id``.
"""

from __future__ import annotations

import logging
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from service.settings import Settings

OURS = ("service", "recommender", "embedder", "index", "data", "uvicorn", "py.warnings")
LOGGER = "service.request"


def formatter(kind: str) -> logging.Formatter:
    """The formatter of all handlers. kind: ``json`` or ``text``."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if kind == "json":
        last += [
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("event"),
            _in_order,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    else:
        last.append(structlog.dev.ConsoleRenderer(timestamp_key="time", colors=False))
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last)


def log_config(settings: Settings) -> dict[str, Any]:
    """For ``logging.config.dictConfig``; plain values only, as worker processes are given it too.

    Libraries are heard from warnings on; uvicorn's own access lines, which tell addresses with everything in
    them, never.
    """
    level = settings.log_level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": "service.http.logs.formatter", "kind": settings.log_format}},
        "handlers": {
            "lines": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stderr"}
        },
        "root": {"handlers": ["lines"], "level": "WARNING" if level in ("DEBUG", "INFO") else level},
        "loggers": {
            **{name: {"level": level} for name in OURS},
            "uvicorn.access": {"level": "CRITICAL", "propagate": False},
        },
    }


def request_logger() -> Any:
    """What lines about requests are written with: keywords become keys."""
    return structlog.wrap_logger(
        logging.getLogger(LOGGER),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _in_order(_: Any, __: str, event: EventDict) -> EventDict:
    """What every line has comes first, and what only some handlers can use goes."""
    event.pop("color_message", None)
    first = ("time", "level", "logger", "event", "request_id")
    return {name: event[name] for name in first if name in event} | dict(event)
