"""Experiments on the shelf: against event-by-event simulations of what they say of themselves."""

from __future__ import annotations

import random
import warnings

import cvxpy as cp
import numpy as np
import pytest
from scipy import sparse
from scipy.stats import chi2

import eqsolve as eq
from eqsolve.errors import BadExperiment, SlowMixing
from eqsolve.markov import communicating_classes, period

m = eq.models
KNOWN = m.instances("experiment")


def coin(experiment):
    return np.full((experiment.states, experiment.arms), 1 / experiment.arms)


def best_variance(experiment):
    """The optimum by a conic solver, in u = gamma / pi; independent of eqsolve's own program."""
    arms, states = experiment.arms, experiment.states
    law = experiment.stationary
    unit = np.where(law > 0, law, 1e-3)
    u = cp.Variable((arms, states), nonneg=True)
    flow = sum(
        (sparse.eye_array(states) - kernel.T) @ sparse.diags_array(unit[arm]) @ u[arm]
        for arm, kernel in enumerate(experiment.transitions)
    )
    needs = (law * experiment.step_variances).ravel()
    seen = np.flatnonzero(needs > 0)
    used = cp.reshape(u, (arms * states,), order="C")[seen]
    objective = cp.Minimize(cp.sum(cp.multiply(needs[seen], cp.inv_pos(used))))
    rows = [flow / unit.max(axis=0) == 0, cp.sum(cp.multiply(unit, u)) == 1]
    cp.Problem(objective, rows).solve(solver=cp.CLARABEL)
    return experiment.variance((unit * u.value / (unit * u.value).sum(axis=0)).T)


@pytest.mark.parametrize("name", [name for name in KNOWN if name != "queue_pair_1024"])
def test_every_answer_by_a_conic_solver(name):
    experiment, known = m.load(name), m.published(name)
    assert experiment.effect() == pytest.approx(known.effect, rel=known.tolerance, abs=1e-9)
    assert experiment.own_variances == pytest.approx(known.own_variances, rel=known.tolerance)
    assert known.half_and_half == pytest.approx(2 * experiment.own_variances.sum())
    assert best_variance(experiment) == pytest.approx(known.variance, rel=1e-5)
    if known.occupancy is not None:
        assert experiment.variance(known.occupancy / known.occupancy.sum()) == pytest.approx(
            known.variance, rel=known.tolerance
        )


@pytest.mark.parametrize("name", KNOWN)
def test_every_answer_by_our_own_engine(name):
    known = m.published(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SlowMixing)
        design = eq.optimal_design(m.load(name))
    assert design.variance == pytest.approx(known.variance, rel=known.tolerance)
    assert design.relative_gap < 1e-7
    if known.occupancy is not None:
        assert design.occupancy == pytest.approx(known.occupancy, abs=1e-8)


@pytest.mark.parametrize("name", KNOWN)
def test_every_answer_says_where_it_is_from(name):
    known = m.published(name)
    assert {"authors", "title"} <= set(known.source)
    assert known.note or known.status == "derived"
    assert f"{known.title} ({known.status}; " in repr(known)
    assert f"optimal design: {known.variance:.8g}" in repr(known)
    with pytest.raises(eq.EqsolveError, match=f"{name} is an experiment, not a game"):
        _ = known.asked


# --- the physics, one event at a time -------------------------------------------------------


def queue_step(rng, arm, state, size, arrivals, services, priority):
    first, second = state
    reward = -(first + second)
    event = rng.random()
    for queue, chance in enumerate(arrivals):
        if event < chance:
            if state[queue] < size - 1:
                return reward, (first + (queue == 0), second + (queue == 1))
            return reward, state
        event -= chance
    serving = [0, 1]
    if priority:
        serving = [arm] if state[arm] > 0 else [1 - arm]
    for queue in serving:
        if event < services[arm][queue]:
            if state[queue] > 0:
                return reward, (first - (queue == 0), second - (queue == 1))
            return reward, state
        event -= services[arm][queue]
    return reward, state


def ride_step(rng, arm, state, drivers, room, p):
    idle, close, waiting = state
    far = drivers - idle - close
    cost = -p["waiting_cost"] * waiting
    event = rng.random()

    def assign(asks):
        """A rider meets the idle drivers one by one; returns the next state."""
        left = waiting if asks else waiting - 1
        for _ in range(idle):
            if rng.random() < p["near"]:
                return (idle - 1, close + 1, left)
        no_seat = asks and waiting == room
        if idle > 0 and (arm == 0 or no_seat):
            return (idle - 1, close, left)
        if asks and not no_seat:
            return (idle, close, waiting + 1)
        return state

    if event < p["requests"]:
        return cost, assign(asks=True)
    event -= p["requests"]
    if event < p["look"]:
        return cost, assign(asks=False) if idle > 0 and waiting > 0 else state
    event -= p["look"]
    for _ in range(close):
        if event < p["near_end"]:
            return cost + p["fare"], (idle + 1, close - 1, waiting)
        event -= p["near_end"]
    for _ in range(far):
        if event < p["far_end"]:
            return cost + p["fare"], (idle + 1, close, waiting)
        event -= p["far_end"]
    for _ in range(waiting):
        if event < p["impatience"]:
            return cost, (idle, close, waiting - 1)
        event -= p["impatience"]
    return cost, state


def inventory_step(rng, arm, stock, rules, mean, price, unit_cost, order_cost, holding_cost):
    least, top = rules[arm]
    profit, shelf = 0.0, stock
    if stock <= least:
        profit -= order_cost + unit_cost * (top - stock)
        shelf = top
    # Poisson demand: customers come while exponential times fit into the day.
    clock = rng.expovariate(mean)
    while clock < 1:
        if shelf > 0:
            shelf -= 1
            profit += price
        clock += rng.expovariate(mean)
    return profit - holding_cost * shelf, shelf


def cycle_step(rng, arm, state, states, paid):
    reward = float(rng.random() < paid[arm]) if state == 1 else 0.0
    after = state + (1 if arm == 0 else -1)
    return reward, (after - 1) % states + 1


def walk_step(rng, arm, state, states, up):
    rises = rng.random() < (up if arm == 0 else 1 - up)
    return 0.0, min(max(state + (1 if rises else -1), 0), states - 1)


RIDE = {
    "requests": 0.25, "near": 0.35, "near_end": 0.1, "far_end": 0.06, "impatience": 0.05,
    "look": 0.2, "fare": 1.5, "waiting_cost": 0.03,
}  # fmt: skip
QUEUE = {"arrivals": (0.15, 0.25), "services": ((0.3, 0.25), (0.2, 0.3))}
SHELF = {"price": 2.5, "unit_cost": 1.0, "order_cost": 1.5, "holding_cost": 0.1}
PHYSICS = {
    "queues with a server each": (
        m.queue_pair(3, **QUEUE),
        lambda rng, arm, state: queue_step(rng, arm, state, 3, *QUEUE.values(), False),
    ),
    "queues with one server": (
        m.queue_pair(3, **QUEUE, discipline="priority"),
        lambda rng, arm, state: queue_step(rng, arm, state, 3, *QUEUE.values(), True),
    ),
    "ride hailing": (
        m.ride_hailing_pair(2, 2, **RIDE),
        lambda rng, arm, state: ride_step(rng, arm, state, 2, 2, RIDE),
    ),
    "inventory": (
        m.inventory_pair(((1, 4), (2, 5)), 2.0, **SHELF),
        lambda rng, arm, state: inventory_step(
            rng, arm, state, ((1, 4), (2, 5)), 2.0, *SHELF.values()
        ),
    ),
    "opposite cycles": (
        m.opposite_cycles(4, (0.3, 0.8)),
        lambda rng, arm, state: cycle_step(rng, arm, state, 4, (0.3, 0.8)),
    ),
    "opposite drifts": (
        m.birth_death_pair(4, 0.7),
        lambda rng, arm, state: walk_step(rng, arm, state, 4, 0.7),
    ),
}


@pytest.mark.parametrize("what", PHYSICS)
def test_the_chain_is_that_of_the_stated_physics(what):
    experiment, step = PHYSICS[what]
    rng, tries = random.Random(5), 1500
    place = {name: row for row, name in enumerate(experiment.state_names)}
    by_move = experiment.next_state_rewards
    statistic, freedom = 0.0, 0
    for arm, kernel in enumerate(experiment.transitions):
        for name, row in place.items():
            rewards, moves = zip(*(step(rng, arm, name) for _ in range(tries)), strict=True)
            seen = np.bincount([place[after] for after in moves], minlength=len(place))
            expected = kernel[[row], :].toarray().ravel() * tries
            assert not seen[expected == 0].any(), (arm, name)
            possible = expected > 0
            gaps = (seen - expected)[possible] ** 2 / expected[possible]
            # Cells met less than about once are no chi-square; a few of them do no harm.
            common = expected[possible] > 2
            statistic += gaps[common].sum()
            freedom += common.sum() - 1 if common.all() else common.sum()
            if by_move is not None:
                own = slice(kernel.indptr[row], kernel.indptr[row + 1])
                paid = dict(zip(kernel.indices[own].tolist(), by_move[arm][own], strict=True))
                assert rewards == pytest.approx([paid[place[after]] for after in moves])
            elif what != "opposite drifts":
                spread = experiment.reward_variances[arm, row]
                if what.startswith("queues"):
                    spread = 0.0  # its noise is added to the stated costs
                error = 4.5 * np.sqrt(spread / tries) + 1e-12
                assert np.mean(rewards) == pytest.approx(experiment.rewards[arm, row], abs=error)
    assert statistic <= chi2.ppf(1 - 1e-4, max(freedom, 1))


# --- closed forms ---------------------------------------------------------------------------


@pytest.mark.parametrize("states", [3, 4, 17, 200])
def test_opposite_cycles_in_closed_form(states):
    paid = np.array([0.2, 0.7])
    ring = m.opposite_cycles(states, paid)
    assert ring.stationary == pytest.approx(np.full((2, states), 1 / states))
    assert ring.effect() == pytest.approx((paid[1] - paid[0]) / states)
    spread = np.sqrt(paid * (1 - paid))
    expected = np.zeros((2, states))
    expected[:, 0] = spread**2
    assert ring.step_variances == pytest.approx(expected, abs=1e-12)
    half = 2 * ring.own_variances.sum()
    assert states**2 * half == pytest.approx(2 * states * (spread**2).sum())
    joint = np.zeros((2, states))
    joint[:, 0] = spread / (2 * spread.sum())
    # Out of state 1 with one arm and back from the neighbours with the other.
    joint[1, 1], joint[0, -1] = joint[0, 0], joint[1, 0]
    flow = sum(kernel.T @ joint[arm] for arm, kernel in enumerate(ring.transitions))
    assert flow == pytest.approx(joint.sum(axis=0))
    assert states**2 * ring.variance(joint) == pytest.approx(2 * spread.sum() ** 2)
    assert [period(kernel) for kernel in ring.transitions] == [states, states]


@pytest.mark.parametrize(
    ("states", "half", "best"),
    [(3, 52, 7.0), (5, 484, 9.0), (8, 13120, 88 / 9), (10, 118096, 268 / 27)],
)
def test_cooperative_walks_stop_growing(states, half, best):
    pair = m.birth_death_pair(states)
    assert 2 * pair.own_variances.sum() == pytest.approx(half)
    assert m.published(f"birth_death_pair_{states}").variance == pytest.approx(best)
    assert pair.stationary[0] == pytest.approx(pair.stationary[1][::-1])
    assert pair.stationary[0, 1:] == pytest.approx(3 * pair.stationary[0, :-1])


def test_parallel_queues_are_products_of_single_queues():
    pair = m.queue_pair(6, (0.1, 0.2), ((0.2, 0.3), (0.3, 0.2)))
    for arm, served in enumerate(((0.2, 0.3), (0.3, 0.2))):
        single = [(a / b) ** np.arange(6) for a, b in zip((0.1, 0.2), served, strict=True)]
        law = np.outer(*(one / one.sum() for one in single))
        assert pair.stationary[arm].reshape(6, 6) == pytest.approx(law)
        lengths = np.add.outer(np.arange(6), np.arange(6))
        assert pair.averages[arm] == pytest.approx(-(law * lengths).sum())


def test_the_two_priorities_mirror_each_other():
    pair = m.queue_pair(5, (0.2, 0.2), ((0.5, 0.5), (0.5, 0.5)), discipline="priority")
    law = pair.stationary.reshape(2, 5, 5)
    assert law[0] == pytest.approx(law[1].T)
    # Whom the priority serves has the shorter queue.
    lengths = np.arange(5)
    assert law[0].sum(axis=1) @ lengths < law[0].sum(axis=0) @ lengths


def test_what_riders_and_drivers_conserve():
    market = m.ride_hailing_pair(3, 2)
    states = np.array(market.state_names)
    assert (states[:, 0] + states[:, 1] <= 3).all()
    for kernel in market.transitions:
        assert communicating_classes(kernel).irreducible
        rows = np.repeat(np.arange(market.states), np.diff(kernel.indptr))
        moved = np.abs(states[kernel.indices] - states[rows])
        assert (moved <= 1).all()


def test_a_coin_flip_sees_no_difference_between_dispatch_rules():
    # Fares come in when rides end, whatever the arm of that step: all effect is carried over.
    market = m.ride_hailing_pair()
    shares = market.occupancy(coin(market))
    naive = np.diff((shares * market.rewards).sum(axis=1) / shares.sum(axis=1))
    assert naive == pytest.approx(0, abs=1e-12)
    assert market.effect() > 0.02


def test_a_coin_flip_has_the_wrong_sign_on_the_shelf():
    shelf = m.inventory_pair()
    shares = shelf.occupancy(coin(shelf))
    naive = np.diff((shares * shelf.rewards).sum(axis=1) / shares.sum(axis=1))
    assert naive[0] < -2
    assert shelf.effect() > 0


def test_stock_that_one_rule_never_makes_is_transient():
    shelf = m.inventory_pair(((2, 8), (4, 10)))
    first = communicating_classes(shelf.transitions[0])
    assert first.transient.tolist() == [9, 10]
    assert shelf.stationary[0, 9:].tolist() == [0, 0]
    assert communicating_classes(shelf.transitions[1]).irreducible


def test_demand_may_be_a_table_of_probabilities():
    table = [0.5, 0.25, 0.25]
    shelf = m.inventory_pair(((0, 1), (0, 3)), table)
    # Two or more asked of one good in stock leave none.
    assert shelf.transitions[0].toarray()[1].tolist() == [0.5, 0.5, 0, 0]
    assert shelf.transitions[1].toarray()[0].tolist() == [0, 0.25, 0.25, 0.5]
    same = m.inventory_pair(((1, 2), (1, 3)), [*table, 0.0, 0.0, 0.0, 0.0])
    assert same.transitions[1].toarray()[0].tolist() == [0, 0.25, 0.25, 0.5]


@pytest.mark.parametrize(("states", "successors"), [(2, 1), (5, 5), (40, 3), (400, 10)])
def test_random_pairs_are_sparse_and_irreducible(states, successors):
    pair = m.random_sparse_pair(states, successors, seed=3)
    for kernel in pair.transitions:
        assert np.diff(kernel.indptr).tolist() == [successors] * states
        assert communicating_classes(kernel).irreducible
    again = m.random_sparse_pair(states, successors, seed=3)
    other = m.random_sparse_pair(states, successors, seed=4)
    assert np.array_equal(again.rewards, pair.rewards)
    assert not np.array_equal(other.rewards, pair.rewards)
    assert (pair.reward_variances > 0.5).all()


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: m.opposite_cycles(2), "a ring needs three or more states, not 2"),
        (lambda: m.opposite_cycles(5, (0.5, 1.5)), "probabilities must be two numbers from 0 to 1"),
        (lambda: m.birth_death_pair(1), "a walk needs two or more states, not 1"),
        (lambda: m.birth_death_pair(5, 0.5), "up must lie between 1/2 and 1, not 0.5"),
        (lambda: m.birth_death_pair(400), "with 400 states and up = 0.75 the reward variance"),
        (lambda: m.queue_pair(1), "size must be two or more, not 1"),
        (lambda: m.queue_pair(3, discipline="random"), "'parallel' or 'priority', not 'random'"),
        (lambda: m.queue_pair(3, (0.2,)), "arrivals must be two numbers"),
        (lambda: m.queue_pair(3, (0.2, 0.0)), "arrivals and services must be positive"),
        (lambda: m.queue_pair(3, (0.3, 0.3)), "sum to 1.15; take shorter steps"),
        (lambda: m.ride_hailing_pair(0), "drivers and room must be one or more, not 0 and 3"),
        (lambda: m.ride_hailing_pair(look=1.5), "look must lie between 0 and 1, not 1.5"),
        (lambda: m.ride_hailing_pair(20), "the busiest state can reach 2.06; take shorter"),
        (lambda: m.inventory_pair(((1, 2),)), "two rules .s, S. are compared, not 1"),
        (lambda: m.inventory_pair(((3, 2), (1, 2))), r"0 <= s < S, not \(3, 2\)"),
        (lambda: m.inventory_pair(daily_demand=-1), "the mean demand must be positive, not -1.0"),
        (lambda: m.inventory_pair(daily_demand=[0.5, 0.6]), "probabilities of 0, 1, 2, ... that"),
        (lambda: m.random_sparse_pair(1), "states must be two or more, not 1"),
        (lambda: m.random_sparse_pair(5, 6), "successors must be from 1 to 5"),
    ],
)
def test_arguments_that_make_no_experiment_are_named(make, says):
    with pytest.raises(BadExperiment, match=says):
        make()


HEAD = 'model = "three_state_pair"\n[published]\nconcept = "design"\n'


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('status = "rumour"', "published.status must be one of published, derived, computed"),
        ("colour = 1", "unknown key published.colour"),
        ('status = "derived"\neffect = 1', "the key published.own_variances is missing"),
        (
            'status = "derived"\neffect = "much"\nown_variances = [1]\nvariance = 1',
            "published.effect must be numbers, not 'much'",
        ),
        (
            'status = "derived"\neffect = [1]\nown_variances = [1]\nvariance = 1',
            "published.effect must be a number",
        ),
    ],
)
def test_what_is_wrong_in_an_answer_is_named(tmp_path, table, says):
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + table, encoding="utf-8")
    with pytest.raises(eq.EqsolveError, match=says):
        m.published(path)


def test_an_answer_of_a_users_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        HEAD + 'status = "derived"\neffect = -0.972973\nown_variances = [2.6, 3.1]\nvariance = 11\n'
        'note = "Rough."'
    )
    known = m.published(path)
    assert (known.name, known.effect, known.tolerance) == ("mine", -0.972973, 1e-6)
    assert known.half_and_half == pytest.approx(11.4)
    assert "Note: Rough." in repr(known)
    assert m.load(path).effect() == pytest.approx(known.effect, abs=1e-6)
