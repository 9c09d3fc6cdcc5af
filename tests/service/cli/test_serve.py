"""`vitrine serve` as its own process: it listens on this machine only, answers, and stops when told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest


@pytest.mark.slow
def test_serve_answers_and_stops(indexed: Path) -> None:
    code = "from service.cli import main; main()"
    words = [sys.executable, "-c", code, "serve", "--shop", str(indexed), "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as server:
        try:
            address = ""
            for line in server.stderr or ():
                if "http://127.0.0.1:" in line and "running on" in line.lower():
                    address = line[line.index("http://") :].split()[0]
                    break
            assert address, "the server says where it listens"
            with urlopen(f"{address}/v1/products/disc-red/similar?k=3", timeout=30) as answer:
                assert len(json.load(answer)["hits"]) == 3
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=30)
