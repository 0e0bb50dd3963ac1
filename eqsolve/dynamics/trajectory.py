"""What a simulation leaves behind: iterates over steps, replications and coordinates."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError, NotInstalled
from eqsolve.results import Table

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Resume:
    """Where an unfinished run stopped; enough to go on to the same numbers.

    Attributes
    ----------
    profile : ndarray (replications, n)
    state : tuple of ndarray
        The dynamics' memory, replications first.
    generators : tuple of str
        State of each block's random generator, as JSON.
    step : int
        Steps taken.
    """

    profile: Array
    state: tuple[NDArray[Any], ...]
    generators: tuple[str, ...]
    step: int


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Iterates of a run.

    Attributes
    ----------
    steps : ndarray of int (T,)
        Steps taken when each iterate was recorded; the first is the start.
    iterates : ndarray (T, replications, n)
    players : dict of str to ndarray of int
        Player name to its coordinates.
    coordinate_names : tuple of str
    interrupted : bool
        The run was stopped early; `eq.simulate(..., resume=trajectory)` goes on.
    resume : Resume or None

    Examples
    --------
    >>> path = Trajectory.from_array(np.zeros((5, 2)))
    >>> path
    Trajectory of 5 records over 4 steps, 1 replication, 2 coordinates
    """

    steps: NDArray[np.int64]
    iterates: Array
    players: Mapping[str, NDArray[np.int_]] = field(default_factory=dict)
    coordinate_names: tuple[str, ...] = ()
    interrupted: bool = False
    resume: Resume | None = None

    def __post_init__(self) -> None:
        if self.iterates.ndim != 3 or self.iterates.shape[0] != self.steps.size:
            raise EqsolveError(
                f"A trajectory needs iterates of shape (T, replications, n) with T = "
                f"{self.steps.size} steps, not {self.iterates.shape}."
            )
        if not self.coordinate_names:
            names = tuple(f"x[{j}]" for j in range(self.iterates.shape[2]))
            object.__setattr__(self, "coordinate_names", names)

    def __len__(self) -> int:
        return int(self.steps.size)

    @property
    def replications(self) -> int:
        """How many independent runs."""
        return int(self.iterates.shape[1])

    @property
    def final(self) -> Array:
        """The last iterates, (replications, n)."""
        return np.asarray(self.iterates[-1])

    @classmethod
    def from_array(
        cls, array: Any, players: Mapping[str, Any] | None = None, steps: Any = None
    ) -> Trajectory:
        """A recorded run of any origin.

        Parameters
        ----------
        array : array_like, shape (T, n) or (T, replications, n)
        players : dict of str to coordinates, optional
        steps : array_like of int, shape (T,), optional
            Default 0, 1, 2, ...
        """
        iterates = np.asarray(array, dtype=float)
        if iterates.ndim == 2:
            iterates = iterates[:, None, :]
        if iterates.ndim != 3:
            raise EqsolveError(
                f"A recorded run has shape (T, n) or (T, replications, n), not {np.shape(array)}."
            )
        count = np.arange(iterates.shape[0]) if steps is None else np.asarray(steps, dtype=int)
        who = {name: np.asarray(places, dtype=int) for name, places in (players or {}).items()}
        return cls(count, iterates, who)

    @classmethod
    def from_csv(cls, path: str | Path) -> Trajectory:
        """A recorded run from CSV: one column a coordinate, a header, optional 'step' and
        'replication' columns.

        Raises
        ------
        EqsolveError
            Naming the row or column that cannot be read.
        """
        with open(path, newline="") as file:
            rows = list(csv.reader(file))
        if len(rows) < 2:
            raise EqsolveError(f"{path}: no rows; expected a header and one row a step.")
        header = [name.strip() for name in rows[0]]
        values = np.empty((len(rows) - 1, len(header)))
        for number, row in enumerate(rows[1:], start=2):
            if len(row) != len(header):
                raise EqsolveError(
                    f"{path}, line {number}: {len(row)} values for {len(header)} columns."
                )
            for place, text in enumerate(row):
                try:
                    values[number - 2, place] = float(text)
                except ValueError:
                    raise EqsolveError(
                        f"{path}, line {number}, column {header[place]!r}: {text!r} is no number."
                    ) from None
        names = [name for name in header if name not in ("step", "replication")]
        columns = [header.index(name) for name in names]
        replication = (
            values[:, header.index("replication")].astype(int)
            if "replication" in header
            else np.zeros(len(values), dtype=int)
        )
        labels, counts = np.unique(replication, return_counts=True)
        if len(set(counts.tolist())) > 1:
            raise EqsolveError(f"{path}: the replications have different numbers of rows.")
        order = np.argsort(replication, kind="stable")
        data = values[order][:, columns].reshape(labels.size, counts[0], len(names))
        steps = (
            values[order][: counts[0], header.index("step")].astype(int)
            if "step" in header
            else np.arange(counts[0])
        )
        return cls(steps, data.transpose(1, 0, 2), coordinate_names=tuple(names))

    def save(self, path: str | Path) -> Path:
        """Write to a .npz file (no pickle); an interrupted run keeps what it needs to go on."""
        return archived(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Trajectory:
        """Read what `save` wrote, or a .npz with an array called `iterates`."""
        with np.load(path, allow_pickle=False) as file:
            if "average_payoffs" in file:
                from eqsolve.dynamics.repeated_play import RepeatedPlay

                return RepeatedPlay.load(path)
            if "iterates" not in file:
                raise EqsolveError(f"{path}: there is no array called 'iterates' in it.")
            if "notes" not in file:
                return cls.from_array(file["iterates"], steps=file.get("steps"))
        return cls(**from_archive(path))

    def to_frame(self) -> Any:
        """A pandas DataFrame: step, replication, and one column a coordinate.

        Raises
        ------
        NotInstalled
            Without pandas.
        """
        try:
            import pandas as pd
        except ImportError:
            raise NotInstalled("pandas", "Trajectory.to_frame()", "frames") from None
        count, runs, n = self.iterates.shape
        frame = pd.DataFrame(self.iterates.reshape(-1, n), columns=list(self.coordinate_names))
        frame.insert(0, "replication", np.tile(np.arange(runs), count))
        frame.insert(0, "step", np.repeat(self.steps, runs))
        return frame

    def table(self) -> Table:
        """Mean and spread of the last iterates."""
        final = self.final
        spread = final.std(axis=0)
        rows = tuple(zip(self.coordinate_names, final.mean(axis=0), spread, strict=True))
        return Table(("coordinate", "final mean", "spread over replications"), rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __repr__(self) -> str:
        count, runs, n = self.iterates.shape
        plural = "" if runs == 1 else "s"
        end = ", interrupted" if self.interrupted else ""
        return (
            f"Trajectory of {count} records over {int(self.steps[-1] - self.steps[0])} steps, "
            f"{runs} replication{plural}, {n} coordinate{'' if n == 1 else 's'}{end}"
        )

    def plot(self, equilibrium: Any = None, ax: Any = None) -> Any:
        """Coordinates over steps, with the band of replications; returns the axes."""
        from eqsolve.plotting import plot_trajectory

        return plot_trajectory(self, equilibrium, ax=ax)


def archived(
    trajectory: Trajectory,
    path: str | Path,
    more_arrays: Mapping[str, Any] | None = None,
    more_notes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a trajectory, and what a kind of it has beside the iterates, to a .npz file."""
    path = Path(path)
    arrays: dict[str, Any] = {"steps": trajectory.steps, "iterates": trajectory.iterates}
    notes: dict[str, Any] = {
        "players": {name: places.tolist() for name, places in trajectory.players.items()},
        "coordinate_names": list(trajectory.coordinate_names),
        "interrupted": trajectory.interrupted,
    }
    kept = trajectory.resume
    # Objects in a dynamics' memory, such as users' agents, do not go into files.
    if kept is not None and not any(part.dtype == object for part in kept.state):
        arrays["profile"] = kept.profile
        arrays |= {f"state_{k}": part for k, part in enumerate(kept.state)}
        notes["resume"] = {
            "generators": list(kept.generators),
            "step": kept.step,
            "parts": len(kept.state),
        }
    arrays |= more_arrays or {}
    arrays["notes"] = np.array(json.dumps(notes | dict(more_notes or {})))
    unfinished = path.with_name(path.name + ".part")
    with open(unfinished, "wb") as file:
        np.savez(file, **arrays)
    unfinished.replace(path)
    return path


def from_archive(path: str | Path) -> dict[str, Any]:
    """The fields of a `Trajectory` from a file that `archived` wrote."""
    with np.load(path, allow_pickle=False) as file:
        notes = json.loads(str(file["notes"]))
        resume = None
        if "resume" in notes:
            kept = notes["resume"]
            state = tuple(file[f"state_{k}"] for k in range(kept["parts"]))
            resume = Resume(file["profile"], state, tuple(kept["generators"]), kept["step"])
        return {
            "steps": file["steps"],
            "iterates": file["iterates"],
            "players": {k: np.asarray(v, dtype=int) for k, v in notes["players"].items()},
            "coordinate_names": tuple(notes["coordinate_names"]),
            "interrupted": bool(notes["interrupted"]),
            "resume": resume,
        }
