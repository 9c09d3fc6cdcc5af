"""The Typer application: one command per journey, and the border where errors become lines and exit codes.

Nothing heavy is imported here, and of the commands only the one that is asked for: `vitrine --help` must
answer at once, and a question from the shell soon.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from functools import cache
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from data.errors import UsageError, VitrineError
from service.cli.output import emit, emitted

COMMANDS = {
    "demo": "demo.demo",
    "index": "importing.index",
    "interactions": "importing.interactions",
    "similar": "similar.similar",
    "duplicates": "duplicates.duplicates",
    "recommend": "recommend.recommend",
    "shown": "shown.shown",
    "train": "learning.train",
    "evaluate": "learning.evaluate",
    "finetune": "finetuning.finetune",
    "reduce": "embedders.reduce",
    "embedders": "embedders.group",
    "rules": "rules.group",
    "serve": "serve.serve",
    "keys": "keys.group",
    "migrate": "migrate.migrate",
    "backup": "backup.backup",
    "restore": "backup.restore",
    "info": "info.info",
}
"""Every command, in the order of the help, and where in ``service.cli`` it or its group is."""
ASKING = ("similar", "recommend", "info")
"""Commands that close all that they open before they end."""
DEBUG = "VITRINE_DEBUG"
WANTS_JSON = "vitrine.json"
INTERRUPTED = 130
"""What shells expect of a command stopped by Ctrl-C."""


def complain(text: str) -> None:
    """One line on standard error that starts with a red "error:"."""
    typer.secho("error: ", err=True, nl=False, fg=typer.colors.RED, bold=True)
    typer.echo(text, err=True)


class _Border(TyperGroup):
    """Turns what commands raise into one line on standard error, with ``--json`` an object on standard output
    besides, and an exit code.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[WANTS_JSON] = "--json" in args
        emitted.set(False)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except VitrineError as error:
            if os.environ.get(DEBUG):
                raise
            _fail(ctx, error.code, error.message)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            said = "stopped; what was finished is kept, and the same command goes on from there"
            _fail(ctx, "stopped", said)
            raise typer.Exit(INTERRUPTED) from None
        except OSError as error:
            if os.environ.get(DEBUG) or error.errno == errno.EPIPE:
                raise
            _fail(ctx, "system", str(error))
            raise typer.Exit(1) from error
        except Exception as error:
            # Exit, Abort and usage errors have their own handling in Typer.
            if os.environ.get(DEBUG) or type(error).__module__.startswith(("typer", "click")):
                if isinstance(error, typer.TyperException):  # which is said on standard error later
                    _tell(ctx, UsageError.code, error.format_message())
                raise
            where = f"(set {DEBUG}=1 to see where)"
            _fail(ctx, "bug", f"this is a bug: {type(error).__name__}: {error} {where}")
            raise typer.Exit(1) from error


def _fail(ctx: Any, code: str, message: str) -> None:
    complain(message)
    _tell(ctx, code, message)


def _tell(ctx: Any, code: str, message: str) -> None:
    """The error for a program that asked for JSON, unless it was given its object already."""
    if ctx.meta[WANTS_JSON] and not emitted.get():
        emit({"error": {"code": code, "message": message}})


def _say_version(wanted: bool) -> None:
    if wanted:
        from service.versions import version_of

        typer.echo(f"vitrine {version_of()}")
        raise typer.Exit


def _vitrine(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_say_version, is_eager=True),
    ] = False,
) -> None:
    """Visual similarity and recommendations for product catalogues."""


@cache
def program(only: str | None = None) -> typer.Typer:
    """The application with all commands, or with one alone, which starts sooner."""
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
    app.callback()(_vitrine)
    for name, place in COMMANDS.items():
        if only not in (None, name):
            continue
        module, _, member = place.partition(".")
        found = getattr(import_module(f"service.cli.{module}"), member)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def console() -> None:
    """The console script: ``main``, and where a command only asked, an end without the interpreter's clearing
    up, which would take as long as a tenth of a second for libraries that go anyway."""
    # Imports make very many objects and next to no rubbish.
    gc.set_threshold(10_000, 20, 20)
    try:
        main()
    except SystemExit as left:
        if _asked() in ASKING and isinstance(left.code, int):
            leave(left.code)
        raise


def _asked() -> str | None:
    """The first word after the program's name: a command, where one is given."""
    return sys.argv[1] if len(sys.argv) > 1 else None


def leave(code: int) -> NoReturn:
    """End the process with what was printed on its way; no handler that waits for the end is called."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # nobody reads any more
            code = code or 1
    os._exit(code)


def main() -> None:
    """The command line, which ends by SystemExit."""
    # OpenVINO and Hugging Face would otherwise be free to phone home or to draw bars on a pipe.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    asked = _asked()
    program(asked if asked in COMMANDS else None)(prog_name="vitrine")
    sys.exit(0)
