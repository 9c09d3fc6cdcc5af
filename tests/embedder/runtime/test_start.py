"""How a process starts: no telemetry, and no torch where a graph is in the cache. Each in a process of its
own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from embedder.embedder import Embedder
from embedder.runtime.openvino_runtime import OpenVinoRuntime

ROOT = Path(__file__).resolve().parents[3]
BARRED = """
import socket, sys, threading
def barred(*args, **kwargs):
    print("CONNECTED", args); raise SystemExit(1)
socket.socket.connect = barred
socket.create_connection = barred
socket.getaddrinfo = barred
"""
"""Any attempt to open a connection ends the process with an error."""


def run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_photo_is_encoded_without_torch_once_its_graph_is_cached(folder: Path, tiny: Embedder) -> None:
    OpenVinoRuntime(tiny.network)
    code = """
        import sys
        import numpy as np
        from pathlib import Path
        from embedder.registry import open_embedder
        embedder = open_embedder(sys.argv[1], runtime="openvino")
        vector = embedder.encode(np.zeros((1, 64, 64, 3), np.uint8))
        print(vector.shape[1] == embedder.layout.d, embedder.space)
        print([name for name in ("torch", "timm", "faiss", "pandas", "scipy") if name in sys.modules])
    """
    first, second = run(code, str(folder)).splitlines()
    assert first.startswith("True test_resnet-")
    assert second == "[]"


def test_openvino_sends_nothing_on_import_or_conversion() -> None:
    """Any attempt to open a connection, or to load the sender, ends the process with an error."""
    code = """
        from embedder.runtime.quiet import openvino
        ov = openvino()
        import torch
        ov.convert_model(torch.nn.Linear(2, 2), example_input=torch.zeros(1, 2))
        loaded = [n for n, m in sys.modules.items() if n.startswith("openvino_telemetry") and m is not None]
        print(loaded, threading.active_count() == 1 or [t.name for t in threading.enumerate()])
    """
    assert run(BARRED + textwrap.dedent(code)).splitlines()[-1] == "[] True"


def test_nncf_sends_nothing() -> None:
    """Any attempt to open a connection ends the process with an error; its bars stay off standard output."""
    code = """
        import numpy as np, torch
        from embedder.config import Preprocessing
        from embedder.runtime.graph import converted
        from embedder.runtime.int8 import quantised
        net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Conv2d(4, 4, 3))
        model = converted(net, Preprocessing(16, 16, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)))
        quantised(model, np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8))
        print([n for n, m in sys.modules.items() if n.startswith("openvino_telemetry") and m is not None])
    """
    assert run(BARRED + textwrap.dedent(code)) == "[]"


def test_a_sender_that_was_loaded_before_is_silenced() -> None:
    code = """
        import sys, types
        sent = []
        sender = types.ModuleType("openvino_telemetry")
        class Telemetry:
            def __init__(self, *a, **k): pass
            def send_event(self, *a, **k): sent.append(a)
            start_session = end_session = send_error = send_stack_trace = force_shutdown = send_event
        sender.Telemetry = Telemetry
        backend = types.ModuleType("openvino_telemetry.backend")
        backend.backend_ga4 = None
        sys.modules["openvino_telemetry"] = sender
        sys.modules["openvino_telemetry.backend"] = backend
        import openvino
        assert sent, "the stand-in should have been asked to send"
        sent.clear()
        from embedder.runtime.quiet import openvino as quiet
        ov = quiet()
        import torch
        ov.convert_model(torch.nn.Linear(2, 2), example_input=torch.zeros(1, 2))
        print(sent)
    """
    assert run(code).splitlines()[-1] == "[]"


def test_first_inferences_of_several_threads_do_not_wait_for_each_other(folder: Path, tiny: Embedder) -> None:
    OpenVinoRuntime(tiny.network)
    code = """
        import faulthandler, sys, threading
        import numpy as np
        from embedder.registry import open_embedder
        faulthandler.dump_traceback_later(60, exit=True)  # a deadlock ends the process with an error
        runtime = open_embedder(sys.argv[1], runtime="openvino").runtime
        together = threading.Barrier(4)
        def first():
            together.wait()
            runtime.compute(np.zeros((2, 64, 64, 3), np.uint8))
        threads = [threading.Thread(target=first) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print("done")
    """
    assert run(code, str(folder)) == "done"
