"""Experiments with known answers, written out plainly, and dense formulas to check against."""

import numpy as np

from eqsolve.design import MarkovExperiment

FIRST = [[0.5, 0.5, 0.0], [0.1, 0.4, 0.5], [0.0, 0.2, 0.8]]
SECOND = [[0.8, 0.2, 0.0], [0.5, 0.4, 0.1], [0.0, 0.5, 0.5]]


def three_states(**options):
    """Instance A of the ground truth."""
    return MarkovExperiment([FIRST, SECOND], [[1, 0, 2], [0, 1, 3]], 1.0, **options)


def walk(states, up):
    """Up with probability `up`, else down; both ends hold."""
    matrix = np.zeros((states, states))
    for x in range(states):
        matrix[x, min(x + 1, states - 1)] += up
        matrix[x, max(x - 1, 0)] += 1 - up
    return matrix


def rare_ends(states):
    """Instance B: noise only at each arm's rare end, of variance 1 / pi^2."""
    rise = walk(states, 0.75)
    law = 3.0 ** np.arange(states)
    law /= law.sum()
    variances = np.zeros((2, states))
    variances[0, 0] = variances[1, -1] = 1 / law[0] ** 2
    return MarkovExperiment([rise, rise[::-1, ::-1]], np.zeros((2, states)), variances)


def opposite_drifts(states, up=0.75, rewards=0.0, noise=1.0):
    rise = walk(states, up)
    return MarkovExperiment([rise, rise[::-1, ::-1]], np.zeros((2, states)) + rewards, noise)


def opposite_cycles(states, success=(0.3, 0.6)):
    """Instance C: deterministic cycles; a Bernoulli reward in the first state only."""
    turn = np.roll(np.eye(states), 1, axis=1)
    success = np.array(success)
    rewards, variances = np.zeros((2, states)), np.zeros((2, states))
    rewards[:, 0], variances[:, 0] = success, success * (1 - success)
    return MarkovExperiment([turn, turn.T], rewards, variances)


def without_states(deviations, rewards=None):
    """One state: what is left is an ordinary experiment."""
    deviations = np.asarray(deviations, dtype=float)
    means = np.zeros(deviations.size) if rewards is None else np.asarray(rewards)
    return MarkovExperiment([[[1.0]]] * deviations.size, means[:, None], deviations[:, None] ** 2)


def random_pair(states, arms=2, seed=0, successors=None):
    rng = np.random.default_rng(seed)
    kernels = []
    for _ in range(arms):
        matrix = rng.dirichlet(np.ones(states), states)
        if successors is not None:
            for row in matrix:
                row[rng.permutation(states)[successors:]] = 0.0
            matrix += 0.05 * np.roll(np.eye(states), 1, axis=1)
            matrix /= matrix.sum(axis=1, keepdims=True)
        kernels.append(matrix)
    return MarkovExperiment(
        kernels, rng.normal(size=(arms, states)), rng.uniform(0.1, 2.0, (arms, states))
    )


def dense_law(matrix):
    """By least squares, not by elimination."""
    size = matrix.shape[0]
    system = np.vstack([np.eye(size) - matrix.T, np.ones(size)])
    return np.linalg.lstsq(system, np.r_[np.zeros(size), 1.0], rcond=None)[0]


def dense_variance(experiment, policy, weights):
    """n Var of one contrast under a policy (S, A), by dense formulas."""
    kernels = [kernel.toarray() for kernel in experiment.transitions]
    mixed = sum(policy[:, [arm]] * kernel for arm, kernel in enumerate(kernels))
    visits = dense_law(mixed)
    total = 0.0
    for arm, kernel in enumerate(kernels):
        law, reward = dense_law(kernel), experiment.rewards[arm]
        bias = np.linalg.lstsq(np.eye(law.size) - kernel, reward - law @ reward, rcond=None)[0]
        sigma2 = experiment.reward_variances[arm] + kernel @ bias**2 - (kernel @ bias) ** 2
        need = weights[arm] ** 2 * law**2 * sigma2
        seen = need > 0
        total += (need[seen] / (visits * policy[:, arm])[seen]).sum()
    return total
