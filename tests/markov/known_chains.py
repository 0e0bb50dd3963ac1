"""Chains whose answers are known in closed form or in exact rational arithmetic."""

from fractions import Fraction

import numpy as np
from scipy import sparse


def walk(states, up):
    """Up with probability `up`, down otherwise, held where that would leave."""
    down = 1 - up
    hold = np.zeros(states)
    hold[0], hold[-1] = down, up
    bands = [np.full(states - 1, down), hold, np.full(states - 1, up)]
    return sparse.csr_array(sparse.diags_array(bands, offsets=[-1, 0, 1]))


def walk_law(states, up):
    ratio = up / (1 - up)
    law = ratio ** (np.arange(states) - (states - 1 if ratio > 1 else 0.0))
    return law / law.sum()


def birth_death(up, down):
    """From x up with up[x] (x < S - 1), down with down[x - 1] (x > 0), else held."""
    size = len(up) + 1
    hold = 1.0 - np.append(up, 0.0) - np.insert(down, 0, 0.0)
    return sparse.csr_array(
        sparse.diags_array([down, hold, up], offsets=[-1, 0, 1], shape=(size, size))
    )


def double_well(states):
    """Drift 1/2 away from the middle."""
    up = np.where(np.arange(states) < states // 2, 0.25, 0.75)
    hold = np.zeros(states)
    hold[0], hold[-1] = 0.75, 0.75
    bands = [1 - up[1:], hold, up[:-1]]
    return sparse.csr_array(sparse.diags_array(bands, offsets=[-1, 0, 1]))


def queues(sizes, arrivals, services):
    """Independent queues served in one step of one of them; blocked moves hold."""
    states = int(np.prod(sizes))
    place = np.unravel_index(np.arange(states), sizes)
    rows, columns, rates = [], [], []
    for k, size in enumerate(sizes):
        stride = int(np.prod(sizes[k + 1 :]))
        for allowed, step, rate in (
            (place[k] < size - 1, stride, arrivals[k]),
            (place[k] > 0, -stride, services[k]),
        ):
            source = np.flatnonzero(allowed)
            rows.append(source)
            columns.append(source + step)
            rates.append(np.full(source.size, rate))
    entries = np.concatenate(rates), (np.concatenate(rows), np.concatenate(columns))
    moves = sparse.csr_array(entries, shape=(states, states))
    return sparse.csr_array(moves + sparse.diags_array(1.0 - moves.sum(axis=1)))


def queues_law(sizes, arrivals, services):
    """Product form: each queue has the law of its own birth and death."""
    law = np.ones(1)
    for size, arrival, service in zip(sizes, arrivals, services, strict=True):
        one = (arrival / service) ** np.arange(size)
        law = np.multiply.outer(law, one / one.sum()).ravel()
    return law


def random_sparse(states, successors, seed):
    """Random successors with random probabilities, and the next state: irreducible."""
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, states, (states, successors))
    columns[:, 0] = (np.arange(states) + 1) % states
    weights = rng.dirichlet(np.ones(successors), states)
    entries = weights.ravel(), (np.repeat(np.arange(states), successors), columns.ravel())
    return sparse.csr_array(entries, shape=(states, states))


def lopsided(states, rng):
    """A random chain, connected by a random tree both ways, with rates from 1 to 1e-12."""
    parent = [int(rng.integers(0, x)) for x in range(1, states)]
    extra = rng.integers(0, states, (2, states // 2))
    source = np.concatenate([np.arange(1, states), parent, extra[0]])
    target = np.concatenate([parent, np.arange(1, states), extra[1]])
    rate = 10.0 ** -rng.uniform(0, 12, source.size)
    matrix = np.zeros((states, states))
    np.add.at(matrix, (source, target), rate)
    np.fill_diagonal(matrix, 0.0)
    matrix /= 2 * matrix.sum(axis=1).max()
    np.fill_diagonal(matrix, 1.0 - matrix.sum(axis=1))
    return matrix


def nearly_apart(states, coupling, seed=0):
    """Two random sparse chains that meet by one transition each way."""
    first, second = (random_sparse(states, 8, seed + k) for k in (1, 2))
    across = sparse.csr_array(
        ([coupling, 2 * coupling], ([0, states], [states + 5, 7])), shape=(2 * states,) * 2
    )
    kept = sparse.diags_array(1.0 - across.sum(axis=1))
    return sparse.csr_array(kept @ sparse.block_diag((first, second)) + across)


def exact_solution(matrix, rewards):
    """Law, bias and average in rationals; the diagonal is what makes rows sum to one."""
    size = len(matrix)
    p = [[Fraction(float(v)) for v in row] for row in matrix]
    for x in range(size):
        p[x][x] = 1 - sum(p[x][y] for y in range(size) if y != x)
    r = [Fraction(float(v)) for v in rewards]
    columns = [[(x == y) - p[y][x] for y in range(size)] for x in range(size)]
    columns[-1] = [Fraction(1)] * size
    law = _solved(columns, [Fraction(0)] * (size - 1) + [Fraction(1)])
    average = sum(a * b for a, b in zip(law, r, strict=True))
    rows = [[(x == y) - p[x][y] + law[y] for y in range(size)] for x in range(size)]
    bias = _solved(rows, [value - average for value in r])
    return law, bias, average


def _solved(rows, right):
    """Gaussian elimination in rationals."""
    size = len(rows)
    table = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for k in range(size):
        pivot = next(i for i in range(k, size) if table[i][k] != 0)
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [value / table[k][k] for value in table[k]]
        for i in range(size):
            if i != k and table[i][k] != 0:
                factor = table[i][k]
                table[i] = [a - factor * b for a, b in zip(table[i], table[k], strict=True)]
    return [row[-1] for row in table]


def worst_ratio(computed, exact):
    """Largest relative error, entry by entry; exact zeros must be zeros."""
    worst = 0.0
    for value, truth in zip(np.ravel(computed), np.ravel(exact), strict=True):
        if truth == 0:
            assert value == 0
        else:
            worst = max(worst, abs(float(Fraction(float(value)) / Fraction(truth) - 1)))
    return worst
