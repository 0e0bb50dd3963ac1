"""Elimination: the dense kernel, the dissection, and both kinds against one another."""

from fractions import Fraction

import numpy as np
import pytest
from known_chains import lopsided, queues, random_sparse, walk
from scipy import sparse

from eqsolve.markov import dissection
from eqsolve.markov.censoring import expected_visits
from eqsolve.markov.dissection import nested_dissection
from eqsolve.markov.elimination import DenseElimination, Elimination, Trapped, front_tree


def exact_visits(rates, exits):
    size = len(exits)
    matrix = [[-Fraction(float(v)) for v in row] for row in rates]
    for x in range(size):
        off = sum(-matrix[x][y] for y in range(size) if y != x)
        matrix[x][x] = off + Fraction(float(exits[x]))
    rows = [[*row, *(Fraction(int(x == y)) for y in range(size))] for x, row in enumerate(matrix)]
    for k in range(size):
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(size):
            if i != k:
                factor = rows[i][k]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[size:] for row in rows]


@pytest.mark.parametrize(
    ("size", "seed"), [*((s, k) for s in (1, 2, 6) for k in range(12)), (19, 0)]
)
def test_expected_visits_have_small_relative_errors(size, seed):
    rng = np.random.default_rng(seed)
    rates = 10.0 ** -rng.uniform(0, 40, (1, size, size)) * (rng.random((1, size, size)) < 0.5)
    exits = 10.0 ** -rng.uniform(0, 40, (1, size))
    found = expected_visits(rates, exits)[0]
    exact = exact_visits(rates[0], exits[0])
    for x in range(size):
        for y in range(size):
            if exact[x][y] == 0:
                assert found[x, y] == 0
            else:
                assert abs(Fraction(float(found[x, y])) / exact[x][y] - 1) < 1e-13


def test_many_blocks_at_once_are_the_blocks_one_by_one():
    rng = np.random.default_rng(0)
    rates, exits = rng.random((7, 45, 45)), rng.random((7, 45)) * 1e-3
    together = expected_visits(rates, exits)
    for k in range(7):
        assert np.array_equal(together[k], expected_visits(rates[k : k + 1], exits[k : k + 1])[0])
    diagonal = np.eye(45) * 1e9
    assert np.array_equal(expected_visits(rates + diagonal, exits), together)


def neighbours(matrix):
    return sparse.csr_array(matrix + matrix.T)


@pytest.mark.parametrize("seed", range(25))
def test_blocks_only_meet_blocks_above_and_below(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    monkeypatch.setattr(dissection, "LEAF", int(rng.integers(1, 9)))
    pattern = neighbours(sparse.csr_array(lopsided(int(rng.integers(2, 120)), rng)))
    last = int(rng.integers(pattern.shape[0]))
    tree = nested_dissection(pattern, last)
    assert (tree.block == 0).nonzero()[0].tolist() == [last]
    assert np.bincount(tree.block).min() >= 1
    assert (np.diff(tree.first) >= 1).all()
    depth = np.repeat(np.arange(tree.first.size - 1), np.diff(tree.first))
    assert (depth[tree.parent[1:]] == depth[1:] - 1).all()

    def above(block):
        return [] if block < 0 else [block, *above(tree.parent[block])]

    for x, y in zip(*pattern.nonzero(), strict=True):
        one, other = tree.block[x], tree.block[y]
        assert one in above(other) or other in above(one)


def test_grids_fill_in_as_nested_dissection_promises():
    for side in (32, 64, 128):
        tree = front_tree(queues((side, side), (0.2, 0.2), (0.3, 0.25)), 0)
        states = side * side
        assert tree.memory < 10 * states * np.log2(states)
        assert tree.work < 80 * states**1.5
    assert front_tree(walk(20_000, 0.5), 0).memory < 50 * 20_000


def test_chains_that_do_not_fall_apart_stay_one_block():
    tree = nested_dissection(neighbours(random_sparse(300, 10, 0)), 5)
    assert tree.parent.tolist() == [-1, 0]


def test_hubs_are_eliminated_late():
    states = 3_000
    star = walk(states, 0.5).tolil()
    star[:, 1_500] = 0.1
    tree = nested_dissection(neighbours(star.tocsr()), 0)
    assert np.flatnonzero(tree.block == 1).tolist() == [1_500]
    assert np.bincount(tree.block).max() < 100


@pytest.mark.parametrize("batch", range(10))
def test_five_hundred_random_chains_dense_and_sparse(batch, monkeypatch):
    rng = np.random.default_rng(batch)
    monkeypatch.setattr(dissection, "LEAF", int(rng.integers(1, 12)))
    for _ in range(50):
        matrix = lopsided(int(rng.integers(2, 90)), rng)
        last = int(rng.integers(len(matrix)))
        rewards = rng.normal(size=(len(matrix), 2))
        chain = sparse.csr_array(matrix)
        by_fronts, by_block = (
            Elimination(chain, front_tree(chain, last)),
            DenseElimination(matrix, last),
        )
        law = by_block.law()
        assert by_fronts.law() == pytest.approx(law, rel=1e-11, abs=0)
        # What counts is rounding times the time that rewards add up over.
        size = by_block.solve(np.abs(rewards))
        difference = np.abs(by_fronts.solve(rewards) - by_block.solve(rewards))
        assert (difference <= 1e-11 * size).all()
        assert by_fronts.solve(np.abs(rewards)) == pytest.approx(size, rel=1e-11, abs=0)


def test_the_last_state_does_not_matter():
    matrix = lopsided(60, np.random.default_rng(5))
    laws = [DenseElimination(matrix, last).law() for last in (0, 17, 59)]
    assert laws[0] == pytest.approx(laws[1], rel=1e-12, abs=0)
    assert laws[0] == pytest.approx(laws[2], rel=1e-12, abs=0)


@pytest.mark.parametrize("make", [
    lambda matrix, last: DenseElimination(matrix, last),
    lambda matrix, last: Elimination(sparse.csr_array(matrix), front_tree(sparse.csr_array(matrix), last)),
], ids=["dense", "fronts"])  # fmt: skip
def test_states_that_are_never_left_are_reported(make):
    chain = np.array([[0.5, 0.5, 0.0], [1e-300, 0.0, 1.0], [0.0, 1.0, 0.0]])
    with pytest.raises(Trapped) as caught:
        make(chain, 0)
    assert caught.value.state in (1, 2)
    assert make(chain, 1).law() == pytest.approx([1e-300, 0.5, 0.5])
    alone = np.array([[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(Trapped) as caught:
        make(alone, 0)
    assert caught.value.state == 1


@pytest.mark.parametrize("make", [
    lambda matrix, last: DenseElimination(matrix, last),
    lambda matrix, last: Elimination(sparse.csr_array(matrix), front_tree(sparse.csr_array(matrix), last)),
], ids=["dense", "fronts"])  # fmt: skip
def test_a_bias_that_overflows_is_reported(make):
    chain = np.array([[1.0, 1e-200], [1e-200, 1.0]])
    with pytest.raises(Trapped):
        make(chain, 0).solve(np.array([[0.0], [1e200]]))
