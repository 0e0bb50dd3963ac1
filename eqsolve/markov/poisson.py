r"""Poisson's equation: g - P g = r - alpha, with alpha = pi r and pi g = 0.

The bias g compares states: the expected total reward in n steps from x is n alpha + g(x) + o(1)
in an aperiodic chain. It is defined on transient states too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.errors import BadExperiment
from eqsolve.markov.chain import PoissonSolution, solve_chain

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ALLOWED = 1e-6  # total variation up to which a law given is the chain's


def poisson(transitions: Any, rewards: Any, law: Any = None) -> PoissonSolution:
    """Bias and long-run average of one or several rewards.

    Parameters
    ----------
    transitions : array_like or scipy.sparse array, shape (S, S)
        Rows sum to one; one closed class, perhaps with transient states.
    rewards : array_like, shape (S,) or (S, k)
        Expected reward of a step from each state.
    law : array_like, shape (S,), optional
        The stationary law, where known; checked against the one found here. To have the law and
        the bias from one elimination, use `solve_chain(transitions).poisson(rewards)`.

    Returns
    -------
    PoissonSolution

    Raises
    ------
    BadExperiment
        The chain or the rewards are not what they should be; the row is named. Or `law` is not
        the chain's.
    EqsolveError
        The equation was not solved to rounding.

    Notes
    -----
    The error of the bias is a small multiple of rounding times what |r - alpha| would add up to
    before the chain first meets its likeliest state.

    Examples
    --------
    >>> solution = poisson([[0.5, 0.5], [0.25, 0.75]], [3.0, 0.0])
    >>> print(f"{solution.average:.6f}", solution.bias.round(6))
    1.000000 [ 2.666667 -1.333333]
    """
    chain = solve_chain(transitions)
    if law is not None:
        _check_law(np.asarray(law, dtype=np.float64), chain.law)
    return chain.poisson(rewards)


def _check_law(given: NDArray[np.float64], found: NDArray[np.float64]) -> None:
    if given.shape != found.shape:
        raise BadExperiment(f"The stationary law must have shape {found.shape}, not {given.shape}.")
    wrong = float(np.abs(given - found).sum()) / 2
    if not wrong <= _ALLOWED:
        raise BadExperiment(
            f"The law given is not the stationary law of the transitions: they differ by "
            f"{wrong:.2g} in total variation."
        )
