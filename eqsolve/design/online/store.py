"""Files of an online design: a snapshot that is replaced at one stroke, and a journal beside it.

The snapshot is a .npz file of numbers with a note in JSON; it is written under another name,
forced to the disk and then renamed, so that at every moment the old file or the new one is there,
whole. The journal holds the steps observed since, one fixed-size record each, handed to the
operating system at once: a process that is killed loses nothing, and a record that was cut short
is recognised by its length. Records carry the number of their step, so that those which the
snapshot already holds are passed over.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.estimation.counts import COLUMNS, TransitionCounts
from eqsolve.design.online.options import OnlineOptions
from eqsolve.errors import BadExperiment, BadLog
from eqsolve.results import Solution, Status

Array = NDArray[np.float64]

FORMAT = "eqsolve online design, 1"
RECORD = struct.Struct("<qqqqd")  # step, arm, state, next state, reward


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that an online design knows.

    Attributes
    ----------
    options : OnlineOptions
    counts : TransitionCounts
    policy : ndarray (states, arms)
    resolves : int
    failure : str
    solution : Solution or None
        Of the last program, where the next one starts.
    kept : bool
        Whether a journal stands beside the file.
    """

    options: OnlineOptions
    counts: TransitionCounts
    policy: Array
    resolves: int
    failure: str
    solution: Solution | None
    kept: bool


def write_snapshot(path: Path, snapshot: Snapshot) -> Path:
    """Write to `path`, at once or not at all."""
    arrays: dict[str, Any] = {name: getattr(snapshot.counts, name) for name in COLUMNS}
    arrays["policy"] = snapshot.policy
    notes = {
        "format": FORMAT,
        "options": snapshot.options.json(),
        "resolves": snapshot.resolves,
        "failure": snapshot.failure,
        "kept": snapshot.kept,
    }
    solution = snapshot.solution
    if solution is not None:
        notes["solution"] = {
            "status": solution.status.name,
            "residual": solution.residual,
            "iterations": solution.iterations,
            "solver": solution.solver,
            "objective": solution.objective,
        }
        arrays["solution_values"] = solution.values
        if solution.multipliers is not None:
            arrays["solution_multipliers"] = solution.multipliers
    arrays["notes"] = np.array(json.dumps(notes))
    unfinished = path.with_name(path.name + ".part")
    with open(unfinished, "wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
    return path


def read_snapshot(path: Path) -> Snapshot:
    """Read what `write_snapshot` wrote.

    Raises
    ------
    BadLog
        When there is no such file, or it is another one.
    """
    if not path.is_file():
        raise BadLog(f"There is no file {str(path)!r} to load an online design from.")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        notes = json.loads(str(arrays["notes"]))
        if notes["format"] != FORMAT:
            raise KeyError("format")
    except (ValueError, KeyError, OSError, EOFError, TypeError) as error:
        raise BadLog(f"{str(path)!r} is no file that OnlineDesign.save wrote.") from error
    options = OnlineOptions.of(**notes["options"])
    counts = TransitionCounts(
        **{name: arrays[name] for name in COLUMNS},
        arms=len(options.arms),
        states=len(options.states),
        arm_names=options.arms.given,
        state_names=options.states.given,
    )
    solution = None
    if "solution" in notes:
        told = notes["solution"]
        solution = Solution(
            values=arrays["solution_values"],
            status=Status[told.pop("status")],
            multipliers=arrays.get("solution_multipliers"),
            **told,
        )
    return Snapshot(
        options=options,
        counts=counts,
        policy=arrays["policy"],
        resolves=notes["resolves"],
        failure=notes["failure"],
        solution=solution,
        kept=notes["kept"],
    )


class Journal:
    """Steps observed since the snapshot at `path`, in the file `path` + ".steps".

    The file is opened for each record: a few microseconds, and nothing to close.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._steps = path.with_name(path.name + ".steps")

    @classmethod
    def begin(cls, path: Path) -> Journal:
        """Of a new run.

        Raises
        ------
        BadExperiment
            When the file exists: an earlier run would be lost.
        """
        if path.exists():
            raise BadExperiment(
                f"keep={str(path)!r} exists already: OnlineDesign.load goes on with it, or choose "
                "another name."
            )
        return cls(path)

    def read(self) -> list[tuple[int, int, int, int, float]]:
        """Its records: step, arm, state, next state, reward; one that was cut short is left out."""
        content = self._steps.read_bytes() if self._steps.exists() else b""
        whole = len(content) - len(content) % RECORD.size
        return list(RECORD.iter_unpack(content[:whole]))

    def add(self, step: int, arm: int, state: int, next_state: int, reward: float) -> None:
        """Hand one step to the operating system."""
        with open(self._steps, "ab", buffering=0) as file:
            file.write(RECORD.pack(step, arm, state, next_state, reward))

    def clear(self) -> None:
        """Forget the steps: the snapshot holds them."""
        with open(self._steps, "wb"):
            pass
