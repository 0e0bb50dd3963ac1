"""Two deterministic cycles in opposite directions, with one state that pays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment


def opposite_cycles(
    states: int = 10, probabilities: Sequence[float] = (0.5, 0.5)
) -> MarkovExperiment:
    """One arm steps forwards round a ring, the other backwards; only state 1 pays.

    Parameters
    ----------
    states : int
        s, three or more; they are named 1 ... s.
    probabilities : two floats
        q: in state 1 arm l pays one with probability q_l, and nothing elsewhere.

    Returns
    -------
    MarkovExperiment
        Arms ``forwards`` and ``backwards``. Both chains have period s.

    Raises
    ------
    BadExperiment
        For fewer than three states, or probabilities that are none.

    Notes
    -----
    pi_l = 1/s and alpha_l = q_l / s. With d_l^2 = q_l (1 - q_l), an estimate from n steps has
    s^2 n Var = 2 s (d_1^2 + d_2^2) where each arm has its own half, which grows with s. The
    optimum is 2 (d_1 + d_2)^2, whatever s: it steps out of state 1 with one arm and back with
    the other, gamma(l, 1) = d_l / (2 (d_1 + d_2)). Elsewhere rewards are certain, so that any
    arm will do there, as long as those states are visited now and then.

    References
    ----------
    Glynn, Johari and Rasouli (2020), "Adaptive experimental design with temporal interference",
    the example on s states.

    Examples
    --------
    >>> ring = opposite_cycles(50, probabilities=(0.2, 0.8))
    >>> round(ring.effect() * 50, 12)
    0.6
    """
    if states < 3:
        raise BadExperiment(f"opposite_cycles: a ring needs three or more states, not {states}.")
    paid = np.asarray(probabilities, dtype=float)
    if paid.shape != (2,) or not ((paid >= 0) & (paid <= 1)).all():
        raise BadExperiment(
            f"opposite_cycles: probabilities must be two numbers from 0 to 1, "
            f"not {probabilities!r}."
        )
    here = np.arange(states)
    rewards = np.zeros((2, states))
    rewards[:, 0] = paid
    return MarkovExperiment(
        [_cycle((here + 1) % states), _cycle((here - 1) % states)],
        rewards,
        rewards * (1 - rewards),
        arm_names=("forwards", "backwards"),
        state_names=tuple(range(1, states + 1)),
    )


def _cycle(after: np.ndarray) -> sparse.csr_array:
    size = after.size
    return sparse.csr_array((np.ones(size), (np.arange(size), after)), shape=(size, size))
