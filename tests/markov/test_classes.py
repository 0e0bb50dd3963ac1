"""Communicating classes and period against brute force and another library."""

import math

import networkx as nx
import numpy as np
import pytest
from known_chains import walk
from scipy import sparse

from eqsolve.errors import BadExperiment
from eqsolve.markov import communicating_classes, period
from eqsolve.markov.classes import cyclic_classes


def cycle(states):
    return sparse.csr_array(
        (np.ones(states), (np.arange(states), (np.arange(states) + 1) % states))
    )


@pytest.mark.parametrize("seed", range(60))
def test_classes_are_the_strong_components_and_closed_ones_have_no_way_out(seed):
    rng = np.random.default_rng(seed)
    states = int(rng.integers(1, 25))
    matrix = rng.random((states, states)) * (rng.random((states, states)) < rng.uniform(0.02, 0.2))
    np.fill_diagonal(matrix, 1.0)
    found = communicating_classes(matrix)
    graph = nx.from_numpy_array(matrix, create_using=nx.DiGraph)
    components = {frozenset(part) for part in nx.strongly_connected_components(graph)}
    assert {
        frozenset(np.flatnonzero(found.labels == k).tolist()) for k in range(found.count)
    } == components
    closed = {frozenset(part) for part in nx.attracting_components(graph)}
    assert {frozenset(part.tolist()) for part in found.closed} == closed
    assert set(found.transient.tolist()) == set(range(states)) - set().union(*closed)
    assert found.irreducible == (len(components) == 1)
    assert found.unichain == (len(closed) == 1)


def test_classes_are_numbered_as_they_first_occur():
    chain = sparse.block_diag([cycle(2), cycle(3), cycle(1)], format="csr")
    assert communicating_classes(chain).labels.tolist() == [0, 0, 1, 1, 1, 2]


def test_a_hundred_thousand_absorbing_states_are_as_many_classes():
    found = communicating_classes(sparse.eye_array(100_000, format="csr"))
    assert found.count == len(found.closed) == 100_000
    assert found.closed[77_777].tolist() == [77_777]


@pytest.mark.parametrize("seed", range(60))
def test_the_period_is_the_gcd_of_the_lengths_of_returns(seed):
    rng = np.random.default_rng(seed)
    divisor, states = int(rng.integers(1, 5)), int(rng.integers(4, 13))
    place = rng.permutation(np.arange(states) % divisor)
    allowed = place[None, :] == (place[:, None] + 1) % divisor
    matrix = allowed & (rng.random((states, states)) < 0.6)
    for part in range(divisor):  # a cycle through the cyclic classes keeps them together
        for x in np.flatnonzero(place == part):
            matrix[x, rng.choice(np.flatnonzero(place == (part + 1) % divisor))] = True
    classes = communicating_classes(matrix.astype(float))
    if not classes.unichain:
        with pytest.raises(BadExperiment, match="closed classes"):
            period(matrix.astype(float))
        return
    members = classes.closed[0]
    inside = matrix[np.ix_(members, members)].astype(int)
    power, lengths = np.eye(members.size, dtype=int), []
    for k in range(1, 3 * members.size + 1):
        power = np.minimum(power @ inside, 1)
        lengths += [k] if power[0, 0] else []
    assert period(matrix.astype(float)) == math.gcd(*lengths)


def test_cyclic_classes_follow_one_another():
    rng = np.random.default_rng(1)
    order = rng.permutation(12)
    chain = sparse.csr_array(
        (np.ones(24), (np.tile(order, 2), np.concatenate([np.roll(order, -1), np.roll(order, -5)])))
    )
    divisor, cyclic = cyclic_classes(chain, np.arange(12))
    assert divisor == 4
    row, column = chain.nonzero()
    assert ((cyclic[row] + 1) % 4 == cyclic[column]).all()


def test_period_of_long_paths_and_cycles():
    assert period(cycle(200_001)) == 200_001
    assert period(walk(200_000, 0.5)) == 1
    to_and_fro = sparse.diags_array([np.ones(199_999), np.ones(199_999)], offsets=[-1, 1])
    assert period(to_and_fro) == 2


def test_the_period_is_that_of_the_closed_class_only():
    chain = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0.5, 0, 0.5, 0], [0, 0, 1, 0]])
    assert period(chain) == 2


def test_two_closed_classes_are_named():
    chain = sparse.block_diag([cycle(2), cycle(5)], format="csr")
    with pytest.raises(BadExperiment) as caught:
        period(chain)
    assert str(caught.value) == (
        "The chain has 2 closed classes, such as {0, 1} and {2, 3, 4, ... (5 states)}: a run stays in "
        "the first it enters and has no single stationary law; keep one class, or make the others reach it."
    )


def test_the_table_lists_closed_classes_and_transient_states():
    found = communicating_classes(np.array([[1.0, 0, 0], [0.5, 0, 0.5], [0, 0, 1.0]]))
    assert str(found).splitlines()[1:] == [
        "closed class 0  1                 0",
        "closed class 1  1                 2",
        "transient       1                 1",
    ]
    assert "<table>" in found._repr_html_()
