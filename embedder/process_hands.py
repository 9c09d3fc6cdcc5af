"""A process that reads and decodes for a thread.

Threads that decode stand in one another's way: for a third of the time that a photo takes, the interpreter
works for one thread alone, so that no more than three get on at once. Digests come back through a pipe,
pixels and colours through shared memory.
"""

from __future__ import annotations

import os
import signal
import subprocess  # nosec B404 # starts this very program, with words of ours
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from math import prod
from pathlib import Path
from typing import Any

from data.photolimits import PhotoLimits
from embedder.embedder import Embedder
from embedder.hands import GROUP_BYTES, GROUP_PHOTOS, FileRead, Made, OwnHands, Unfit
from embedder.preparing import Preparation
from embedder.shared_photos import SharedPhotos, heard, memory, say, size_of
from embedder.stages import Stages

MODULE = "embedder.decoding_process"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
LEAVING_SECONDS = 5.0
"""For a process that closed its output to end, so that it can be told how it ended."""
Spent = list[tuple[str, float, int]]
"""What ``Stages`` of the process gathered."""


class Gone(Exception):
    """The process could not be started, or failed; nothing of it is left."""


class ProcessHands:
    """Has a process do it; from where that fails, the thread does it by itself. Used by one thread."""

    def __init__(
        self, embedder: Embedder, limits: PhotoLimits, stages: Stages, lost: Callable[[str], None]
    ) -> None:
        """lost: is told why the thread goes on alone."""
        self._own = OwnHands(embedder, limits, stages)
        self._stages = stages
        self._lost = lost
        self._paths: Sequence[Path] = ()
        self._found: Sequence[FileRead | Unfit] = ()
        self._process: _Process | None = None
        try:
            self._process = _Process(embedder.preparation, limits)
        except Gone as error:
            self._alone(error)

    def read(self, paths: Sequence[Path]) -> Iterator[FileRead | Unfit]:
        """See ``Hands``."""
        self._paths, self._found = paths, ()
        if self._process is not None:
            try:
                self._found, spent = self._process.read([str(path) for path in paths])
            except Gone as error:
                self._alone(error)
            else:
                self._stages.add_all(spent)
                return iter(self._found)
        return self._own.read(paths)

    def decode(self, wanted: Sequence[int]) -> Iterator[Made | Unfit]:
        """See ``Hands``."""
        if not self._found:
            yield from self._own.decode(wanted)
            return
        done = 0
        while self._process is not None and done < len(wanted):
            try:
                said, spent = self._process.decode(wanted[done : done + self._process.room])
            except Gone as error:
                self._alone(error)
                break
            self._stages.add_all(spent)
            done += len(said)
            yield from said
        for place in wanted[done:]:
            found = self._found[place]
            yield found if isinstance(found, Unfit) else self._own.again(self._paths[place], found)

    def hurry(self) -> None:
        """Ends the process although its thread may wait for it, which then goes on alone. Any thread may call
        this."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.end()
            self._process = None
        self._own.close()

    def _alone(self, error: Gone) -> None:
        self._process = None
        self._lost(str(error))


class _Process:
    """A running process and the memory shared with it. room: photos that the memory holds."""

    def __init__(self, preparation: Preparation, limits: PhotoLimits) -> None:
        self.room = max(1, min(GROUP_PHOTOS, GROUP_BYTES // prod(preparation.shape)))
        try:
            descriptor = memory(size_of(self.room, preparation))
            try:
                self._shared = SharedPhotos(descriptor, self.room, preparation)
                self._process = _started(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise Gone(f"could not be started: {error}") from error
        start = {"preparation": preparation.as_json(), "limits": asdict(limits)}
        self._say(start | {"shared": descriptor, "room": self.room})

    def read(self, paths: Sequence[str]) -> tuple[list[FileRead | Unfit], Spent]:
        """What it found out about the first of these files."""
        answer = self._answer({"read": list(paths)})
        return [FileRead(*one) if len(one) == 3 else Unfit(*one) for one in answer["found"]], answer["spent"]

    def decode(self, places: Sequence[int]) -> tuple[list[Made | Unfit], Spent]:
        """Those of the files read last; at most as many as there is room for."""
        answer = self._answer({"decode": list(places)})
        made, unfit = answer["made"], {place: Unfit(*why) for place, why in answer["unfit"]}
        photos = map(Made, self._shared.pixels[:made].copy(), self._shared.colours[:made].copy())
        said = [unfit[place] if place in unfit else next(photos) for place in range(len(places))]
        return said, answer["spent"]

    def kill(self) -> None:
        """Without ceremony: it holds nothing that anybody needs."""
        self._process.kill()

    def end(self) -> None:
        """Kills it and gives back what it was reached by."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # of what it could not be told any more
                pipe.close()  # type: ignore[union-attr]
        self._process.wait()
        self._shared.close()

    def _say(self, message: dict[str, Any]) -> None:
        try:
            say(self._process.stdin, message)  # type: ignore[arg-type]
        except OSError as error:
            raise self._gone(error) from error

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        self._say(message)
        try:
            return heard(self._process.stdout)  # type: ignore[arg-type]
        except (OSError, EOFError, ValueError) as error:
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> Gone:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(LEAVING_SECONDS)
        code = self._process.returncode
        self.end()
        return Gone(f"failed ({error})" if code is None else f"ended unasked (exit code {code})")


def _started(shared: int) -> subprocess.Popen[bytes]:
    """The interpreter finds packages where this one does, ours first, and takes none from the working
    directory.

    Ctrl-C reaches all processes of a terminal; this one does not hear it, since what is finished is still
    committed then.
    """
    if not sys.executable:
        raise OSError("the interpreter's own file is not known")
    found = os.pathsep.join([str(Path(__file__).resolve().parents[1]), *filter(None, map(str, sys.path))])
    names = {"PYTHONPATH": found, "PYTHONUTF8": str(sys.flags.utf8_mode)}  # of packages, and of files
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a process inherits it
    try:
        return subprocess.Popen(  # nosec B603 # no shell, and no word from outside among the arguments
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(shared,),
            env=os.environ | ONE_THREAD | names,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
