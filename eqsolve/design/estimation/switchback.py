"""The switchback estimator: one arm for a block of time, then perhaps another.

Time is cut into blocks of equal length, each of which plays one arm. What a block earns on
average, after a burn-in in which the system still remembers the arm before (carry-over), is taken
as that arm's own mean reward. With q_l the probability of arm l in a block,

    sum_l w_l (1 / K) sum_{blocks k of arm l} Y_k / q_l                       (Horvitz-Thompson)

or, with the share of blocks in the place of q_l, the difference of the arms' block means. Both
are biased as long as the burn-in is too short for the system to forget, and burn-in is data
thrown away.

Source: Bojinov, Simchi-Levi, Zhao, "Design and analysis of switchback experiments" (Management
Science 69, 2023).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from eqsolve.design.baselines import block_start
from eqsolve.design.contrasts import check_contrast, one_or_many
from eqsolve.design.estimation.point_estimate import PointEstimate
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment, BadLog

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


def switchback(
    steps: RecordedSteps,
    block: int,
    contrast: Any = None,
    *,
    burn_in: int = 0,
    probabilities: ArrayLike | None = None,
) -> PointEstimate:
    """The difference of arms' block means, with a standard error from their spread.

    Blocks are counted from the start of each run; what is left at its end is not used. The
    standard error takes blocks as independent, which carry-over beyond the burn-in makes wrong.

    Parameters
    ----------
    steps : RecordedSteps
    block : int
        Steps of a block.
    contrast : see `MarkovExperiment.contrast`
    burn_in : int
        Steps at the start of each block that are not used.
    probabilities : array_like (A,), optional
        Of each arm in a block, as designed: then Horvitz-Thompson. Default: as realised.

    Raises
    ------
    BadExperiment
        When the burn-in is not shorter than the block, or the probabilities are none.
    BadLog
        When a block plays several arms, or an arm that a contrast weighs has fewer than two
        blocks.

    Source: Bojinov, Simchi-Levi, Zhao (2023).

    Examples
    --------
    >>> arm = np.repeat([0, 1, 0, 1], 3)
    >>> steps = RecordedSteps(arm, [0] * 12, arm + np.tile([9.0, 0.0, 0.2], 4), [0] * 12)
    >>> switchback(steps, block=3, burn_in=1)
    switchback: 1 (standard error 0)
    """
    length, skipped = _check_block(block, burn_in)
    arm, mean = _blocks(steps, length, skipped)
    weights = check_contrast(contrast, steps.arm_names or tuple(range(steps.number_of_arms)))
    counts = np.bincount(arm, minlength=steps.number_of_arms)
    few = np.flatnonzero(weights.any(axis=0) & (counts < 2))
    if few.size:
        name = repr(few[0] if steps.arm_names is None else steps.arm_names[few[0]])
        raise BadLog(
            f"Arm {name} has {counts[few[0]]} blocks of {length} steps; a switchback needs at "
            "least two of each arm."
        )
    if probabilities is None:
        effects, errors = _difference_of_means(arm, mean, weights)
    else:
        effects, errors = _horvitz_thompson(arm, mean, weights, _chances(probabilities, weights))
    return PointEstimate(
        "switchback", one_or_many(effects, contrast), one_or_many(errors, contrast)
    )


def switchback_value(
    experiment: MarkovExperiment, block: int, contrast: Any = None, *, burn_in: int = 0
) -> Any:
    """What the switchback estimator tends to, arms drawn anew and alike for each block.

    Parameters
    ----------
    experiment : MarkovExperiment
    block, burn_in : int
    contrast : see `MarkovExperiment.contrast`

    Returns
    -------
    float, or ndarray (K,)

    Raises
    ------
    BadExperiment
        When the burn-in is not shorter than the block, or the law at the start of a block does
        not settle.

    Examples
    --------
    Blocks of one step see the rewards of each arm where both together have led:

    >>> drift = [[[1, 0], [1, 0]], [[0, 1], [0, 1]]]
    >>> experiment = MarkovExperiment(drift, [[0, 2], [0, 1]], 1.0)
    >>> [round(switchback_value(experiment, block), 6) for block in (1, 10, 100)]
    [-0.5, 0.85, 0.985]
    >>> switchback_value(experiment, 10, burn_in=1), experiment.effect()
    (1.0, 1.0)
    """
    length, skipped = _check_block(block, burn_in)
    weights = experiment.contrast(contrast)
    start = block_start(experiment.transitions, length)
    means = np.zeros(experiment.arms)
    for arm, kernel in enumerate(experiment.transitions):
        law, forward = start, sparse.csr_array(kernel.T)
        for step in range(length):
            if step >= skipped:
                means[arm] += law @ experiment.rewards[arm]
            law = forward @ law
    return one_or_many(weights @ means / (length - skipped), contrast)


def _check_block(block: int, burn_in: int) -> tuple[int, int]:
    if not (int(block) == block and int(burn_in) == burn_in and 0 <= burn_in < block):
        raise BadExperiment(
            f"block={block}, burn_in={burn_in}: a block has at least one step, and its burn-in, "
            "zero or more, is shorter than it."
        )
    return int(block), int(burn_in)


def _chances(probabilities: ArrayLike, weights: Array) -> Array:
    chances = np.asarray(probabilities, dtype=np.float64)
    arms = weights.shape[1]
    fine = chances.shape == (arms,) and (chances >= 0).all() and abs(chances.sum() - 1) < 1e-8
    if not fine or (chances[weights.any(axis=0)] == 0).any():
        raise BadExperiment(
            f"probabilities should be {arms} numbers, one an arm, that sum to one, positive for "
            f"every arm that a contrast weighs; not {np.asarray(probabilities).tolist()}."
        )
    return chances


def _blocks(steps: RecordedSteps, length: int, skipped: int) -> tuple[Integers, Array]:
    """Arm and mean reward after the burn-in of each whole block."""
    starts = np.flatnonzero(steps.new_run)
    lengths = np.diff(starts, append=steps.total)
    whole = lengths // length
    number = np.arange(whole.sum()) - np.repeat(np.cumsum(whole) - whole, whole)
    first = np.repeat(starts, whole) + length * number
    rows = first[:, None] + np.arange(length)
    arms = steps.arms[rows]
    mixed = np.flatnonzero((arms != arms[:, :1]).any(axis=1))
    if mixed.size:
        row = int(first[mixed[0]])
        raise BadLog(
            f"Rows {row} to {row + length - 1} play several arms; a switchback plays one arm in "
            f"each block of {length} steps."
        )
    return arms[:, 0], steps.rewards[rows[:, skipped:]].mean(axis=1)


def _difference_of_means(arm: Integers, mean: Array, weights: Array) -> tuple[Array, Array]:
    effects, variances = np.zeros((2, len(weights)))
    for place in np.flatnonzero(weights.any(axis=0)):
        own = mean[arm == place]
        effects += weights[:, place] * own.mean()
        variances += weights[:, place] ** 2 * own.var(ddof=1) / own.size
    return effects, np.sqrt(variances)


def _horvitz_thompson(
    arm: Integers, mean: Array, weights: Array, chances: Array
) -> tuple[Array, Array]:
    scale = np.divide(weights, chances, out=np.zeros_like(weights), where=chances > 0)
    terms = scale[:, arm] * mean
    return terms.mean(axis=1), terms.std(axis=1, ddof=1) / np.sqrt(arm.size)
