"""Commitment by multiple linear programs, without those that cannot matter.

Answers are tried in the order of what the leader could get at most, max over a of U_aj. Those
whose limit does not exceed the best found need no program.

A pessimistic leader (von Stengel and Zamir 2010, "Leadership games with convex strategy sets",
Theorem 11) counts only on answers j that are strictly best somewhere, and on the worst of those
that pay the follower the same everywhere. Its supremum need not be attained: the mix returned
lies so far inside the region that the follower's preference is strict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.programs.commitment import CommitmentProgram
from eqsolve.programs.linear import LinearProgram
from eqsolve.results import Status
from eqsolve.solvers.branch_on_complementarity import BoundedSolution
from eqsolve.solvers.highs import Highs, answer_of, model_of

Array = NDArray[np.float64]
STRICT = 1e-9  # advantage over other answers, as a share of payoffs, that counts as strict
MARGIN = 1e-10  # advantage that a pessimistic leader's mix leaves its follower


@dataclass(frozen=True)
class MultipleLinearPrograms:
    """Options of commitment by multiple linear programs.

    Parameters
    ----------
    feasibility : float
        Largest violation of the follower's preference, as a share of its payoffs.

    Examples
    --------
    >>> program = CommitmentProgram(np.array([[1.0, 3], [0, 2]]), np.array([[1.0, 0], [0, 1]]))
    >>> MultipleLinearPrograms().solve(program).objective
    2.5
    """

    feasibility: float = 1e-9

    name: ClassVar[str] = "multiple-linear-programs"
    kinds: ClassVar[frozenset[str]] = frozenset({"multiple linear"})

    def solve(self, program: CommitmentProgram, start: Any = None) -> BoundedSolution:
        """Solve.

        Returns
        -------
        BoundedSolution
            `values` are the leader's mix followed by the follower's answer; `multipliers`
            (answers, answers) prove `bound` through `CommitmentProgram.bound`.
        """
        if program.pure:
            return _pure(program)
        # In units of the leader's spread: tolerances of the engine are absolute.
        low, unit = float(program.leader.min()), _size(program.leader)
        near = replace(program, leader=(program.leader - low) / unit)
        found = (_optimistic if program.optimistic else _pessimistic)(near, self)
        if found.objective is None:
            return found
        multipliers = None if found.multipliers is None else unit * found.multipliers
        return replace(
            found,
            residual=unit * found.residual,
            multipliers=multipliers,
            objective=low + unit * found.objective,
            bound=low + unit * found.bound,
        )


def _optimistic(program: CommitmentProgram, options: MultipleLinearPrograms) -> BoundedSolution:
    leader, size = program.leader, _size(program.follower)
    follower = (program.follower - program.follower.min()) / size
    answers = leader.shape[1]
    multipliers = np.zeros((answers, answers))
    # A pure commitment is a good start: it rules out many answers at once.
    best, mix, chosen = _best_pure(program)
    engine = Highs(feasibility=options.feasibility).engine(reduce=False)
    limits = leader.max(axis=0)
    solved = 0
    for j in np.argsort(-limits, kind="stable"):
        if limits[j] <= best:
            break
        lead = follower[:, [j]] - follower
        found = _run(engine, _program(leader[:, j], lead))
        solved += 1
        if found.status is Status.INFEASIBLE:
            multipliers[j] = _never_best(engine, lead, limits[j] - best) / size
            continue
        if found.status is not Status.SOLVED or found.multipliers is None:
            return _failed(program, found.status, solved)
        multipliers[j] = np.abs(found.multipliers[:answers]) / size
        if found.objective is not None and found.objective > best:
            best, mix, chosen = found.objective, found.values, int(j)
    return _found(program, mix, chosen, multipliers, solved)


def _program(weights: Array, lead: Array) -> LinearProgram:
    """max weights'x over mixes x with x'lead >= 0 in every column."""
    m, k = lead.shape
    rows = np.vstack([lead.T, np.ones(m)])
    return LinearProgram(
        objective=weights,
        rows=sp.csr_array(rows),
        row_lower=np.append(np.zeros(k), 1.0),
        row_upper=np.append(np.full(k, np.inf), 1.0),
        lower=np.zeros(m),
        upper=np.full(m, np.inf),
        sense="max",
    )


def _run(engine: Any, program: LinearProgram) -> BoundedSolution:
    engine.passModel(model_of(program))
    engine.run()
    return answer_of(engine, program)


def _strictest(engine: Any, lead: Array) -> BoundedSolution:
    """The mix with the largest smallest lead: max s with x'lead >= s in every column."""
    m, k = lead.shape
    rows = np.vstack([np.hstack([lead.T, np.full((k, 1), -1.0)]), np.append(np.ones(m), 0.0)])
    program = LinearProgram(
        objective=np.append(np.zeros(m), 1.0),
        rows=sp.csr_array(rows),
        row_lower=np.append(np.zeros(k), 1.0),
        row_upper=np.append(np.full(k, np.inf), 1.0),
        lower=np.append(np.zeros(m), -np.inf),
        upper=np.full(m + 1, np.inf),
        sense="max",
    )
    return _run(engine, program)


def _never_best(engine: Any, lead: Array, excess: float) -> Array:
    """Multipliers (answers,) that prove an answer to be best nowhere.

    The most favourable mix still falls short by -s > 0; the multipliers of that program,
    times excess / -s, push the answer's limit below the best that was found.
    """
    strict = _strictest(engine, lead)
    if strict.objective is None or strict.multipliers is None or strict.objective >= 0:
        return np.zeros(lead.shape[1])
    return np.asarray(np.abs(strict.multipliers[:-1]) * (excess / -strict.objective))


def _best_pure(program: CommitmentProgram) -> tuple[float, Array, int]:
    """Value, action (as a mix) and answer of the best pure commitment."""
    leader, follower = program.leader, program.follower
    tied = follower >= follower.max(axis=1, keepdims=True) - STRICT * _size(follower)
    if program.optimistic:
        answers = np.where(tied, leader, -np.inf).argmax(axis=1)
    else:
        answers = np.where(tied, leader, np.inf).argmin(axis=1)
    values = leader[np.arange(leader.shape[0]), answers]
    action = int(values.argmax())
    mix = np.zeros(leader.shape[0])
    mix[action] = 1.0
    return float(values[action]), mix, int(answers[action])


def _pure(program: CommitmentProgram) -> BoundedSolution:
    value, mix, answer = _best_pure(program)
    shape = (program.leader.shape[1],) * 2
    found = _found(program, mix, answer, np.zeros(shape), 0)
    return replace(found, objective=value, bound=value, residual=0.0)


def _pessimistic(program: CommitmentProgram, options: MultipleLinearPrograms) -> BoundedSolution:
    leader, size = program.leader, _size(program.follower)
    follower = (program.follower - program.follower.min()) / size
    engine = Highs(feasibility=options.feasibility).engine(reduce=False)
    best, mix, chosen, bound, solved = -np.inf, np.full(leader.shape[0], np.nan), 0, -np.inf, 0
    done: set[int] = set()
    for j in range(leader.shape[1]):
        alike = np.flatnonzero(np.abs(follower - follower[:, [j]]).max(axis=0) <= STRICT)
        if j in done:
            continue
        done.update(alike.tolist())
        others = np.setdiff1d(np.arange(leader.shape[1]), alike)
        lead = follower[:, [j]] - follower[:, others]
        inside = np.full(leader.shape[0], 1.0 / leader.shape[0])
        margin = np.inf
        if others.size:
            strict = _strictest(engine, lead)
            solved += 1
            if strict.objective is None:
                return _failed(program, strict.status, solved)
            if strict.objective <= STRICT:
                continue
            inside, margin = strict.values[:-1], strict.objective
        found = _worst_of(engine, leader[:, alike], lead)
        solved += 1
        if found.objective is None:
            return _failed(program, found.status, solved)
        bound = max(bound, found.objective)
        x = np.maximum(found.values[:-1], 0.0)
        x /= x.sum()
        if others.size and (x @ lead).min() < MARGIN:
            share = MARGIN / margin
            x = (1 - share) * x + share * inside
        worst = int(alike[(x @ leader[:, alike]).argmin()])
        if x @ leader[:, worst] > best:
            best, mix, chosen = float(x @ leader[:, worst]), x, worst
    shape = (leader.shape[1],) * 2
    found = _found(program, mix, chosen, np.zeros(shape), solved)
    return replace(found, bound=bound, residual=abs(bound - best), multipliers=None)


def _worst_of(engine: Any, alike: Array, lead: Array) -> BoundedSolution:
    """max v over mixes x with x'lead >= 0 and x'alike >= v in every column."""
    m = alike.shape[0]
    rows = np.vstack(
        [
            np.hstack([lead.T, np.zeros((lead.shape[1], 1))]),
            np.hstack([alike.T, np.full((alike.shape[1], 1), -1.0)]),
            np.append(np.ones(m), 0.0),
        ]
    )
    zeros = np.zeros(rows.shape[0] - 1)
    program = LinearProgram(
        objective=np.append(np.zeros(m), 1.0),
        rows=sp.csr_array(rows),
        row_lower=np.append(zeros, 1.0),
        row_upper=np.append(zeros + np.inf, 1.0),
        lower=np.append(np.zeros(m), -np.inf),
        upper=np.full(m + 1, np.inf),
        sense="max",
    )
    return _run(engine, program)


def _size(payoffs: Array) -> float:
    """Largest difference of payoffs, or one where there is none."""
    return float(np.ptp(payoffs)) or 1.0


def _found(
    program: CommitmentProgram, mix: Array, answer: int, multipliers: Array, solved: int
) -> BoundedSolution:
    leader = program.leader
    x = np.maximum(mix, 0.0)
    x = x / x.sum()
    value, bound = float(x @ leader[:, answer]), program.bound(multipliers)
    return BoundedSolution(
        values=np.concatenate([x, np.eye(leader.shape[1])[answer]]),
        status=Status.SOLVED,
        residual=abs(bound - value),
        iterations=solved,
        solver=MultipleLinearPrograms.name,
        multipliers=multipliers,
        objective=value,
        bound=bound,
        nodes=solved,
    )


def _failed(program: CommitmentProgram, status: Status, solved: int) -> BoundedSolution:
    values = np.full(sum(program.leader.shape), np.nan)
    return BoundedSolution(values, status, np.inf, solved, MultipleLinearPrograms.name)
