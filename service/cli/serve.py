"""`vitrine serve`: the HTTP API and the web page of one shop."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.options import ShopOption
from service.cli.output import note


def serve(
    shop: ShopOption,
    host: Annotated[
        str, typer.Option("--host", envvar="VITRINE_HOST", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", envvar="VITRINE_PORT", min=0, max=65535, help="Port to listen on.")
    ] = 8000,
    log_level: Annotated[
        str, typer.Option("--log-level", envvar="VITRINE_LOG_LEVEL", help="debug, info, warning or error.")
    ] = "info",
) -> None:
    """Serve the shop: HTTP API under /v1, its documentation at /docs, a web page at /.

    Example: vitrine serve --shop my-shop --port 8000
    """
    import uvicorn

    from data.shop import Shop
    from service.http.app import create_app
    from service.settings import Settings

    Shop.open(shop).close()  # say now, not at the first request, that there is no shop
    settings = Settings(shop=shop, host=host, port=port, log_level=log_level)
    note(f"http://{host}:{port}/ serves {shop} (API documentation: /docs; stop with Ctrl-C)")
    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        log_level=log_level,
        timeout_keep_alive=15,
        server_header=False,
    )
