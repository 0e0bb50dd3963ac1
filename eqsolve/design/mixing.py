"""How long a run takes to show what its asymptotic variance promises.

An asymptotic optimum may hardly ever cross between the places where the arms have to be
observed: its variance is right for runs longer than any real one, and wrong for those. What
tells is the relaxation time of the designed chain, in the sense of averages over time: of the
lazy chain (I + P) / 2 on the states a run keeps coming back to, halved,

    tau = 1 / (2 (1 - max |1 + lambda| / 2)),    lambda != 1 an eigenvalue of P,

which is 1 / (1 - lambda) for a real eigenvalue. An eigenvalue near -1, or anywhere else on the
unit circle, keeps the chain itself from settling but not its averages, and is not held against
it: a run that steps out and back for ever is sampled perfectly.

A run of n steps is trusted to be near its asymptotic variance when n / tau is at least 30 (on
opposite drifts over 80 states the simulated variance is 1.6 times the stated one at 13, some
hundred times at 4), and when what it leaves unseen, sum_x pi_l(x) exp(-n gamma(l, x)), is small
beside the error of an estimate, 1 / sqrt(n).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from eqsolve.markov import communicating_classes, relaxation_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

PASSES = 30.0  # relaxation times that a run should last
UNSEEN = 0.1  # unseen mass of an arm's law that is let pass, in units of 1 / sqrt(steps)
SLOW = 1000.0  # relaxation time below which no design is called slow
GLACIAL = 1e5  # relaxation time from which every design is called slow
SLOWER = 10.0  # how many times slower than coin flipping a slow design is
SHARES = tuple(float(10.0**power) for power in np.linspace(-3.0, 0.0, 49))


def averaging_time(kernel: Any) -> float:
    """Relaxation time of averages along a chain, in steps; see the module.

    Parameters
    ----------
    kernel : scipy.sparse array (S, S)
        One closed class; other states do not count.

    Examples
    --------
    A chain that alternates averages at once; one that stays with probability 0.99 takes 50 steps.

    >>> averaging_time(sparse.csr_array([[0.0, 1.0], [1.0, 0.0]]))
    0.5
    >>> round(averaging_time(sparse.csr_array([[0.99, 0.01], [0.01, 0.99]])), 6)
    50.0
    """
    matrix = sparse.csr_array(kernel)
    classes = communicating_classes(matrix)
    if classes.transient.size:
        members = classes.closed[0]
        matrix = matrix[members, :][:, members]
    lazy = 0.5 * (sparse.eye_array(matrix.shape[0], format="csr") + matrix)
    return 0.5 * relaxation_time(sparse.csr_array(lazy))


@dataclass(frozen=True)
class Passage:
    """How far a run of some number of steps gets.

    Attributes
    ----------
    relaxation_time : float
        Of the chain, in steps.
    steps : float
        Of the run.
    unseen : float
        Largest expected mass of an arm's own law that the run does not see.
    """

    relaxation_time: float
    steps: float
    unseen: float

    @property
    def passes(self) -> float:
        """Relaxation times in the run."""
        return self.steps / self.relaxation_time

    def suffices(self, bearable: float = 0.0) -> bool:
        """Whether the asymptotic variance can be trusted; `bearable` mass may stay unseen."""
        return self.lasts and self.sees(bearable)

    @property
    def lasts(self) -> bool:
        """Whether the run has relaxation times enough."""
        return bool(self.passes >= PASSES)

    def sees(self, bearable: float = 0.0) -> bool:
        """Whether little enough of each arm's law stays unseen."""
        return bool(self.unseen <= max(bearable, UNSEEN / np.sqrt(self.steps)))


def unseen_mass(laws: Array, occupancy: Array, steps: float) -> float:
    """Largest expected mass of an arm's own law in pairs that `steps` steps do not visit.

    Parameters
    ----------
    laws, occupancy : ndarray (A, S)
        Of the arms that are estimated.

    Examples
    --------
    >>> round(unseen_mass(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]]), 100), 6)
    0.5
    """
    return float((laws * np.exp(-steps * occupancy)).sum(axis=1).max(initial=0.0))


def shares_up_to(largest: float, every: int = 1) -> list[float]:
    """Shares of coin flipping to try, up to the largest: every so many of the grid.

    >>> shares_up_to(0.01, every=8)
    [0.001, 0.0031622776601683794, 0.01]
    """
    return [*(share for share in SHARES[::every] if share < largest), largest]


def smallest_share(suffices: Callable[[float], bool], largest: float = 1.0) -> float | None:
    """Least share of the grid that suffices, or None; found by bisection.

    Parameters
    ----------
    suffices : callable
        Taken to be false below some share and true from there on.
    largest : float
        Share up to which there is a design.

    Examples
    --------
    >>> smallest_share(lambda share: share > 0.09)
    0.1
    """
    grid = shares_up_to(largest)
    if not suffices(largest):
        return None
    low, high = -1, len(grid) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(grid[middle]) else (middle, high)
    return grid[high]


def is_slow(designed: float, coin: float) -> bool:
    """Whether a design without a number of steps is too slow to be used as it is.

    Slow in itself and much slower than coin flipping; or slower than any run will be patient,
    even if the system itself is to blame.

    Examples
    --------
    >>> is_slow(2e4, 1300.0), is_slow(250.0, 20.0), is_slow(5000.0, 4000.0), is_slow(1e6, 1e6)
    (True, False, False, True)
    """
    return designed > GLACIAL or (designed > SLOW and designed > SLOWER * coin)
