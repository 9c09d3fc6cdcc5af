"""The Typer application: one command per journey, and the border where errors become lines and exit codes.

Nothing heavy is imported here: `vitrine --help` must answer at once.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from data.errors import VitrineError
from service.cli import (
    backup,
    combining,
    comparing,
    demo,
    duplicates,
    embedders,
    evaluating,
    finetuning,
    importing,
    info,
    keys,
    learning,
    migrate,
    recommend,
    rules,
    serve,
    shown,
    similar,
)

DEBUG = "VITRINE_DEBUG"
INTERRUPTED = 130
"""What shells expect of a command stopped by Ctrl-C."""


def complain(text: str) -> None:
    """One line on standard error that starts with a red "error:"."""
    typer.secho("error: ", err=True, nl=False, fg=typer.colors.RED, bold=True)
    typer.echo(text, err=True)


class _Border(TyperGroup):
    """Turns what commands raise into one line on standard error and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except VitrineError as error:
            if os.environ.get(DEBUG):
                raise
            complain(error.message)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            complain("stopped; what was finished is kept, and the same command goes on from there")
            raise typer.Exit(INTERRUPTED) from None
        except OSError as error:
            if os.environ.get(DEBUG) or error.errno == errno.EPIPE:
                raise
            complain(str(error))
            raise typer.Exit(1) from error
        except Exception as error:
            # Exit, Abort and usage errors have their own handling in Typer.
            if os.environ.get(DEBUG) or type(error).__module__.startswith(("typer", "click")):
                raise
            complain(f"this is a bug: {type(error).__name__}: {error} (set {DEBUG}=1 to see where)")
            raise typer.Exit(1) from error


app = typer.Typer(
    name="vitrine",
    cls=_Border,
    help="Visual similarity and recommendations for product catalogues.",
    epilog="Start with: vitrine demo --serve",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from service.versions import version_of

        typer.echo(f"vitrine {version_of()}")
        raise typer.Exit


@app.callback()
def _vitrine(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_say_version, is_eager=True),
    ] = False,
) -> None:
    """Visual similarity and recommendations for product catalogues."""


app.command("demo")(demo.demo)
app.command("index")(importing.index)
app.command("interactions")(importing.interactions)
app.command("similar")(similar.similar)
app.command("duplicates")(duplicates.duplicates)
app.command("recommend")(recommend.recommend)
app.command("shown")(shown.shown)
app.command("train")(learning.train)
app.command("evaluate")(learning.evaluate)
app.command("finetune")(finetuning.finetune)
app.command("reduce")(embedders.reduce)
app.add_typer(embedders.group, name="embedders")
app.add_typer(rules.group, name="rules")
embedders.group.command("evaluate")(evaluating.evaluate)
embedders.group.command("compare")(comparing.compare)
embedders.group.command("soup")(combining.soup)
embedders.group.command("join")(combining.join)
app.command("serve")(serve.serve)
app.add_typer(keys.group, name="keys")
app.command("migrate")(migrate.migrate)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("info")(info.info)


def main() -> None:
    """The console script."""
    # OpenVINO and Hugging Face would otherwise be free to phone home or to draw bars on a pipe.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    app(prog_name="vitrine")
    sys.exit(0)
