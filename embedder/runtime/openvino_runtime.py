"""OpenVINO: the fast way on a CPU. Asynchronous batches of a fixed size, bfloat16 where the processor has
it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from embedder.network import Network
from embedder.runtime.graph import compiled, graph_of
from embedder.runtime.quiet import openvino
from embedder.runtime.seam import Floats, Photos, Token, gathered, in_batches, padded

BATCH = 8


class OpenVinoRuntime:
    """The network as an OpenVINO graph on the CPU.

    Two compiled forms, each on first need: one photo at the lowest latency, ``batch`` photos at the highest
    throughput.
    """

    def __init__(self, network: Network, batch: int | None = None) -> None:
        self._graph = graph_of(network)
        self._lock = threading.Lock()
        self._streaming = threading.Lock()
        self.name = "openvino"
        self.batch = batch or BATCH
        core = openvino().Core()
        self.device = f"{core.get_property('CPU', 'FULL_DEVICE_NAME')}, {self._graph.precision}"

    @property
    def dims(self) -> tuple[int, ...]:
        """Width of every output."""
        return self._graph.dims

    def encode(self, photos: Photos) -> tuple[Floats, ...]:
        """Any number of photos → one float32 (n, d_i) per output."""
        if len(photos) == 1:
            with self._lock:
                self._single.infer({0: padded(photos, 1)})
                return self._outputs(self._single, 1)
        with self._streaming:
            return gathered(len(photos), self.dims, self.stream(in_batches(photos, self.batch)))

    def stream(self, batches: Iterable[tuple[Token, Photos]]) -> Iterator[tuple[Token, tuple[Floats, ...]]]:
        """As many batches are in flight as the processor can use; each is given out when it is ready."""
        finished: queue.SimpleQueue[tuple[Token, tuple[Floats, ...]] | BaseException] = queue.SimpleQueue()

        def ready(request: Any, sent: tuple[Token, int, Photos]) -> None:
            try:
                finished.put((sent[0], self._outputs(request, sent[1])))
            except BaseException as error:
                # OpenVINO's thread would swallow it; the thread that reads the results raises it.
                finished.put(error)

        jobs = openvino().AsyncInferQueue(self._many)
        jobs.set_callback(ready)
        flying = 0
        try:
            for token, photos in batches:
                whole = padded(photos, self.batch)
                # The array goes along with the request, so that it lives until the graph has read it.
                jobs.start_async({0: whole}, (token, len(photos), whole), share_inputs=True)
                flying += 1
                while flying and (flying >= len(jobs) + 1 or not finished.empty()):
                    flying -= 1
                    yield self._checked(finished.get())
            while flying:
                flying -= 1
                yield self._checked(finished.get())
        finally:
            jobs.wait_all()

    @staticmethod
    def _checked(
        result: tuple[Token, tuple[Floats, ...]] | BaseException,
    ) -> tuple[Token, tuple[Floats, ...]]:
        if isinstance(result, BaseException):
            raise result
        return result

    @cached_property
    def _single(self) -> Any:
        return compiled(self._graph.model, 1, "LATENCY", self._graph.precision).create_infer_request()

    @cached_property
    def _many(self) -> Any:
        return compiled(self._graph.model, self.batch, "THROUGHPUT", self._graph.precision)

    def _outputs(self, request: Any, count: int) -> tuple[Floats, ...]:
        return tuple(request.get_output_tensor(i).data[:count].copy() for i in range(len(self.dims)))
