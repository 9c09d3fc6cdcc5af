"""Every command and every option says what it is; asking for help loads nothing heavy and takes no time."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys

import pytest
import typer
from rich.text import Text

from service.cli import program
from service.cli.program import COMMANDS as PLACES
from service.settings import Settings
from tests.service.cli.conftest import Vitrine

TOP = typer.main.get_command(program()).commands  # type: ignore[attr-defined]
# A group that does nothing by itself is no command of its own.
COMMANDS = {n: c for n, c in TOP.items() if getattr(c, "invoke_without_command", True)} | {
    f"{name} {inner}": command
    for name, group in TOP.items()
    for inner, command in getattr(group, "commands", {}).items()
}
EXPECTED = {
    "demo",
    "index",
    "interactions",
    "similar",
    "duplicates",
    "recommend",
    "shown",
    "train",
    "evaluate",
    "finetune",
    "reduce",
    "embedders",
    "embedders evaluate",
    "embedders compare",
    "embedders soup",
    "embedders join",
    "embedders quantise",
    "rules list",
    "rules add",
    "rules remove",
    "rules undo",
    "keys add",
    "keys list",
    "keys remove",
    "serve",
    "info",
}
HEAVY = (
    "torch timm faiss openvino lightgbm pandas scipy sklearn plotly matplotlib sqlalchemy numpy PIL "
    "fastapi uvicorn"
)


def test_the_commands_are_those_of_the_design() -> None:
    assert set(COMMANDS) >= EXPECTED


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_says_what_it_does_with_an_example(name: str, vitrine: Vitrine) -> None:
    done = vitrine(*name.split(), "--help")
    assert done.code == 0
    text = COMMANDS[name].help
    assert len(text.splitlines()[0]) > 20
    assert f"Example: vitrine {name} " in text


@pytest.mark.parametrize(
    ("name", "param"),
    [(n, p) for n, c in sorted(COMMANDS.items()) for p in c.params],
    ids=lambda v: getattr(v, "name", v),
)
def test_every_option_says_what_it_is(name: str, param: object) -> None:
    text = getattr(param, "help", None)
    assert text, f"vitrine {name}: {param}"
    assert text.endswith(".")


@pytest.mark.parametrize("name", sorted({*COMMANDS, *TOP}))
def test_help_is_printed_as_it_is_written(name: str, vitrine: Vitrine) -> None:
    """Square brackets are markup to what prints it: `[default: 1]` would be swallowed."""
    command = COMMANDS.get(name) or TOP[name]
    for text in [command.help, *(getattr(param, "help", None) or "" for param in command.params)]:
        assert Text.from_markup(text).plain == text
    done = vitrine(*name.split(), "--help")
    assert done.code == 0
    assert not re.findall(r"\s\.(?:\s|│|$)", done.out)


def test_every_group_has_an_example_too() -> None:
    for name, group in TOP.items():
        assert f"Example: vitrine {name} " in group.help


def test_moments_in_examples_are_not_over() -> None:
    """A rule until a day that is over is refused."""
    texts = [(c.help, *(getattr(p, "help", None) or "" for p in c.params)) for c in COMMANDS.values()]
    days = re.findall(r"(?:--until|Until when, e\.g\.) (\d{4})-", " ".join(text for t in texts for text in t))
    assert len(days) == 2
    assert all(int(year) >= 2099 for year in days)


def test_help_of_serve_tells_the_defaults_of_the_settings(vitrine: Vitrine) -> None:
    for param in COMMANDS["serve"].params:
        field = Settings.model_fields.get(str(param.name))
        if field is not None and param.name != "shop":
            assert param.help.endswith(f"; default: {field.default}.")
    words = " ".join(vitrine("serve", "--help").out.replace("│", " ").split())
    for told in ("default: 127.0.0.1.", "default: 8000.", "default: VITRINE_SHOP.", "VITRINE_CONFIG."):
        assert told in words


def test_every_command_speaks_json() -> None:
    assert not {n for n, c in COMMANDS.items() if not any("--json" in p.opts for p in c.params)}


@pytest.mark.parametrize("name", sorted(PLACES))
def test_a_command_that_is_loaded_alone_is_the_one_among_all(name: str) -> None:
    alone = typer.main.get_command(program(name)).commands  # type: ignore[attr-defined]
    assert list(alone) == [name]
    assert [vars(p) | {"type_descriptor": 0} for p in alone[name].params] == [
        vars(p) | {"type_descriptor": 0} for p in TOP[name].params
    ]
    assert list(getattr(alone[name], "commands", ())) == list(getattr(TOP[name], "commands", ()))


@pytest.mark.parametrize("words", [["--help"], ["similar", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; sys.argv = ['vitrine', *sys.argv[1:]]\n"
        "from service.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"sys.stderr.write(','.join(m for m in {HEAVY!r}.split() if m in sys.modules))\n"
        "others = [m for m in sys.modules if m == 'service.cli.finetuning']\n"
        "assert bool(others) == (sys.argv[1] != 'similar')"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert "vitrine" in done.stdout
    assert done.stderr == ""


SMALLEST = """
import typer
app = typer.Typer()
@app.command()
def one(number: int = 1) -> None: ...
@app.command()
def two(number: int = 1) -> None: ...
app()
"""


def spent_on(code: str) -> float:
    """Processor seconds of a process that is asked for its help, the best of three."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-c", code, "--help"], capture_output=True, check=True, env=dict(os.environ)
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(spent)


def test_help_costs_little_more_than_that_of_the_smallest_application() -> None:
    """Twice as much, as measured; beside it, so that neither the machine nor other work on it decides."""
    assert spent_on("from service.cli import main; main()") < 3 * spent_on(SMALLEST)
