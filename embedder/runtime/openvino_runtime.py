"""OpenVINO: the fast way on a CPU. Asynchronous batches of a fixed size, bfloat16 where the processor has
it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic

from embedder.network import Network
from embedder.runtime.graph import Graph, compiled, graph_of
from embedder.runtime.quiet import openvino
from embedder.runtime.seam import Floats, Photos, Token, gathered, in_batches, padded

BATCH = 8


@dataclass(frozen=True, slots=True)
class _Flight(Generic[Token]):
    """A batch that is being computed."""

    token: Token
    count: int
    photos: Photos
    request: Any


class _Seats(threading.local):
    """A thread's own requests, by how many photos they take."""

    def __init__(self) -> None:
        self.requests: dict[int, Any] = {}


class OpenVinoRuntime:
    """The network as an OpenVINO graph on the CPU.

    Compiled forms, each on first need, of 1, 2, 4 and 8 photos (at most ``batch``): those that all cores
    share, at the lowest latency, and those of one core each, at the highest throughput.
    """

    def __init__(self, network: Network, batch: int | None = None, graph: Graph | None = None) -> None:
        """graph: another one than the network's own."""
        self._graph = graph or graph_of(network)
        self._lock = threading.Lock()
        self._streaming = threading.Lock()
        self._compiling = threading.Lock()
        self._seats = _Seats()
        self._sizes: dict[int, Any] = {}
        self._forms: dict[int, Any] = {}
        self.name = "openvino"
        self.side_by_side = True
        self.batch = batch or BATCH
        core = openvino().Core()
        self.device = f"{core.get_property('CPU', 'FULL_DEVICE_NAME')}, {self._graph.precision}"

    @property
    def dims(self) -> tuple[int, ...]:
        """Width of every output."""
        return self._graph.dims

    def encode(self, photos: Photos) -> tuple[Floats, ...]:
        """Any number of photos → one float32 (n, d_i) per output."""
        if len(photos) <= min(self.batch, BATCH):
            with self._lock:
                size, request = self._quick(len(photos))
                request.infer({0: padded(photos, size)})
                return self._outputs(request, len(photos))
        with self._streaming:
            return gathered(len(photos), self.dims, self.stream(in_batches(photos, self.batch)))

    def compute(self, photos: Photos, fitting: bool = False) -> tuple[Floats, ...]:
        """One batch on one core; every thread has requests of its own, and as many are computed at a time as
        there are streams."""
        size = self._size(len(photos)) if fitting else self.batch
        request = self._seats.requests.get(size)
        if request is None:
            request = self._seats.requests[size] = self._form(size).create_infer_request()
        request.infer({0: padded(photos, size)}, share_inputs=True)
        return self._outputs(request, len(photos))

    def stream(self, batches: Iterable[tuple[Token, Photos]]) -> Iterator[tuple[Token, tuple[Floats, ...]]]:
        """As many batches are in flight as the processor can use; they are given out in order.

        The calling thread starts requests and waits for the oldest. There is no Python callback on purpose:
        it would run on a thread of OpenVINO's, and if the garbage collector then chose that moment to free
        another compiled network, that thread would wait for itself and end the process.
        """
        free = self._requests()
        flying: deque[_Flight[Token]] = deque()
        try:
            for token, photos in batches:
                if not free:
                    yield self._landed(flying, free)
                request = free.pop()
                whole = padded(photos, self.batch)
                # The array is kept with the request, so that it lives until the graph has read it.
                request.start_async({0: whole}, share_inputs=True)
                flying.append(_Flight(token, len(photos), whole, request))
            while flying:
                yield self._landed(flying, free)
        finally:
            for flight in flying:
                flight.request.wait()

    def _landed(self, flying: deque[_Flight[Token]], free: list[Any]) -> tuple[Token, tuple[Floats, ...]]:
        flight = flying[0]
        flight.request.wait()
        flying.popleft()
        outputs = self._outputs(flight.request, flight.count)
        free.append(flight.request)
        return flight.token, outputs

    def _requests(self) -> list[Any]:
        """One more than the processor computes at a time, so that the next is there when one ends."""
        many = self._form(self.batch)
        wanted = int(many.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")) + 1
        return [many.create_infer_request() for _ in range(wanted)]

    def _quick(self, count: int) -> tuple[int, Any]:
        """The smallest form of low latency that holds so many photos. To be called with the lock held."""
        size = self._size(count)
        if size not in self._sizes:
            form = compiled(self._graph.model, size, "LATENCY", self._graph.precision)
            self._sizes[size] = form.create_infer_request()
        return size, self._sizes[size]

    def _size(self, count: int) -> int:
        """How many photos the smallest form takes that so many fit into."""
        return min(1 << (count - 1).bit_length(), self.batch)  # which need not be a power of two

    def _form(self, size: int) -> Any:
        """The form of one core for so many photos."""
        with self._compiling:
            if size not in self._forms:
                self._forms[size] = compiled(self._graph.model, size, "THROUGHPUT", self._graph.precision)
            return self._forms[size]

    def _outputs(self, request: Any, count: int) -> tuple[Floats, ...]:
        return tuple(request.get_output_tensor(i).data[:count].copy() for i in range(len(self.dims)))
