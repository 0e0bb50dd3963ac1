"""Proof of how near a policy is to the best: an exact law above, a dual bound below.

Above: the stationary law of the policy's own chain, found to full relative accuracy, gives its
occupancy and by it its variance V. Below: any numbers h, and multipliers of the cost limit and of
the contrasts, give a number that no admissible occupancy is below
(`eqsolve.programs.sampling.dual_bound`). Neither trusts the solver.

Good numbers h follow from the policy alone (derived). At an optimum without share and cost limit
the slack price * nu + h - P_l h of a pair that is used equals q^2 / gamma^2, in which
q = |w| pi sigma. Averaged over the arms the policy draws, with nu = V / prices paid,

    h - P h = E[q^2 / gamma^2 | x] - nu E[price | x],

Poisson's equation of the policy's chain. Floors do not change it: their multipliers vanish in
that average.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.design.mixing import averaging_time
from eqsolve.design.places import marginal_values
from eqsolve.errors import EqsolveError
from eqsolve.markov import solve_chain
from eqsolve.programs.sampling import dual_bound
from eqsolve.results import Certificate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.design.experiment import MarkovExperiment
    from eqsolve.markov import SolvedChain
    from eqsolve.programs.sampling import SamplingProgram

    Array = NDArray[np.float64]

CLOSE = 1e-9  # relative gap at which no better bound is looked for


@dataclass(frozen=True, eq=False)
class Proof:
    """A policy's exact figures, and how much better any other could be.

    Attributes
    ----------
    policy : ndarray (S, A)
    occupancy : ndarray (A, S)
        Of the policy's exact stationary law; sums to one.
    kernel : scipy.sparse array (S, S)
        The policy's chain.
    value : float
        The criterion, times the average price where steps are free.
    bound : float
        No admissible policy has a smaller `value`.
    infeasibility : float
        Largest violation of floors, share, cost limit and forbidden arms.
    """

    policy: Array
    occupancy: Array
    kernel: Any
    value: float
    bound: float
    infeasibility: float

    @cached_property
    def relaxation_time(self) -> float:
        """Of averages along the policy's chain, in steps."""
        return averaging_time(self.kernel)

    @property
    def relative_gap(self) -> float:
        """(value - bound) / bound, zero where rounding makes it negative."""
        if self.value == 0.0:
            return 0.0
        return max(0.0, (self.value - self.bound) / self.bound) if self.bound > 0 else np.inf

    def certificate(self, scale: float) -> Certificate:
        """The same as a `Certificate`, in units of the variance: `scale` is the average price."""
        gap = max(0.0, self.value - self.bound) / scale
        return Certificate(
            max_gain=gap,
            gains={"design": gap},
            # The gap is the sum of the squared first-order residuals (q - gamma sqrt(a)) of all
            # pairs, each divided by sqrt(gamma).
            kkt_residual=float(np.sqrt(self.relative_gap)),
            infeasibility=self.infeasibility,
            relative_gain=self.relative_gap,
            payoff_scale=self.value / scale,
            scope="global",
            kind="design",
            bound=self.bound / scale,
        )


def prove(
    experiment: MarkovExperiment,
    program: SamplingProgram,
    policy: Array,
    multipliers: Array | None = None,
    near: Array | None = None,
) -> Proof:
    """Exact figures of a policy, and the best bound at hand.

    Parameters
    ----------
    experiment : MarkovExperiment
    program : SamplingProgram
        Its restrictions; the laws and variances are the experiment's.
    policy : ndarray (S, A)
    multipliers : ndarray, optional
        As `dual_bound` reads them; those that follow from the policy are tried too.
    near : ndarray (A, S), optional
        An occupancy to which the multipliers belong; it only makes their bound tighter.

    Raises
    ------
    BadExperiment
        When the policy splits the states into several closed classes.

    Examples
    --------
    Two arms without states, of standard deviations 1 and 3: a quarter of the draws to the first.

    >>> from eqsolve.design import MarkovExperiment
    >>> from eqsolve.programs.sampling import SamplingProgram
    >>> two = MarkovExperiment([[[1.0]], [[1.0]]], [[0], [1]], [[1.0], [9.0]])
    >>> squares = two.contrast() ** 2
    >>> program = SamplingProgram(
    ...     two.transitions, two.stationary, two.step_variances, squares, np.ones((2, 1))
    ... )
    >>> proof = prove(two, program, np.array([[0.25, 0.75]]))
    >>> proof.value, round(proof.bound, 9)
    (16.0, 16.0)
    """
    kernel = experiment.chain(policy)
    chain = solve_chain(kernel, name="the chain of the policy")
    occupancy = np.asarray(chain.law * policy.T)
    per_price = occupancy / float((program.prices * occupancy).sum())
    value = program.value(per_price)
    bound = 0.0
    if program.share >= 1.0:
        bound = value  # nothing else is admissible
    elif multipliers is not None and np.isfinite(multipliers).all():
        bound = dual_bound(program, multipliers, per_price if near is None else near)
    if bound < value * (1.0 - CLOSE) and np.isfinite(value) and value > 0:
        try:
            own = own_multipliers(program, policy, per_price, chain)
            bound = max(bound, dual_bound(program, own, per_price))
        except EqsolveError:  # a chain too slow for Poisson's equation: the engine's bound stands
            pass
    violation = infeasibility(program, occupancy)
    return Proof(policy, occupancy, kernel, value, bound, violation)


def own_multipliers(
    program: SamplingProgram, policy: Array, occupancy: Array, chain: SolvedChain
) -> Array:
    """Multipliers that would prove the policy optimal if it were, without share or cost limit."""
    mix = _active_contrasts(program, occupancy)
    law = chain.law
    wanted = (policy.T * marginal_values(program, occupancy, mix)).sum(axis=0)
    price = (policy.T * program.prices).sum(axis=0)
    nu = float(law @ wanted / (law @ price))
    h = chain.poisson(wanted - nu * price).bias
    # Outside the states a run comes back to the equation says nothing that binds.
    return np.concatenate([np.where(np.isfinite(h), h, 0.0), [nu, 0.0], mix])


def _active_contrasts(program: SamplingProgram, occupancy: Array) -> Array:
    """Weights of the contrasts: one for a sum; on the largest for minimax."""
    if program.criterion == "sum":
        return np.ones(program.contrasts)
    mix = np.zeros(program.contrasts)
    mix[int(program.variances(occupancy).argmax())] = 1.0
    return mix


def infeasibility(program: SamplingProgram, occupancy: Array) -> float:
    """Largest violation of what the program restricts, as shares of a run or of the limit."""
    total = float((program.prices * occupancy).sum())
    rest = occupancy / total - program.share * program.coin
    worst = max(0.0, -float(rest.min(initial=0.0)), float(occupancy[~program.allowed].sum()))
    if program.floor.any():
        held = program.allowed & (program.allowed.sum(axis=0) > 1)
        least = np.where(held, program.floor[:, None], 0.0) * np.maximum(rest.sum(axis=0), 0.0)
        worst = max(worst, float((least - rest)[held].max(initial=0.0)))
    if program.costs is not None and program.cost_limit is not None:
        spent = float((program.costs * occupancy).sum()) / total
        worst = max(worst, (spent - program.cost_limit) / max(abs(program.cost_limit), 1e-300))
    return worst
