"""The smallest pair of chains on which joint sampling beats any regenerative scheme."""

from __future__ import annotations

from eqsolve.design.experiment import MarkovExperiment


def three_state_pair() -> MarkovExperiment:
    """Two chains on three states with unit reward noise; small enough for hand calculation.

    Returns
    -------
    MarkovExperiment
        States ``low``, ``middle`` and ``high``; arms ``first``, which drifts to the high state,
        and ``second``, which drifts to the low one and pays better in the high::

            P1 = .5 .5  0     P2 = .8 .2  0     r1 = 1 0 2
                 .1 .4 .5          .5 .4 .1     r2 = 0 1 3
                  0 .2 .8           0 .5 .5

    Notes
    -----
    The effect is -36/37. Half and half has variance 11.523740 / n, the best regenerative split
    11.504013 / n and the optimum 11.350081 / n.

    References
    ----------
    Glynn, Johari and Rasouli (2020), "Adaptive experimental design with temporal interference",
    for the variance that is minimised.

    Examples
    --------
    >>> experiment = three_state_pair()
    >>> round(experiment.effect() * 37, 9)
    -36.0
    """
    first = [[0.5, 0.5, 0.0], [0.1, 0.4, 0.5], [0.0, 0.2, 0.8]]
    second = [[0.8, 0.2, 0.0], [0.5, 0.4, 0.1], [0.0, 0.5, 0.5]]
    return MarkovExperiment(
        [first, second],
        rewards=[[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]],
        reward_variances=1.0,
        arm_names=("first", "second"),
        state_names=("low", "middle", "high"),
    )
