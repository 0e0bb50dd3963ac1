"""The interface of a dynamics, step schedules, and plain functions made into dynamics."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Protocol, Self, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
State = tuple[NDArray[Any], ...]
Schedule = float | Callable[[int], float]


@runtime_checkable
class Dynamics(Protocol):
    """What `eq.simulate` and `eq.predict_rate` ask of learning code."""

    def start(self, game: Any, profile: Array) -> State:
        """Memory at the beginning, for profiles (replications, n)."""

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """The next profiles and memory; pure, so that runs can be resumed."""


def counter(profile: Array) -> NDArray[np.int64]:
    """A step counter, one a replication, at zero."""
    return np.zeros(profile.shape[0], dtype=np.int64)


def at(schedule: Schedule, count: NDArray[np.int64]) -> float:
    """The value of a step schedule at the counter; a float is constant.

    Schedules are called with k = 1, 2, ...

    >>> at(lambda k: 1 / k, np.array([3]))
    0.25
    """
    return float(schedule(int(count[0]) + 1)) if callable(schedule) else float(schedule)


@dataclass(frozen=True)
class FunctionDynamics:
    """Somebody's update ``x -> x_next``, for (replications, n) or for (n,).

    Parameters
    ----------
    function : callable
        Given a batch first; one profile at a time if it does not return a batch.

    Examples
    --------
    >>> halve = FunctionDynamics(lambda x: x / 2)
    >>> halve.step(None, np.ones((3, 2)), (), np.random.default_rng(0))[0].shape
    (3, 2)
    """

    function: Callable[[Any], Any]

    def start(self, game: Any, profile: Array) -> State:
        return ()

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        rows = [np.asarray(self.function(row.copy()), dtype=float) for row in profile]
        for row in rows:
            if row.shape != profile.shape[1:]:
                raise EqsolveError(
                    f"The update returns shape {row.shape} for a point of shape "
                    f"{profile.shape[1:]}; it must map a point to a point."
                )
        return np.stack(rows), state


@dataclass(frozen=True)
class BatchFunctionDynamics(FunctionDynamics):
    """An update that maps (replications, n) to (replications, n) at once."""

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        return np.asarray(self.function(profile.copy()), dtype=float), state


def as_dynamics(learner: Any, point: Array) -> Dynamics:
    """A dynamics as it is, or a plain function wrapped.

    A function counts as batched when it treats two stacked copies of `point` (n,) as it
    treats each alone.

    Raises
    ------
    EqsolveError
        When `learner` is neither.
    """
    if isinstance(learner, Dynamics):
        return learner
    if not callable(learner):
        raise EqsolveError(
            f"{learner!r} is no dynamics: give an object with start and step, or a function "
            "x -> x_next."
        )
    single = np.asarray(learner(point.copy()), dtype=float)
    if single.shape != point.shape:
        raise EqsolveError(
            f"The update returns shape {single.shape} for a point of shape {point.shape}; "
            "it must map a point to a point."
        )
    shifted = point + 1e-3 * (1 + np.abs(point))
    try:
        both = np.asarray(learner(np.stack([point, shifted])), dtype=float)
        alone = np.asarray(learner(shifted.copy()), dtype=float)
    except (ValueError, IndexError, TypeError):
        return FunctionDynamics(learner)
    batched = both.shape == (2, point.size) and np.allclose(
        both, np.stack([single, alone]), rtol=1e-9, atol=1e-12, equal_nan=True
    )
    return BatchFunctionDynamics(learner) if batched else FunctionDynamics(learner)


class Stepped:
    """A dynamics with a step length: shown and given as ``step=``, kept as `step_length`.

    (`step` itself is the method that takes one.) Subclasses are frozen dataclasses whose
    fields, other than `step_length`, bear the names of their arguments.
    """

    step_length: Schedule

    def _set(self, step: Schedule, **rest: Any) -> None:
        self._positive("step", step)
        object.__setattr__(self, "step_length", step)
        for name, value in rest.items():
            object.__setattr__(self, name, value)

    def _positive(self, name: str, value: Schedule) -> None:
        if not callable(value) and not (np.isfinite(value) and value > 0):
            raise EqsolveError(f"{type(self).__name__}: {name} must be positive, not {value!r}.")

    def _not_negative(self, name: str, value: float) -> None:
        if not (np.isfinite(value) and value >= 0):
            raise EqsolveError(f"{type(self).__name__}: {name} must be 0 or more, not {value!r}.")

    def _among(self, name: str, value: str, choices: tuple[str, ...]) -> None:
        if value not in choices:
            raise EqsolveError(
                f"{type(self).__name__}: {name} must be one of {choices}, not {value!r}."
            )

    @property
    def is_constant(self) -> bool:
        """Whether every step has the same length, so that there is one rate."""
        return not callable(self.step_length)

    def with_step(self, step: Schedule) -> Self:
        """The same dynamics with another step length."""
        twin = copy.copy(self)
        object.__setattr__(twin, "step_length", step)
        return twin

    def noiseless(self) -> Self:
        """The mean update: without gradient noise, with exact feedback."""
        twin = copy.copy(self)
        for name, value in (("noise", 0.0), ("feedback", "exact")):
            if isinstance(getattr(self, name, None), type(value)):
                object.__setattr__(twin, name, value)
        return twin

    def __repr__(self) -> str:
        rest = [f.name for f in fields(cast("Any", self)) if f.name != "step_length"]
        shown = [f"step={self.step_length!r}", *(f"{n}={getattr(self, n)!r}" for n in rest)]
        return f"{type(self).__name__}({', '.join(shown)})"
