"""`vitrine serve`: the HTTP API and the web page of one shop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.errors import UsageError
from service.cli.output import emit, note, table, warn

INTERRUPTED = 130
"""What shells expect of a command stopped by Ctrl-C."""

if TYPE_CHECKING:
    from service.settings import Settings
    from service.settled import Settled


def serve(
    shop: Annotated[
        Path | None,
        typer.Option("--shop", metavar="DIR", help="Directory of the shop; default: VITRINE_SHOP."),
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on; default: 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Port to listen on; default: 8000.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, help="Processes that answer; default: 1.")
    ] = None,
    log_level: Annotated[
        str | None, typer.Option("--log-level", help="debug, info, warning or error; default: info.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings in TOML; default: VITRINE_CONFIG."),
    ] = None,
    show_settings: Annotated[
        bool,
        typer.Option("--show-settings", help="Print every setting and where it comes from, and do nothing."),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="With --show-settings: print one JSON object.")
    ] = False,
) -> None:
    """Serve the shop: HTTP API under /v1, its documentation at /docs, a web page at /.

    Every option is also an environment variable (VITRINE_PORT) and a line of a settings file. To listen on an
    address that other machines reach, make a key first: vitrine keys add.

    Example: vitrine serve --shop my-shop --port 8000
    """
    from service.settled import settle

    settled = settle(config, shop=shop, host=host, port=port, workers=workers, log_level=log_level)
    if show_settings:
        _show(settled, json)
        return
    if json:
        raise UsageError("--json goes with --show-settings")
    if settled.origins["shop"] == "default":
        raise UsageError("say which shop to serve: --shop DIR, VITRINE_SHOP, or `shop` in the settings file")
    _serve(settled.settings)


def _serve(settings: Settings) -> None:
    from data.shop import Shop
    from service.http.run import run
    from service.keys import key_file
    from service.loopback import listens_to_others

    Shop.open(settings.shop).close()  # say now, not at the first request, that there is no shop
    keys = key_file(settings.shop, settings.keys_file)
    if not keys.read():
        if listens_to_others(settings.host):
            raise UsageError(
                f"{settings.host} can be reached from other machines and the shop has no keys, so everybody "
                "could read and change it: make one with `vitrine keys add --shop "
                f"{settings.shop} --role admin --name NAME`, or listen on 127.0.0.1"
            )
        if sys.stderr.isatty():
            warn(["no keys: whoever uses this machine may do everything (`vitrine keys add` changes that)"])
    if sys.stderr.isatty():  # else standard error is a log, each line of which is JSON
        note(
            f"http://{settings.host}:{settings.port}/ serves {settings.shop} (API documentation: /docs; stop "
            "with Ctrl-C)"
        )
    try:
        run(settings)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None  # it has answered what it took: nothing to complain of


def _show(settled: Settled, json: bool) -> None:
    found: Any = settled.as_json()
    if json:
        emit(found)
        return
    rows = [(name, _said(one["value"]), one["from"]) for name, one in found["settings"].items()]
    table("", ("setting", "value", "from"), rows)


def _said(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
