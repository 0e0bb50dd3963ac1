"""Time shared out between places that a run hardly ever leaves.

An asymptotic optimum may keep to two or more places and cross between them as good as never. How
much of the run each place gets is then decided by crossings whose rates stand, in an occupancy,
far behind the last digit of what is spent in the places: an engine cannot get them right, and no
step on occupancies could. In a policy every probability has all its digits, and the stationary
law that follows from it is exact. So the policy is tilted:

    p_t(l | x)  proportional to  p(l | x) exp(t a_l(x)),     a_l = P_l h - h,

with h from Poisson's equation of the policy's chain for the marginal value of time,
E[q^2 / gamma^2 | x] less its mean. h is all but constant in each place, and climbs, between them,
to where time is worth more: a tiny t leaves the places as they are and moves time from one to
the other. The t of least exact variance is searched for, by secants on the exact derivative

    dV / dt = - sum_x mu(x) sum_l (q^2 / gamma^2 + P_l h)(l, x) dp_t(l | x) / dt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eqsolve.errors import EqsolveError
from eqsolve.markov import solve_chain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.design.experiment import MarkovExperiment
    from eqsolve.programs.sampling import SamplingProgram

    Array = NDArray[np.float64]

ROUNDS = 4
LARGEST, GROWTH = 10.0, 8.0  # of t, where the largest |a| is one
FEW = 15  # values of t looked at in a round
CLOSE = 1e-10  # relative distance to the goal at which nothing is left to do


def marginal_values(program: SamplingProgram, occupancy: Array, mix: Array) -> Array:
    """q^2 / gamma^2 (A, S): what another moment with each pair would take off the variance."""
    squares = (mix[:, None, None] * program.scales**2).sum(axis=0)
    slopes = np.zeros(squares.shape)
    # Divided twice: the square of a small occupancy may underflow.
    np.divide(squares, occupancy, out=slopes, where=occupancy > 0)
    np.divide(slopes, occupancy, out=slopes, where=occupancy > 0)
    return slopes


def can_be_shared_out(program: SamplingProgram) -> bool:
    """Whether a tilt keeps what the program asks for."""
    one = program.criterion == "sum" or program.contrasts == 1
    return one and program.share == 0.0 and program.cost_limit is None


def share_out(
    experiment: MarkovExperiment, program: SamplingProgram, policy: Array, goal: float = 0.0
) -> Array:
    """The policy (S, A) tilted so that each place gets the time that is best.

    Parameters
    ----------
    policy : ndarray (S, A)
        One closed class, however slow.
    goal : float
        The value that an engine claims, or a lower bound: where it is reached nothing is left
        to do.

    Examples
    --------
    Two places, each the home of an arm, left once in a million steps but too often by the first:

    >>> from eqsolve.design import MarkovExperiment
    >>> from eqsolve.programs.sampling import SamplingProgram
    >>> home = MarkovExperiment([[[1, 0], [1, 0]], [[0, 1], [0, 1]]], [[0, 0], [0, 0]], 1.0)
    >>> program = SamplingProgram(
    ...     home.transitions, home.stationary, home.step_variances, home.contrast() ** 2,
    ...     np.full((2, 2), 0.25),
    ... )
    >>> policy = np.array([[1 - 3e-6, 3e-6], [1e-6, 1 - 1e-6]])
    >>> round(home.variance(policy), 4), round(home.variance(share_out(home, program, policy)), 4)
    (5.3333, 4.0)
    """
    floor = np.where(program.allowed.sum(axis=0) > 1, program.floor[:, None] * program.allowed, 0.0)
    here = _Stand(experiment, program, policy)
    for _ in range(ROUNDS):
        if here.value <= goal * (1.0 + CLOSE):
            break
        better = _tilted_best(experiment, program, here, floor.T, goal)
        gained = 1.0 - better.value / here.value
        here = better
        if gained < CLOSE:
            break
    return here.policy


class _Stand:
    """A policy with its exact law, its value, and which way h climbs."""

    def __init__(
        self, experiment: MarkovExperiment, program: SamplingProgram, policy: Array
    ) -> None:
        self.policy = policy
        chain = solve_chain(experiment.chain(policy))
        occupancy = chain.law * policy.T
        spent = float((program.prices * occupancy).sum())
        self.value = program.value(occupancy / spent)
        slopes = marginal_values(program, occupancy / spent, np.ones(program.contrasts))
        price = float((slopes * occupancy).sum()) / spent
        spare = slopes - price * program.prices
        h = chain.deviation((policy.T * spare).sum(axis=0)[:, None])[:, 0]
        climb = np.array([kernel @ h - h for kernel in program.kernels])
        self.climb = (climb - (policy.T * climb).sum(axis=0)).T
        # What a change of the policy takes off the value: of the time in a pair, and of where
        # the pair leads.
        self._worth = (climb + spare) * chain.law / spent

    def slope(self, direction: Array) -> float:
        """d value / dt where d p / dt is `direction` (S, A)."""
        return -float((self._worth.T * direction).sum())


def _tilted_best(
    experiment: MarkovExperiment,
    program: SamplingProgram,
    here: _Stand,
    floor: Array,
    goal: float,
) -> _Stand:
    """The best of the policies tilted along `here`'s climb, by secants on the value's slope."""
    free = 1.0 - floor.sum(axis=1, keepdims=True)
    above = np.maximum(here.policy - floor, 0.0) / free
    climb = np.where(above > 0, here.climb, 0.0)
    size = float(np.abs(climb).max(initial=0.0))
    if not (np.isfinite(size) and size > 0):
        return here
    climb = climb / size

    def tilted(t: float) -> tuple[_Stand, float]:
        moved = above * np.exp(t * climb)
        moved /= moved.sum(axis=1, keepdims=True)
        stand = _Stand(experiment, program, floor + free * moved)
        turn = moved * (climb - (moved * climb).sum(axis=1, keepdims=True))
        return stand, stand.slope(free * turn)

    best, left, right = here, 0.0, np.inf
    before = here.slope(free * above * (climb - (above * climb).sum(axis=1, keepdims=True)))
    # Where the value is a parabola down to the goal, its least lies here.
    at, then = 0.0, 2.0 * (here.value - goal) / max(-before, 1e-300)
    for _ in range(FEW):
        then = min(then, LARGEST)
        try:
            stand, slope = tilted(then)
        except EqsolveError:  # tilted so far that the places fall apart
            right = then
            then = 0.5 * (left + then)
            continue
        if stand.value < best.value:
            best = stand
        if slope < 0:
            left = then
        else:
            right = then
        if abs(slope * (then - at)) <= 0.1 * CLOSE * best.value or right - left <= 1e-12 * then:
            break
        bend = (slope - before) / (then - at)
        at, before, step = then, slope, -slope / bend if bend > 0 else np.inf
        then = at + step
        if not left < then < right:
            then = 0.5 * (left + right) if np.isfinite(right) else GROWTH * left
        if at >= LARGEST and not np.isfinite(right):
            break
    return best
