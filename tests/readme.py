"""The blocks of the README and of the walkthrough, and a small shop's files to run them on.

``python -m tests.readme`` runs every block of both and writes the output that it really got below each
command; the tests run them too and fail where a block no longer works or says something else.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
WALKTHROUGH = ROOT / "docs" / "walkthrough.md"
PORT = "8000"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Command:
    """One ``$ …`` line and the lines below it."""

    line: str
    output: list[str] = field(default_factory=list)


def blocks(text: str, kind: str) -> list[str]:
    """The insides of all fenced blocks of one kind."""
    return [m.group(2) for m in _FENCE.finditer(text) if m.group(1) == kind]


def commands(block: str) -> list[Command]:
    """The commands of a console block with the output shown for each; ``\\`` continues a command."""
    found: list[Command] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:]))
        elif found and found[-1].line.endswith("\\") and not found[-1].output:
            found[-1].line += "\n" + line
        elif found:
            found[-1].output.append(line)
    return found


def make_files(folder: Path) -> None:
    """What the README's reader has at hand: a catalogue, its photos, events, and a backbone of their own."""
    import numpy as np
    import timm
    from PIL import Image
    from safetensors.torch import save_file

    from data.demo import make_demo
    from data.demo.draw import draw_product, sample_specs

    made = make_demo(folder / "made", products=200, customers=150, seed=7)
    shutil.move(made.catalogue, folder / "catalogue.csv")
    shutil.move(made.interactions, folder / "events.csv")
    shutil.move(folder / "made" / "photos", folder / "photos")
    mug = sample_specs(1, seed=99, categories=("mug",))[0]
    Image.fromarray(draw_product(mug, "studio", np.random.default_rng(1), (288, 288))).save(
        folder / "mug.jpg"
    )
    network = timm.create_model("mobilenetv3_small_050", pretrained=False, num_classes=0)
    save_file(network.state_dict(), folder / "backbone.safetensors")


def environment() -> dict[str, str]:
    """Plain output of a fixed width, with this environment's ``vitrine`` first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb"}


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one command line in a shell, with both outputs as one; it fails where any part of a pipe fails."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
        check=False,
    )


@contextmanager
def served(folder: Path, shop: str) -> Iterator[str]:
    """The shop served on a free port of this machine; yields the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    server = subprocess.Popen(
        ["vitrine", "serve", "--shop", shop, "--port", port],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(server, port)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_ready(server: subprocess.Popen[bytes], port: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5)
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError("vitrine serve did not become ready")


def tidy(output: str) -> list[str]:
    """Output as the README shows it: no progress lines, no blank lines at the ends, none too wide."""
    lines = [line.rstrip() for line in output.splitlines() if not line.rstrip().endswith("…")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return [line[1:] if line.startswith(" ") else line for line in lines]


def _shown(command: Command, folder: Path, port: str) -> str:
    """A command and what it prints."""
    done = run(command.line.replace(f":{PORT}/", f":{port}/"), folder)
    if done.returncode:
        raise RuntimeError(f"{command.line}\n{done.stdout}")
    return "\n".join([f"$ {command.line}", *tidy(done.stdout)]).rstrip()


def rewritten(text: str, folder: Path) -> str:
    """The README with the output that its commands really give; runs them all in ``folder``."""

    def redo(match: re.Match[str]) -> str:
        kind, body = match.group(1), match.group(2)
        if kind != "console":
            return match.group(0)
        calls = commands(body)
        if any(c.line.startswith("curl") for c in calls):
            with served(folder, "my-shop") as port:
                shown = [_shown(c, folder, port) for c in calls]
        else:
            shown = [_shown(c, folder, PORT) for c in calls]
        return f"```{kind}\n" + "\n\n".join(shown) + "\n```"

    return _FENCE.sub(redo, text)


def main() -> None:
    """Rewrite both, or those named on the command line, with real output."""
    for page in [Path(name) for name in sys.argv[1:]] or [README, WALKTHROUGH]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_files(folder)
            page.write_text(rewritten(page.read_text(encoding="utf-8"), folder), encoding="utf-8")


if __name__ == "__main__":
    main()
