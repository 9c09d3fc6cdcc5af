"""The peer's side of a lasting worker: run inside its own environment, so it imports the standard library
alone.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any


def answering(questions: Mapping[str, Callable[..., Any]]) -> None:
    """Answer each line of standard input, ``{"ask": NAME, ...}``, by calling the function of that name with
    the other words, until the input ends. What fails is told in one line, its trace goes to standard error.
    """
    for line in sys.stdin:
        words = json.loads(line)
        try:
            answer = {"answer": questions[words.pop("ask")](**words)}
        except (
            Exception
        ) as problem:  # a peer may raise anything, and the next question must still be answered
            traceback.print_exc(file=sys.stderr)
            answer = {"failed": f"{type(problem).__name__}: {problem}"}
        print("ANSWER " + json.dumps(answer), flush=True)
