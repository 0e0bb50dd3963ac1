"""The door of an experiment: what is given, as arrays, or a sentence that names the culprit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from eqsolve.errors import BadExperiment
from eqsolve.markov import communicating_classes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEW = 6  # states listed in a sentence


def matrices_of(transitions: Any) -> list[Any]:
    """The arms' matrices one by one; they are checked later."""
    if sparse.issparse(transitions) or getattr(transitions, "ndim", 3) == 2:
        raise BadExperiment(
            "transitions needs one (S, S) matrix an arm, as a list; a single matrix was given."
        )
    matrices = list(transitions)
    if not matrices:
        raise BadExperiment("transitions is empty: an experiment needs at least one arm.")
    return matrices


def checked_names(
    names: Sequence[Hashable] | None, count: int, what: str
) -> tuple[Hashable, ...] | None:
    """One name an arm or state, none twice; None where none are given."""
    if names is None:
        return None
    listed = tuple(names)
    if len(listed) != count:
        raise BadExperiment(f"There are {count} {what}s but {len(listed)} {what}_names.")
    if len(set(listed)) != count:
        twice = next(name for name, times in Counter(listed).items() if times > 1)
        raise BadExperiment(f"The {what} name {twice!r} is given twice.")
    return listed


def label(names: Sequence[Hashable] | None, place: int) -> str:
    """How a state is called in sentences.

    >>> label(None, 3), label(("low", "high"), 1)
    ('3', "'high'")
    """
    return str(int(place)) if names is None else repr(names[place])


def _states(members: NDArray[np.int_], labels: Sequence[Hashable] | None) -> str:
    shown = [label(labels, state) for state in members[:FEW]] + ["..."] * (members.size > FEW)
    return "{" + ", ".join(shown) + "}"


def refuse_reducible(kernel: Any, name: Hashable, labels: Sequence[Hashable] | None) -> None:
    """Refuse an arm with several closed classes, naming states of two."""
    closed = communicating_classes(kernel).closed
    if len(closed) > 1:
        first, second = (_states(np.asarray(members), labels) for members in closed[:2])
        raise BadExperiment(
            f"Arm {name!r} has {len(closed)} closed classes of states, among them {first} and "
            f"{second}: which of them it stays in for ever depends on the start, so its long-run "
            f"mean is not one number. Join them, or leave out all but one."
        )


def per_pair(
    values: Any,
    what: str,
    names: Sequence[Hashable],
    size: int,
    labels: Sequence[Hashable] | None,
) -> Array:
    """One finite number for each arm and state (A, S); a single number stands for all."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadExperiment(
            f"{what} must be numbers, one row an arm and one column a state, rows of equal length."
        ) from None
    shape = (len(names), size)
    if array.ndim == 0:
        array = np.full(shape, float(array))
    if array.shape != shape:
        raise BadExperiment(
            f"{what} needs one row an arm and one column a state, (A, S) = {shape}; its shape is "
            f"{array.shape}."
        )
    if not np.isfinite(array).all():
        arm, state = np.argwhere(~np.isfinite(array))[0]
        raise BadExperiment(
            f"{what} of arm {names[arm]!r} in state {label(labels, state)} is "
            f"{array[arm, state]}; it must be a finite number."
        )
    return array.copy()


def rewards_of(
    rewards: Any,
    kernels: Sequence[Any],
    names: Sequence[Hashable],
    labels: Sequence[Hashable] | None,
) -> tuple[Array, tuple[Array, ...] | None]:
    """Mean rewards (A, S), and the rewards of each possible move where they depend on it."""
    size = kernels[0].shape[0]
    if not _are_matrices(rewards):
        return per_pair(rewards, "rewards", names, size, labels), None
    if len(rewards) != len(kernels):
        raise BadExperiment(
            f"rewards has {len(rewards)} matrices for {len(kernels)} arms; it needs one an arm."
        )
    means, moves = [], []
    for name, kernel, matrix in zip(names, kernels, rewards, strict=True):
        if np.shape(matrix) != (size, size):
            raise BadExperiment(
                f"The rewards of arm {name!r} have shape {np.shape(matrix)}; a reward for each "
                f"state and next state is (S, S) = ({size}, {size})."
            )
        rows = np.repeat(np.arange(size), np.diff(kernel.indptr))
        table = sparse.csr_array(matrix) if sparse.issparse(matrix) else np.asarray(matrix)
        values = np.asarray(table[rows, kernel.indices], dtype=np.float64).ravel()
        if not np.isfinite(values).all():
            at = int(np.flatnonzero(~np.isfinite(values))[0])
            raise BadExperiment(
                f"The reward of arm {name!r} for the step from state {label(labels, rows[at])} "
                f"to {label(labels, kernel.indices[at])} is {values[at]}; it must be finite."
            )
        moves.append(values)
        means.append(np.bincount(rows, kernel.data * values, minlength=size))
    return np.array(means), tuple(moves)


def _are_matrices(rewards: Any) -> bool:
    """Whether rewards are given a matrix an arm, rather than a row."""
    if isinstance(rewards, (list, tuple)) and any(map(sparse.issparse, rewards)):
        return True
    try:
        return np.ndim(rewards) == 3
    except ValueError:  # rows of different lengths, refused with a sentence later
        return False
