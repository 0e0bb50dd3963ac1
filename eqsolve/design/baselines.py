"""What is done today: coin flipping, switchback blocks, each arm on its own.

Every rule is judged by the same yardstick, n times the variance of the maximum-likelihood
estimate of the contrast over n steps, so that only the sampling differs.

- Coin flipping draws an allowed arm afresh at every step.
- A switchback of block length b draws an arm afresh for every block of b steps, alike among the
  arms. State, arm and place in the block form a Markov chain. The law mu of the state at the
  start of a block is stationary for the average of the P_l^b, and

      gamma(l, x) = 1 / (A b) sum_{t < b} (mu P_l^t)(x).

  With more than 500 states the powers are never formed: a law is carried through the block step
  by step. In a state where the arm of the block is forbidden, those allowed are drawn alike.
- Each arm on its own, for equal shares of the steps: n Var = A sum_l w_l^2 V_l, for two arms
  2 (V_1 + V_2), with V_l = sum_x pi_l sigma2(l, x).
- The same with the best shares, the best regenerative rule: (sum_l |w_l| sqrt(V_l))^2 for one
  contrast (Neyman allocation).

Source of the last two: Glynn, Johari and Rasouli (2020), section 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from eqsolve.errors import BadExperiment
from eqsolve.markov import communicating_classes, stationary_law

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

DIRECT = 500  # states up to which the chain of a switchback's blocks is formed whole
SETTLED = 1e-11  # relative change of the law at block starts at which it counts as stationary
BLOCKS = 200_000  # blocks after which a law that still moves is given up


def block_kernels(kernels: tuple[Any, ...], allowed: Mask) -> tuple[Any, ...]:
    """One step of a block of each arm: where it is forbidden the allowed arms are drawn alike."""
    if allowed.all():
        return kernels
    drawn = allowed / allowed.sum(axis=0)
    blocks = []
    for arm in range(len(kernels)):
        weights = np.where(allowed[arm], 0.0, drawn)
        weights[arm] = np.where(allowed[arm], 1.0, weights[arm])
        blocks.append(_weighted(kernels, weights))
    return tuple(blocks)


def switchback_occupancy(
    kernels: tuple[Any, ...], block_length: int, allowed: Mask | None = None
) -> Array:
    """Share of a long run that a switchback spends with each arm in each state (A, S).

    Parameters
    ----------
    kernels : tuple of scipy.sparse.csr_array (S, S)
    block_length : int
        Steps from one draw of an arm to the next; 1 is coin flipping.
    allowed : bool ndarray (A, S), optional

    Raises
    ------
    BadExperiment
        When the block length is not a whole number of at least 1, or the law at the start of
        blocks does not settle.

    Examples
    --------
    Arm 0 leads to state 0 and arm 1 to state 1, each at once. Blocks of two steps leave the wrong
    state only in a first step:

    >>> go = sparse.csr_array([[1.0, 0.0], [1.0, 0.0]]), sparse.csr_array([[0.0, 1.0], [0.0, 1.0]])
    >>> switchback_occupancy(go, 2).tolist()
    [[0.375, 0.125], [0.125, 0.375]]
    """
    if block_length != int(block_length) or block_length < 1:
        raise BadExperiment(
            f"block_length is {block_length!r}; it must be a whole number of steps, at least 1."
        )
    arms, states, length = len(kernels), kernels[0].shape[0], int(block_length)
    permitted = np.ones((arms, states), dtype=bool) if allowed is None else allowed
    steps = block_kernels(kernels, permitted)
    start = block_start(steps, length)
    in_block = np.zeros((arms, states))
    for arm, kernel in enumerate(steps):
        backward, law = sparse.csr_array(kernel.T), start.copy()
        for _ in range(length):
            in_block[arm] += law
            law = backward @ law
    in_block /= arms * length
    if permitted.all():
        return in_block
    # A forbidden arm's time goes to those that stand in for it.
    drawn = permitted / permitted.sum(axis=0)
    return np.asarray(in_block * permitted + drawn * (in_block * ~permitted).sum(axis=0))


def block_start(steps: tuple[Any, ...], length: int) -> Array:
    """Stationary law of the state at the start of a block (S,).

    Where blocks keep to one of several classes of states, as on even cycles, the run is taken to
    start by coin flipping.
    """
    coin = stationary_law(_average(steps), name="coin flipping")
    if length == 1:
        return coin
    if coin.size <= DIRECT:
        return _by_elimination(steps, length, coin)
    return _by_iteration(steps, length, coin)


def _by_elimination(steps: tuple[Any, ...], length: int, coin: Array) -> Array:
    """From the powers in full, for few states: exact for tiny masses too."""
    powers = (np.linalg.matrix_power(kernel.toarray(), length) for kernel in steps)
    blocks = np.asarray(sum(powers)) / len(steps)
    start = np.zeros(coin.size)
    for members in communicating_classes(blocks).closed:
        law = stationary_law(blocks[np.ix_(members, members)], name="the switchback")
        start[members] = law * coin[members].sum()
    return np.asarray(start / start.sum())


def _by_iteration(steps: tuple[Any, ...], length: int, coin: Array) -> Array:
    """From a law carried through blocks until it settles, halfway each time: no period stays."""
    backward = [sparse.csr_array(kernel.T) for kernel in steps]
    law, moved = coin, np.inf
    for _ in range(max(1, BLOCKS // length)):
        after = np.zeros(coin.size)
        for kernel in backward:
            carried = law
            for _ in range(length):
                carried = kernel @ carried
            after += carried
        after /= after.sum()
        moved = float(np.abs(after - law).max() / law.max())
        law = 0.5 * (law + after)
        if moved <= SETTLED:
            return law
    raise BadExperiment(
        f"Blocks of {length} steps: after {max(1, BLOCKS // length)} blocks the law at their start "
        f"still changes by {moved:.1e} of its largest mass; choose a longer block."
    )


def _average(kernels: tuple[Any, ...]) -> Any:
    return sparse.csr_array(sum(kernels[1:], start=kernels[0]) / len(kernels))


def _weighted(kernels: tuple[Any, ...], weights: Array) -> Any:
    mixed = sum(
        sparse.diags_array(row, format="csr") @ kernel
        for row, kernel in zip(weights, kernels, strict=True)
    )
    kernel = sparse.csr_array(mixed)
    kernel.eliminate_zeros()
    return kernel


def alone_in_equal_shares(own_variances: Array, contrast: Array) -> Array:
    """n Var of each contrast (K,) when every arm it weighs runs alone for an equal share.

    Examples
    --------
    >>> alone_in_equal_shares(np.array([1.0, 9.0]), np.array([[-1.0, 1.0]])).tolist()
    [20.0]
    """
    used = np.abs(contrast).max(axis=0) > 0
    return np.asarray(used.sum() * (contrast**2 @ own_variances))


def best_regenerative(own_variances: Array, contrast: Array, criterion: str = "sum") -> Array:
    """n Var of each contrast (K,) when every arm runs alone for its best share of the steps.

    For the sum over contrasts the shares are proportional to sqrt(sum_k w_kl^2 V_l). For the
    largest they solve a convex problem in as many unknowns as there are arms.

    Examples
    --------
    >>> best_regenerative(np.array([1.0, 9.0]), np.array([[-1.0, 1.0]])).tolist()
    [16.0]
    """
    squares = contrast**2
    if criterion == "sum" or contrast.shape[0] == 1:
        sizes = np.sqrt(squares.sum(axis=0) * own_variances)
    else:
        sizes = _minimax_sizes(squares * own_variances)
    if not sizes.any():
        return np.zeros(contrast.shape[0])
    shares = sizes / sizes.sum()
    ratios = np.zeros(shares.size)
    np.divide(own_variances, shares, out=ratios, where=shares > 0)
    return np.asarray(squares @ ratios)


def _minimax_sizes(terms: Array) -> Array:
    """Shares n_l that make max_k sum_l terms_kl / n_l least.

    For weights lambda of the contrasts the best shares are sqrt(lambda' terms); the dual, the
    concave function lambda -> sum_l sqrt(lambda' terms), is climbed by multiplicative steps of
    square roots, which converge for this design problem (Yu, Annals of Statistics 2010).
    """
    mix = np.full(terms.shape[0], 1.0 / terms.shape[0])
    shares = np.zeros(terms.shape[1])
    for _ in range(20_000):
        sizes = np.sqrt(mix @ terms)
        shares = sizes / sizes.sum() if sizes.any() else sizes
        ratios = np.zeros_like(shares)
        ratios[shares > 0] = 1.0 / shares[shares > 0]
        values = terms @ ratios
        average = float(mix @ values)
        if average == 0.0 or values.max() <= average * (1.0 + 1e-10):
            break
        mix = mix * np.sqrt(values / average)
        mix /= mix.sum()
    return shares
