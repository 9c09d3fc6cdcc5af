"""`vitrine demo`: a drawn shop, and the whole way through it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.learning import show_evaluation
from service.cli.options import JsonOption, SeedOption
from service.cli.output import emit, only_json, seconds
from service.cli.progress import progress
from service.cli.serve import serve as run_server

DEFAULT = Path("demo-shop")

if TYPE_CHECKING:
    from service.demo import DemoReport


def demo(
    shop: Annotated[
        Path, typer.Option("--shop", metavar="DIR", help="Where to make the demo's shop.")
    ] = Path("demo-shop"),
    serve: Annotated[bool, typer.Option("--serve", help="Leave the web page running at the end.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port of the web page.")] = 8000,
    products: Annotated[int, typer.Option("--products", min=20, help="How many products to draw.")] = 840,
    customers: Annotated[int, typer.Option("--customers", min=20, help="How many customers to act.")] = 640,
    seed: SeedOption = 7,
    json: JsonOption = False,
) -> None:
    """Make a demo shop of drawn products, index it, import its customers, train, evaluate, say what to open.

    Example: vitrine demo --serve
    """
    from service.demo import DemoRequest, run_demo

    with only_json(json), progress() as tell:
        report = run_demo(DemoRequest(shop, products, customers, seed), tell)
    if json:
        emit(report.as_json())
    else:
        _show(report)
    if serve:
        run_server(shop=shop, host="127.0.0.1", port=port, log_level="warning")


def _show(report: DemoReport) -> None:
    if report.index is not None:
        typer.echo(
            f"{report.index.used} products, {report.index.encoded + report.index.reused} photos in the index"
        )
    if report.events is not None:
        typer.echo(f"{report.events.used} interactions, all simulated (the README says how)")
    show_evaluation(report.evaluation)
    typer.echo(f"seconds: {seconds(report.seconds)}; together {sum(report.seconds.values()):.0f} s")
    typer.echo("\nOpen next:")
    for what, path in report.open_next.items():
        typer.echo(f"  {what}: {path}")
    at = f"--shop {report.directory}"
    typer.echo("\nTry next:")
    typer.echo(f"  vitrine similar {at} --product {report.query} --aspect colour=2")
    if report.customer is not None:
        typer.echo(f"  vitrine recommend {at} --customer {report.customer} --why")
    typer.echo(f"  vitrine serve {at}")
