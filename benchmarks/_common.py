"""Timing, time limits and memory for the benchmarks."""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Timed:
    """An answer with how long it took: the first run, and the median of the later ones."""

    answer: Any
    first: float
    again: float


def timed(call: Callable[[], Any], repeats: int, patience: float = 20.0) -> Timed:
    """Run `call` once and then up to `repeats` times more, for `patience` seconds at most."""
    begun = time.perf_counter()
    answer = call()
    first = time.perf_counter() - begun
    later: list[float] = []
    while len(later) < repeats and first + sum(later) < patience:
        begun = time.perf_counter()
        answer = call()
        later.append(time.perf_counter() - begun)
    return Timed(answer, first, median(later) if later else first)


class TimeLimit(Exception):
    """A peer did not answer in time and was stopped."""


class Worker:
    """A process of its own for peers that may run for hours inside compiled code.

    It is kept from one market to the next, so that a package is imported once and what it
    compiled stays compiled. Stopped at the time limit, it is started again when next needed.
    """

    def __init__(self) -> None:
        self._process: Any = None
        self._pipe: Any = None

    def run(self, function: Callable[..., Any], *arguments: Any, limit: float) -> Any:
        """`function(*arguments)` in the process; both must be importable or picklable."""
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        self._pipe.send((function, arguments))
        if not self._pipe.poll(limit):
            self.stop()
            raise TimeLimit(f"> {limit:g} s")
        try:
            fine, value = self._pipe.recv()
        except EOFError:
            self.stop()
            raise TimeLimit("its process died") from None
        if not fine:
            raise RuntimeError(value)
        return value

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def _serve(pipe: Any) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # banners that peers print from C
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((True, function(*arguments)))
        except Exception as error:  # whatever a peer raises is a line in the table
            pipe.send((False, f"{type(error).__name__}: {error}"))


def installed(package: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(package) is not None


@dataclass(frozen=True)
class Fresh:
    """What a fresh interpreter took: wall time with start-up, peak memory, what it printed."""

    seconds: float
    megabytes: float
    printed: dict[str, float]


def fresh_interpreter(code: str, repeats: int = 1) -> Fresh:
    """Run `code` in new interpreters, whose last line prints a JSON object; the median time."""
    peak = (
        "import resource, sys; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss "
        "/ (2**20 if sys.platform == 'darwin' else 2**10))"
    )
    taken, lines = [], []
    for _ in range(repeats):
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", f"{code}\n{peak}"], capture_output=True, text=True, check=False
        )
        taken.append(time.perf_counter() - begun)
        if done.returncode:
            raise SystemExit(done.stderr)
        lines = done.stdout.strip().splitlines()
    printed = json.loads(lines[-2]) if len(lines) > 1 else {}
    return Fresh(median(taken), float(lines[-1]), printed)
