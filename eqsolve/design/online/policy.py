"""The next policy of an online design: estimate, solve, and go on exploring.

The design p* for the chains and rewards estimated so far is put in force with forced exploration,

    p(l | x) = (1 - e(x)) p*(l | x) + e(x) / A(x),    e(x) = min(1, c / sqrt(1 + N(x))),

N(x) being the visits of state x and A(x) the number of arms allowed there (above their floors).
The exploration of a state vanishes, but its sum over the visits diverges: every arm is tried again
and again in every state that keeps coming back (Singh, Jaakkola, Littman and Szepesvari, Machine
Learning 38, 2000, appendix B, on such policies).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.occupancy import coin_flipping
from eqsolve.design.online.options import OnlineOptions
from eqsolve.design.planning import plan
from eqsolve.errors import BadExperiment, BadLog, EquilibriumNotFound, SlowMixing
from eqsolve.results import Solution

if TYPE_CHECKING:
    from eqsolve.design.sampling_design import SamplingDesign

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NextPolicy:
    """A policy to put in force, or why there is none.

    Attributes
    ----------
    policy : ndarray (S, A) or None
        Read-only.
    design : SamplingDesign or None
        For the estimates; without the exploration.
    failure : str
        Empty where there is a policy.
    """

    policy: Array | None
    design: SamplingDesign | None
    failure: str = ""


def next_policy(
    options: OnlineOptions, counts: TransitionCounts, start: Solution | None = None
) -> NextPolicy:
    """Estimate from the counts and solve, from an earlier solution on.

    Borrowed steps may lead an arm to where it is not allowed; then it is tried without them.
    """
    failure = ""
    for prior in (options.prior, 0.0):
        try:
            design = _solved(options, counts, prior, start)
        except (BadExperiment, BadLog, EquilibriumNotFound) as error:
            failure = failure or str(error)
        else:
            return NextPolicy(explored(options, counts, design.policy), design)
    return NextPolicy(None, None, failure)


def _solved(
    options: OnlineOptions, counts: TransitionCounts, prior: float, start: Solution | None
) -> SamplingDesign:
    steps = max(int(counts.total), options.first)
    with warnings.catch_warnings():
        # A note of the design says it too; a service has nobody to warn.
        warnings.simplefilter("ignore", SlowMixing)
        return plan(
            counts.experiment(prior=prior),
            options.contrast,
            steps=max(options.steps or 0, options.after(steps)),
            floor=options.floor,
            allowed=options.allowed,
            start=start,
        )


def explored(options: OnlineOptions, counts: TransitionCounts, policy: Array) -> Array:
    """A policy (S, A) with forced exploration, read-only.

    Examples
    --------
    >>> options = OnlineOptions.of(2, 2, exploration=1.0, seed=0)
    >>> counts = TransitionCounts([0], [0], [0], [99], [0.0], [0.0], 2, 2)
    >>> explored(options, counts, np.array([[1.0, 0.0], [1.0, 0.0]])).round(3).tolist()
    [[0.95, 0.05], [0.5, 0.5]]
    """
    visits = counts.visits.sum(axis=0)
    forced = np.minimum(1.0, options.exploration / np.sqrt(1.0 + visits))[:, None]
    return read_only((1 - forced) * policy + forced * coin_policy(options))


def coin_policy(options: OnlineOptions) -> Array:
    """Coin flipping among the allowed arms, above their floors (S, A)."""
    return read_only(coin_flipping(options.allowed, options.allowed, options.floor))


def read_only(policy: Array) -> Array:
    """A copy that cannot be written to."""
    fixed = np.array(policy, dtype=np.float64)
    fixed.setflags(write=False)
    return fixed
