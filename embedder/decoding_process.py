"""``python -m embedder.decoding_process``: reads and decodes photos for a thread of another process.

It is asked on its standard input and answers on its standard output, and ends when nobody is left who could
ask.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from data.photolimits import PhotoLimits
from embedder.hands import OwnHands, Unfit
from embedder.preparing import preparation_of
from embedder.shared_photos import SharedPhotos, heard, say
from embedder.stages import Stages


class _Worker:
    """Answers what is asked: ``read`` files, or ``decode`` those of them at these places."""

    def __init__(self, start: dict[str, Any]) -> None:
        preparation = preparation_of(start["preparation"])
        self._stages = Stages()
        self._hands = OwnHands(preparation, PhotoLimits(**start["limits"]), self._stages)
        self._shared = SharedPhotos(start["shared"], start["room"], preparation)

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """With what was spent on it."""
        answer = self._read(asked["read"]) if "read" in asked else self._decode(asked["decode"])
        return answer | {"spent": self._stages.taken()}

    def _read(self, paths: Sequence[str]) -> dict[str, Any]:
        """What was found out about the first of the files."""
        return {"found": list(self._hands.read([Path(path) for path in paths]))}

    def _decode(self, places: Sequence[int]) -> dict[str, Any]:
        """How many photos lie in the shared memory now, one after the other; and those that cannot be used,
        by their place in the request."""
        made, unfit = 0, []
        for place, photo in enumerate(self._hands.decode(places)):
            if isinstance(photo, Unfit):
                unfit.append((place, photo))
            else:
                self._shared.pixels[made], self._shared.colours[made] = photo
                made += 1
        return {"made": made, "unfit": unfit}


def main() -> None:
    """Answers until nobody asks any more."""
    asked, answers = sys.stdin.buffer, _own_output()
    try:
        worker = _Worker(heard(asked))
        while True:
            say(answers, worker.answer(heard(asked)))
    except (EOFError, BrokenPipeError):
        os._exit(0)


def _own_output() -> IO[bytes]:
    """Standard output for answers alone: what a library prints goes where errors go."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main()
