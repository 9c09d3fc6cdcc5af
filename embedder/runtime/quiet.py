"""Imports OpenVINO so that it reports nothing to anybody.

``import openvino`` itself sends a usage event through the package ``openvino_telemetry`` where that can be
imported, and the converter sends more. OpenVINO has a silent stand-in for installations without that package;
barring the import makes it take the stand-in.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from types import ModuleType

TELEMETRY = "openvino_telemetry"
_IMPORTING = threading.Lock()
_PRIMED: list[ModuleType] = []


def installed() -> bool:
    """Whether OpenVINO can be imported here (it is not imported to find out)."""
    return importlib.util.find_spec("openvino") is not None


def openvino() -> ModuleType:
    """The module ``openvino``, with its telemetry replaced by its own stand-in that does nothing."""
    with _IMPORTING:
        if "openvino" not in sys.modules:
            sys.modules.setdefault(TELEMETRY, None)  # type: ignore[arg-type]
        module = importlib.import_module("openvino")
        _silence_loaded()
        if module not in _PRIMED:
            _prime(module)
            _PRIMED.append(module)
    return module


def _prime(module: ModuleType) -> None:
    """Lets OpenVINO make its tables of number types now, in one thread.

    They are made on first use. A thread that makes them lets go of the interpreter on the way, and a second
    one that then asks for them keeps it while it waits for the first: two first inferences at once would wait
    for each other for ever.
    """
    import numpy as np

    for kind in (np.uint8, np.float32):
        tensor = module.Tensor(np.zeros(1, kind))
        tensor.get_element_type().to_dtype()
        module.Type(kind)


def _silence_loaded() -> None:
    """Where somebody else had imported OpenVINO before, its modules hold the sender already: swap it."""
    from openvino.tools.ovc import telemetry_stub

    for name in ("openvino.tools.ovc.convert_impl", "openvino.tools.ovc.telemetry_utils"):
        loaded = sys.modules.get(name)
        if loaded is not None and getattr(loaded, "tm", telemetry_stub) is not telemetry_stub:
            loaded.tm = telemetry_stub  # type: ignore[attr-defined]
