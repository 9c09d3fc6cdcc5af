"""The service as a process of its own, to be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = """
import sys
from pathlib import Path
import embedder.registry
from tests.service.fakes import FakeEmbedder
fake = FakeEmbedder()
embedder.registry.open_embedder = lambda *_, **__: fake
import uvicorn
from service.http.app import create_app
from service.settings import Settings
uvicorn.run(create_app(Settings(shop=Path(sys.argv[1]))), port=0, log_level="info", access_log=False)
"""


@contextmanager
def served(shop: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address; killed at the end, if it still lives."""
    root = Path(__file__).parents[3]
    words = [sys.executable, "-c", PROGRAM, str(shop)]
    server = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=root, env=dict(os.environ))
    try:
        address = ""
        for line in server.stderr or ():
            if "running on http://" in line:
                address = line[line.index("http://") :].split()[0]
                break
        if not address:
            raise RuntimeError("the server did not say where it listens")
        yield server, address
    finally:
        server.kill()
        server.wait(60)
        if server.stderr is not None:
            server.stderr.close()
