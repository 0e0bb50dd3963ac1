"""The sampling program: what it refuses, what it counts, and bounds that hold for any numbers."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

import eqsolve as eq
from eqsolve.errors import BadExperiment
from eqsolve.programs.sampling import SamplingProgram, dual_bound
from eqsolve.programs.sampling_support import end_components

OPTIMUM = 11.350081


def three_states(**options):
    pair = eq.models.three_state_pair()
    options.setdefault("coin", pair.occupancy(np.full((3, 2), 0.5)))
    return SamplingProgram(
        pair.transitions, pair.stationary, pair.step_variances, np.ones((1, 2)), **options
    )


def admissible(program, rng):
    """The occupancy of a random policy that keeps floor and share, of price one."""
    policy = rng.dirichlet(np.ones(program.arms), size=program.states).T
    policy = program.floor[:, None] + (1 - program.floor.sum()) * policy
    chain = sum(p[:, None] * k.toarray() for p, k in zip(policy, program.kernels, strict=True))
    rows = np.vstack([chain.T - np.eye(program.states), np.ones(program.states)])
    law = np.linalg.lstsq(rows, np.append(np.zeros(program.states), 1.0))[0]
    flow = policy * law
    flow /= (program.prices * flow).sum()
    return program.share * program.coin + (1 - program.share) * flow


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"floor": np.array([0.2, 0.05])},
        {"share": 0.3},
        {"share": 0.3, "floor": np.array([0.2, 0.3])},
        {"prices": np.array([[1.0, 2.0, 3.0], [0.5, 0.1, 4.0]])},
        {"weights": np.array([[1.0, 0.0], [0.2, 1.0]]), "criterion": "minimax"},
        {"weights": np.array([[1.0, 0.0], [0.2, 1.0]]), "share": 0.1},
    ],
)
def test_no_admissible_occupancy_is_below_the_bound_of_any_numbers(options):
    program = replace(three_states(), **options)
    rng = np.random.default_rng(0)
    values = [program.value(admissible(program, rng)) for _ in range(300)]
    lowest, bounds = min(values), []
    for _ in range(300):
        multipliers = rng.standard_normal(5 + program.contrasts) * 10.0 ** rng.uniform(-2, 3)
        bounds.append(dual_bound(program, multipliers, admissible(program, rng)))
    assert max(bounds) <= lowest
    assert max(bounds) > 0


def test_bounds_with_a_cost_limit_hold_for_what_meets_it():
    costs = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    program = three_states(costs=costs, cost_limit=0.4)
    rng = np.random.default_rng(1)
    flows = [admissible(program, rng) for _ in range(500)]
    lowest = min(program.value(f) for f in flows if (costs * f).sum() <= 0.4)
    for _ in range(300):
        multipliers = rng.standard_normal(6) * 10.0 ** rng.uniform(-1, 2)
        assert dual_bound(program, multipliers, flows[0]) <= lowest


def test_infinite_and_missing_numbers_bound_nothing():
    program = three_states()
    broken = np.array([np.nan, np.inf, -np.inf, np.nan, 0.0, 1.0])
    assert 0.0 <= dual_bound(program, broken, program.coin) <= OPTIMUM
    with pytest.raises(ValueError, match="6 multipliers"):
        dual_bound(program, np.ones(4), program.coin)


def test_half_and_half_costs_twice_the_sum():
    program = three_states()
    half = program.laws / 2
    assert program.value(half) == pytest.approx(11.523740, abs=5e-7)
    assert program.variances(half).shape == (1,)


def test_variances_are_homogeneous_and_infinite_where_nothing_is_seen():
    program = three_states()
    assert program.value(3 * program.coin) == pytest.approx(program.value(program.coin) / 3)
    unseen = program.coin.copy()
    unseen[0, 1] = 0.0
    assert program.value(unseen) == np.inf


def test_squares_that_underflow_are_still_counted():
    tiny = np.array([[1.0, 1e-200], [1.0, 1e-200]])
    chain = sparse.csr_array([[1.0, 0.0], [1.0, 0.0]])
    program = SamplingProgram(
        (chain, chain), tiny, np.ones((2, 2)), np.ones((1, 2)), np.full((2, 2), 0.25)
    )
    occupancy = np.array([[0.5, 1e-300], [0.5, 1e-300]])
    # 1e-400 / 1e-300 = 1e-100 next to 2: nothing, but not a failure either.
    assert program.value(occupancy) == pytest.approx(4.0)
    assert program.variances(np.array([[0.5, 0.0], [0.5, 0.5]]))[0] == np.inf


def test_the_printed_program_is_scaled():
    program = three_states(floor=np.array([0.1, 0.0]))
    shown = program.describe()
    assert program.kind == "convex"
    assert shown.startswith("minimize")
    assert "balance @ u == 0" in shown
    assert "price @ u == 1" in shown
    assert "floor @" in shown
    assert program.problem.is_dcp()
    rows = program.declared.balance.args[0].args[0].value
    assert np.allclose(np.sqrt(sparse.csr_array(rows).power(2).sum(axis=1)), 1.0)


def test_end_components_leave_out_what_leads_out():
    stay = sparse.csr_array(np.eye(3))
    round_trip = sparse.csr_array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    allowed = np.ones((2, 3), dtype=bool)
    usable, labels = end_components((stay, round_trip), allowed, np.zeros_like(allowed))
    assert usable.tolist() == [[True, True, True], [True, True, False]]
    assert labels[0] == labels[1] != labels[2]
    # Where the arm that leads out has a floor, state 2 is left for good.
    forced = np.array([[False] * 3, [True] * 3])
    usable, labels = end_components((stay, round_trip), allowed, forced)
    assert usable[:, 2].tolist() == [False, False]
    assert labels[2] == -1


def test_observations_in_two_components_are_refused_by_name():
    stay = sparse.csr_array(np.eye(2))
    program = SamplingProgram(
        (stay, stay),
        np.array([[1.0, 0.0], [0.0, 1.0]]),
        np.ones((2, 2)),
        np.ones((1, 2)),
        np.full((2, 2), 0.25),
    )
    with pytest.raises(BadExperiment, match=r"Arm 1 must be observed in state 1.*allow more arms"):
        _ = program.usable


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"criterion": "largest"}, "Criterion 'largest' is unknown: 'sum' or 'minimax'."),
        ({"prices": np.zeros((2, 3))}, "The price of arm 0 in state 0 must be positive."),
        ({"share": 1.5}, r"The share of coin flipping is 1.5, not in \[0, 1\]."),
        ({"costs": np.ones((2, 3))}, "Costs and a cost limit go together"),
        ({"cost_limit": 1.0}, "Costs and a cost limit go together"),
        ({"allowed": np.zeros((2, 3))}, "No arm is allowed in state 0: allow at least one."),
        ({"floor": np.array([0.6, 0.4])}, "must be nonnegative and sum to less than one"),
        ({"floor": np.array([-0.1, 0.4])}, "must be nonnegative and sum to less than one"),
        ({"floor": np.ones(3)}, r"The floors have shape \(3,\); they need shape \(2,\)."),
        ({"coin": np.zeros((2, 3))}, "The coin's occupancy must be nonnegative and not all zero."),
        ({"prices": np.full((2, 3), np.nan)}, "The prices hold a number that is not finite."),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(options, sentence):
    with pytest.raises(BadExperiment, match=sentence):
        three_states(**options)
