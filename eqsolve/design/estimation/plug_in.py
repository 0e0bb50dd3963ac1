"""The experiment that a log suggests: estimated chains and rewards in the place of true ones.

Estimation needs rows only where an arm settles; design needs them everywhere, since the policy
passes through states where an arm was never tried. So the experiment borrows:

- `prior` pseudo-steps are added for every arm in every state, spread over next states and
  rewards as the steps of all arms there together (empirical Bayes: a Dirichlet prior centred on
  the pooled row). Without, an arm takes the pooled row only where it was never played.
- A state that was entered and never left under any arm (the last of a log) goes back to where
  it was entered from; one that never occurs goes to the state most visited. Neither carries
  weight: they only complete the chains.
- A pair of arm and state with one step shows no variance. Rewards therefore take the variance
  within pairs, over the whole log, as `prior` more steps' worth.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from eqsolve.design.estimation.counts import COLUMNS, TransitionCounts
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadLog

Array = NDArray[np.float64]


def smoothed(
    counts: TransitionCounts, prior: float, *, everywhere: bool = True
) -> TransitionCounts:
    """Counts with pseudo-steps: those of all arms together, lent to each arm.

    Parameters
    ----------
    counts : TransitionCounts
    prior : float
        Pseudo-steps for each arm in each state that any arm left.
    everywhere : bool
        Otherwise only where the arm was never played.

    Raises
    ------
    BadLog
        For a prior that is negative or not finite.

    Examples
    --------
    The arm never played in state 1 borrows one step there:

    >>> counts = TransitionCounts.from_steps([0, 0, 1], [0, 1, 0], [1.0, 2.0, 4.0], [1, 0, 0])
    >>> lent = smoothed(counts, 1.0)
    >>> lent.visits.tolist(), lent.rewards.tolist()
    ([[2.0, 2.0], [2.0, 1.0]], [[1.75, 2.0], [3.25, 2.0]])
    """
    if not (np.isfinite(prior) and prior >= 0):
        raise BadLog(f"prior={prior!r}: it is a number of pseudo-steps, zero or more.")
    if prior == 0 or not counts.arm.size:
        return counts
    share = prior / counts.visits.sum(axis=0)[counts.state]
    lent: dict[str, list[NDArray[Any]]] = {name: [] for name in COLUMNS}
    for arm in range(counts.arms):
        rows = np.arange(counts.arm.size)
        if not everywhere:
            rows = np.flatnonzero(counts.visits[arm, counts.state] == 0)
        lent["arm"].append(np.full(rows.size, arm))
        for name in ("state", "next_state"):
            lent[name].append(getattr(counts, name)[rows])
        for name in ("count", "reward_sum", "reward_squares"):
            lent[name].append(getattr(counts, name)[rows] * share[rows])
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(counts, name), *parts]) for name, parts in lent.items()
    }
    return replace(counts, **columns)


def plug_in(counts: TransitionCounts, *, prior: float = 0.0) -> MarkovExperiment:
    """The experiment whose chains, rewards and variances are those estimated.

    Rewards are given by arm, state and next state, so that its step variances are those of the
    estimate.

    Parameters
    ----------
    counts : TransitionCounts
    prior : float
        Pseudo-steps lent to each arm in each state; see above. With some, the estimated chains
        are irreducible as soon as the logged one is.

    Raises
    ------
    BadLog
        For an empty log, or a prior that is negative.
    BadExperiment
        When an arm's estimated chain still has several closed classes.

    Examples
    --------
    >>> log = TransitionCounts.from_steps([0, 0, 1, 1], [0, 1, 0, 1], [1.0, 2, 4, 0], [1, 0, 0, 0])
    >>> log.experiment().averages.tolist()
    [1.5, 4.0]
    """
    if not counts.arm.size:
        raise BadLog("The log holds no steps: there is nothing to estimate an experiment from.")
    lent = smoothed(smoothed(counts, prior), 1.0, everywhere=False)
    back = _way_back(lent)
    mean = lent.reward_sum / lent.count
    transitions = [matrix + back for matrix in lent.transitions]
    rewards = [lent.matrix(arm, mean) for arm in range(lent.arms)]
    return MarkovExperiment(
        transitions,
        rewards,
        _variances(counts, lent, prior),
        arm_names=counts.arm_names,
        state_names=counts.state_names,
    )


def _way_back(counts: TransitionCounts) -> sparse.csr_array:
    """Rows for the states that were never left; empty elsewhere."""
    shape = (counts.states, counts.states)
    steps = counts.count.astype(np.float64)
    reverse = sparse.csr_array((steps, (counts.next_state, counts.state)), shape=shape)
    left, entered = counts.visits.sum(axis=0), np.asarray(reverse.sum(axis=1)).ravel()
    known = np.flatnonzero((left == 0) & (entered > 0))
    scale = np.zeros(counts.states)
    scale[known] = 1.0 / entered[known]
    lone = np.flatnonzero((left == 0) & (entered == 0))
    home = np.full(lone.size, int(np.argmax(left)))
    home_rows = sparse.csr_array((np.ones(lone.size), (lone, home)), shape=shape)
    return sparse.csr_array(sparse.diags_array(scale, format="csr") @ reverse + home_rows)


def _variances(counts: TransitionCounts, lent: TransitionCounts, prior: float) -> Array:
    """(arms, states): variance of the reward given the next state, averaged over it."""
    within = np.maximum(lent.reward_squares - lent.reward_sum**2 / lent.count, 0.0)
    summed = lent.summed(within)
    visits = lent.visits.astype(np.float64)
    spread = np.maximum(counts.reward_squares - counts.reward_sum**2 / counts.count, 0.0)
    # Each transition that occurred has used up one step for its own mean.
    freedom = max(float((counts.count - 1).clip(min=0).sum()), 1.0)
    overall = float(spread.sum()) / freedom
    known = visits + prior
    variances = np.full(visits.shape, overall)
    np.divide(summed + prior * overall, known, out=variances, where=known > 0)
    return variances
