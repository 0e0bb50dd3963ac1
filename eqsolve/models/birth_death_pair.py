"""Two walks that drift to opposite ends, each of them noisy where it rarely is."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment


def birth_death_pair(states: int = 10, up: float = 0.75) -> MarkovExperiment:
    """One arm drifts up, the other down; each must be measured where it hardly ever goes.

    Parameters
    ----------
    states : int
        s, two or more, named 0 ... s - 1; a step out of either end holds the walk there.
    up : float
        Probability that arm ``up`` steps up (and arm ``down`` steps down); over 1/2, under 1.

    Returns
    -------
    MarkovExperiment
        Mean rewards are zero. Arm ``up`` has reward variance 1 / pi(0)^2 in state 0, arm
        ``down`` the same in state s - 1, and none elsewhere; pi(0) = (c - 1) / (c^s - 1) with
        c = up / (1 - up).

    Raises
    ------
    BadExperiment
        For fewer than two states, an `up` outside (1/2, 1), or so many states that the
        variance exceeds the range of numbers.

    Notes
    -----
    With up = 3/4, n Var of half and half is 2 (3^s - 1): it grows exponentially. Joint sampling
    lets each arm carry the walk to where the other needs to be measured: its optimum tends to 10.

    References
    ----------
    Glynn, Johari and Rasouli (2020), "Adaptive experimental design with temporal interference",
    on how cooperative exploration beats regenerative sampling.

    Examples
    --------
    >>> pair = birth_death_pair(3)
    >>> round(float(2 * pair.own_variances.sum()), 9)
    52.0
    """
    if states < 2:
        raise BadExperiment(f"birth_death_pair: a walk needs two or more states, not {states}.")
    if not 0.5 < up < 1:
        raise BadExperiment(f"birth_death_pair: up must lie between 1/2 and 1, not {up}.")
    ratio = up / (1 - up)
    with np.errstate(over="ignore"):
        # pi(0)^-1 = 1 + c + ... + c^(s-1)
        rare = np.power(ratio, np.arange(states)).sum()
        noise = rare**2
    if not np.isfinite(noise):
        raise BadExperiment(
            f"birth_death_pair: with {states} states and up = {up} the reward variance at the rare "
            f"end exceeds the range of numbers; take fewer states."
        )
    variances = np.zeros((2, states))
    variances[0, 0] = variances[1, -1] = noise
    return MarkovExperiment(
        [_walk(states, up), _walk(states, 1 - up)],
        np.zeros((2, states)),
        variances,
        arm_names=("up", "down"),
        state_names=tuple(range(states)),
    )


def _walk(states: int, up: float) -> sparse.csr_array:
    """Steps up with probability `up`, else down; held at both ends."""
    hold = np.zeros(states)
    hold[0], hold[-1] = 1 - up, up
    rise, fall = np.full(states - 1, up), np.full(states - 1, 1 - up)
    kernel = sparse.diags_array([hold, rise, fall], offsets=[0, 1, -1], format="csr")
    kernel.eliminate_zeros()
    return kernel
