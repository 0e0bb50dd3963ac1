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
the other. The t of least exact variance is searched for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar

from eqsolve.errors import EqsolveError
from eqsolve.markov import solve_chain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.design.experiment import MarkovExperiment
    from eqsolve.markov import SolvedChain
    from eqsolve.programs.sampling import SamplingProgram

    Array = NDArray[np.float64]

ROUNDS = 3
SMALLEST, LARGEST, GROWTH = 1e-8, 10.0, 4.0  # of t, where the largest |a| is one
FEW = 25  # values of t looked at in a round
GAIN = 1e-10  # relative gain below which another round is not worth it


def marginal_value(program: SamplingProgram, policy: Array, occupancy: Array, mix: Array) -> Array:
    """E[q^2 / gamma^2 | x] (S,): what another moment in each state would take off the variance."""
    squares = (mix[:, None, None] * program.scales**2).sum(axis=0)
    slopes = np.zeros(squares.shape)
    # Divided twice: the square of a small occupancy may underflow.
    np.divide(squares, occupancy, out=slopes, where=occupancy > 0)
    np.divide(slopes, occupancy, out=slopes, where=occupancy > 0)
    return np.asarray((policy.T * slopes).sum(axis=0))


def can_be_shared_out(program: SamplingProgram) -> bool:
    """Whether a tilt keeps what the program asks for."""
    one = program.criterion == "sum" or program.contrasts == 1
    return one and program.share == 0.0 and program.cost_limit is None


def share_out(experiment: MarkovExperiment, program: SamplingProgram, policy: Array) -> Array:
    """The policy (S, A) tilted so that each place gets the time that is best.

    Examples
    --------
    Two places, each the home of an arm, left once in a million steps but too often by the first:

    >>> from eqsolve.design import MarkovExperiment
    >>> from eqsolve.programs.sampling import SamplingProgram
    >>> import numpy as np
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
    free = 1.0 - floor.sum(axis=0)[:, None]
    value, chain, occupancy = _judge(experiment, program, policy)
    for _ in range(ROUNDS):
        climb = _climb(program, policy, occupancy, chain)
        if climb is None:
            break
        above = np.maximum(policy - floor.T, 0.0) / free

        def tilted(t: float, above: Array = above, climb: Array = climb) -> Array:
            moved = above * np.exp(t * climb)
            moved /= moved.sum(axis=1, keepdims=True)
            return np.asarray(floor.T + free * moved)

        def variance(t: float, tilted: Callable[[float], Array] = tilted) -> float:
            try:
                return _judge(experiment, program, tilted(t))[0]
            except EqsolveError:  # tilted so far that the places fall apart
                return np.inf

        found = tilted(_least(variance, value))
        better, next_chain, next_occupancy = _judge(experiment, program, found)
        if not better < value:
            break
        gained = 1.0 - better / value
        policy, value, chain, occupancy = found, better, next_chain, next_occupancy
        if gained < GAIN:
            break
    return policy


def _judge(
    experiment: MarkovExperiment, program: SamplingProgram, policy: Array
) -> tuple[float, SolvedChain, Array]:
    """The criterion by the exact law, the chain, and the occupancy for a price of one."""
    chain = solve_chain(experiment.chain(policy))
    occupancy = chain.law * policy.T
    occupancy = occupancy / float((program.prices * occupancy).sum())
    return program.value(occupancy), chain, occupancy


def _climb(
    program: SamplingProgram, policy: Array, occupancy: Array, chain: SolvedChain
) -> Array | None:
    """a_l(x) less its mean in each state, shape (S, A), the largest of size one."""
    wanted = marginal_value(program, policy, occupancy, np.ones(program.contrasts))
    price = (policy.T * program.prices).sum(axis=0)
    spare = wanted - float(chain.law @ wanted) / float(chain.law @ price) * price
    try:
        h = chain.deviation(spare[:, None])[:, 0]
    except EqsolveError:
        return None
    climb = np.array([kernel @ h - h for kernel in program.kernels]).T
    climb -= (policy * climb).sum(axis=1, keepdims=True)
    climb = np.where(policy > 0, climb, 0.0)
    size = float(np.abs(climb).max())
    return climb / size if np.isfinite(size) and size > 0 else None


def _least(variance: Callable[[float], float], start: float) -> float:
    """t > 0 of least variance: by growing steps past it, and then by Brent's method."""
    t, last = SMALLEST, start
    while t < LARGEST:
        value = variance(t)
        if not value < last:
            break
        t, last = t * GROWTH, value
    search = minimize_scalar(
        variance, bounds=(0.0, t), method="bounded", options={"maxiter": FEW, "xatol": 1e-7 * t}
    )
    return float(search.x) if search.fun < start else 0.0
