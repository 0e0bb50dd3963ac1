"""Sampling programs for the tests of their engines."""

import dataclasses

import numpy as np
from scipy import sparse

from eqsolve.markov import stationary_law
from eqsolve.programs.sampling import SamplingProgram, dual_bound


def program_of(experiment, **options):
    """The program of the default contrast of an experiment with two arms."""
    coin = experiment.occupancy(np.full((experiment.states, experiment.arms), 1 / experiment.arms))
    options.setdefault("weights", np.ones((1, experiment.arms)))
    return SamplingProgram(
        kernels=experiment.transitions,
        laws=experiment.stationary,
        step_variances=experiment.step_variances,
        coin=coin,
        **options,
    )


def elimination(chain):
    """Stationary law of a small dense chain by elimination without subtraction."""
    left = np.array(chain, dtype=float)
    for k in range(len(left) - 1, 0, -1):
        left[:k, k] /= left[k, :k].sum()
        left[:k, :k] += np.outer(left[:k, k], left[k, :k])
    law = np.zeros(len(left))
    law[0] = 1.0
    for k in range(1, len(left)):
        law[k] = law[:k] @ left[:k, k]
    return law / law.sum()


def exact(program, occupancy):
    """Occupancy of the exact stationary law of the policy of an occupancy, of price one."""
    total = occupancy.sum(axis=0)
    policy = np.divide(occupancy, total, out=np.zeros_like(occupancy), where=total > 0)
    live = np.flatnonzero(total > 0)
    chain = sum(sparse.diags_array(p) @ k for p, k in zip(policy, program.kernels, strict=True))
    inside = sparse.csr_array(chain)[live][:, live]
    law = np.zeros(program.states)
    law[live] = elimination(inside.toarray()) if live.size <= 60 else stationary_law(inside)
    own = policy * law
    return own / (program.prices * own).sum()


def proven_gap(program, solution):
    """The relative gap between the policy's own exact value and the proven bound."""
    occupancy = exact(program, solution.values.reshape(program.arms, -1))
    value = program.value(occupancy)
    return (value - dual_bound(program, solution.multipliers, occupancy)) / value


def random_program(seed):
    """Two to four arms, sparse or dense, with any of the restrictions."""
    rng = np.random.default_rng(seed)
    arms, states = int(rng.integers(2, 5)), int(rng.integers(2, 13))
    kernels = []
    for _ in range(arms):
        chain = rng.random((states, states)) ** rng.choice([1, 3, 8])
        chain *= rng.random((states, states)) < rng.choice([0.3, 0.6, 1])
        order = rng.permutation(states)
        chain[order, np.roll(order, 1)] += rng.choice([0.01, 0.3, 1])
        kernels.append(sparse.csr_array(chain / chain.sum(axis=1, keepdims=True)))
    laws = np.array([elimination(kernel.toarray()) for kernel in kernels])
    noise = rng.exponential(size=(arms, states))
    noise *= rng.random((arms, states)) < rng.choice([0.3, 0.8, 1])
    noise[0, 0] += 0.1
    weights = rng.random((int(rng.integers(1, 5)), arms)) ** 2
    if len(weights) > 1 and rng.random() < 0.3:
        weights[1] = weights[0]
    options = {"criterion": str(rng.choice(["sum", "minimax"]))}
    if rng.random() < 0.5:
        drawn = rng.choice([0.01, 0.1, 0.3, 0.999 / arms]) * rng.random(arms)
        options["floor"] = drawn if rng.random() < 0.7 else np.full(arms, 0.98 / arms)
    if rng.random() < 0.4:
        options["prices"] = rng.exponential(size=(arms, states)) + 0.05
    if rng.random() < 0.3:
        options["share"] = float(rng.choice([0.01, 0.3, 0.9, 0.999]))
    mean = sum(kernel.toarray() for kernel in kernels) / arms
    coin = np.tile(elimination(mean) / arms, (arms, 1))
    program = SamplingProgram(tuple(kernels), laws, noise, weights, coin, **options)
    if rng.random() < 0.3:
        costs = rng.random((arms, states))
        limit = float((costs * program.coin).sum() * rng.choice([0.95, 1.0, 1.5]))
        program = dataclasses.replace(program, costs=costs, cost_limit=limit)
    return program
