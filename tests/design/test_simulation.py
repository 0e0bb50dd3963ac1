"""Simulated experiments: the law of the walks, and every estimator against what theory says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import chi2, kstest, norm

import eqsolve as eq
from eqsolve.design.estimation.differences_in_q import differences_in_q
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.estimation.naive import naive
from eqsolve.design.estimation.switchback import switchback
from eqsolve.design.simulation.estimator_runs import EstimatorRuns
from eqsolve.design.simulation.running import CROWD
from eqsolve.design.simulation.walk import Crowd, Moves, Walk
from eqsolve.errors import BadExperiment, SlowMixing

MANY = CROWD  # replications from which all are walked at once
m = eq.models


def random_pair(seed, states=5, arms=2, zeros=0.3):
    rng = np.random.default_rng(seed)
    kernels = rng.dirichlet(np.ones(states), size=(arms, states))
    kernels *= rng.random(kernels.shape) > zeros
    # A round of all states keeps every chain irreducible.
    kernels[:, np.arange(states), (np.arange(states) + 1) % states] += 0.2
    kernels /= kernels.sum(axis=2, keepdims=True)
    rewards, spread = rng.normal(size=(arms, states)), rng.uniform(0.2, 2.0, (arms, states))
    return eq.MarkovExperiment(list(kernels), rewards, spread)


def random_policy(seed, experiment):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(2 * np.ones(experiment.arms), size=experiment.states)


# --- walks ----------------------------------------------------------------------------------


def drawn_moves(experiment, policy, steps, runs, seed):
    """Counts of moves by either walker: one run, or many at once."""
    moves, rng = Moves.of(experiment), np.random.default_rng(seed)
    if runs == 1:
        walk = Walk(moves, policy, rng)
        walk.advance(0, steps)
        return moves, walk.collect()
    path = Crowd(moves, policy, rng).path(np.zeros(runs, dtype=int), steps // runs)
    return moves, np.bincount(path.ravel(), minlength=len(moves))


@pytest.mark.parametrize("runs", [1, 500])
@pytest.mark.parametrize("seed", range(3))
def test_moves_have_the_law_of_the_chain(runs, seed):
    experiment = random_pair(seed, states=7, arms=3)
    policy = random_policy(seed, experiment)
    policy[2] = [0.0, 1.0, 0.0]
    moves, count = drawn_moves(experiment, policy, 200_000, runs, seed)
    joint = policy[moves.state, moves.arm] * moves.probability
    assert not count[joint == 0].any()
    visits = np.bincount(moves.state, weights=count, minlength=7)
    expected = visits[moves.state] * joint
    used = joint > 0
    statistic = ((count - expected)[used] ** 2 / expected[used]).sum()
    low, high = chi2.ppf([1e-4, 1 - 1e-4], used.sum() - 7)
    assert low < statistic < high
    assert moves.shares(count) == pytest.approx(experiment.occupancy(policy), abs=0.01)


@pytest.mark.parametrize("length", [1, 2, 15, 16, 17, 1000])
def test_a_walk_taken_in_pieces_is_the_same_walk(length):
    experiment = random_pair(0)
    policy = random_policy(0, experiment)
    moves = Moves.of(experiment)
    whole = Walk(moves, policy, np.random.default_rng(3))
    path = whole.path(2, 2000)
    pieces, state, again = Walk(moves, policy, np.random.default_rng(3)), 2, []
    counts = np.zeros(len(moves), dtype=int)
    for first in range(0, 2000, length):
        part = min(length, 2000 - first)
        if first % (3 * length):
            again += pieces.path(state, part)
            state = pieces.state_after(again[-1])
        else:
            state = pieces.advance(state, part)
            again += path[first : first + part]
        counts += pieces.collect()
    assert again == path
    assert moves.next_state[path[:-1]].tolist() == moves.state[path[1:]].tolist()
    assert counts.tolist() == np.bincount(path, minlength=len(moves)).tolist()
    assert whole.collect().tolist() == counts.tolist()
    assert not whole.collect().any()
    assert pieces.advance(4, 0) == 4
    assert pieces.path(4, 0) == []


@pytest.mark.parametrize("replications", [3, MANY])
def test_kept_logs_are_runs_of_the_chain(replications):
    experiment = random_pair(1)
    options = {"seed": 7, "record_every": 40}
    logged = eq.simulate_experiment(
        experiment, eq.CoinFlip(), 100, replications, keep_log=True, **options
    )
    counted = eq.simulate_experiment(experiment, eq.CoinFlip(), 100, replications, **options)
    assert np.array_equal(logged.tallies.count, counted.tallies.count)
    assert logged.recorded.tolist() == [40, 80, 100]
    for run in (0, replications - 1):
        steps = logged.log(run)
        assert steps.runs == 1
        assert steps.states[0] == 0
        counts, told = steps.counts, logged.counts[run]
        for name in ("arm", "state", "next_state", "count"):
            assert np.array_equal(getattr(counts, name), getattr(told, name))
        assert told.reward_sum == pytest.approx(counts.reward_sum)
        assert told.reward_squares == pytest.approx(counts.reward_squares)
        so_far = np.zeros((2, 5))
        np.add.at(so_far, (steps.arms[:40], steps.states[:40]), 1 / 40)
        assert logged.occupancy[0, run] == pytest.approx(so_far)


@pytest.mark.parametrize("replications", [2, MANY])
def test_a_seed_means_the_same_numbers(replications):
    experiment = random_pair(2)
    one, two, other = (
        eq.simulate_experiment(experiment, eq.CoinFlip(), 50, replications, seed=seed)
        for seed in (5, 5, 6)
    )
    assert np.array_equal(one.tallies.sums, two.tallies.sums)
    assert not np.array_equal(one.tallies.sums, other.tallies.sums)
    assert not np.array_equal(one.tallies.count[0], one.tallies.count[1])
    third = eq.simulate_experiment(experiment, eq.CoinFlip(), 50, 2, np.random.default_rng(5))
    assert third.tallies.count.sum() == 100


def test_many_blocks_of_a_long_run():
    experiment = m.random_sparse_pair(50, 4, seed=1)
    runs = eq.simulate_experiment(experiment, eq.CoinFlip(), 2_300_000, seed=0, progress=False)
    assert runs.counts[0].total == 2_300_000
    policy = np.full((50, 2), 0.5)
    assert runs.occupancy[-1, 0] == pytest.approx(experiment.occupancy(policy), abs=5e-4)


def test_starts_are_honoured():
    experiment = m.opposite_cycles(5)
    runs = eq.simulate_experiment(experiment, eq.SingleArm("forwards"), 2, 2, start=[1, 4])
    assert [counts.state.tolist() for counts in runs.counts] == [[1, 2], [0, 4]]
    named = eq.simulate_experiment(experiment, eq.SingleArm("backwards"), 1, start=3)
    assert named.counts[0].next_state.tolist() == [1]


# --- rewards --------------------------------------------------------------------------------


def test_sums_of_normal_rewards_have_the_law_of_sums():
    experiment = eq.MarkovExperiment([[[1.0]]], [[2.0]], [[9.0]])
    kept, summed = (
        eq.simulate_experiment(experiment, eq.CoinFlip(), 12, 3000, seed=4, keep_log=keep)
        for keep in (True, False)
    )
    for runs in (kept, summed):
        sums, squares = runs.tallies.sums.ravel(), runs.tallies.squares.ravel()
        assert kstest(sums, norm(24, np.sqrt(12 * 9)).cdf).pvalue > 1e-3
        assert kstest((squares - sums**2 / 12) / 9, chi2(11).cdf).pvalue > 1e-3
        # Independent, as mean and spread of normal numbers are.
        within = squares - sums**2 / 12
        assert abs(np.corrcoef(sums, within)[0, 1]) < 4 / np.sqrt(3000)


@pytest.mark.parametrize("keep", [True, False])
def test_bernoulli_rewards_are_zeros_and_ones(keep):
    ring = m.opposite_cycles(4, (0.2, 0.9))
    runs = eq.simulate_experiment(
        ring, eq.CoinFlip(), 4000, 3, seed=1, rewards="bernoulli", keep_log=keep
    )
    assert np.array_equal(runs.tallies.sums, runs.tallies.squares)
    assert np.array_equal(runs.tallies.sums, np.round(runs.tallies.sums))
    paid = runs.counts[0].rewards[:, 0]
    assert paid == pytest.approx([0.2, 0.9], abs=0.08)
    if keep:
        assert set(runs.log(2).rewards.tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("keep", [True, False])
def test_rewards_by_a_function(keep):
    experiment = random_pair(3)

    def rewards(rng, arm, state, next_state):
        return 100.0 * arm + 10 * state + next_state + 0 * rng.random(arm.size)

    runs = eq.simulate_experiment(
        experiment, eq.CoinFlip(), 500, 2, seed=1, rewards=rewards, keep_log=keep
    )
    for counts in runs.counts:
        mean = 100.0 * counts.arm + 10 * counts.state + counts.next_state
        assert counts.reward_sum == pytest.approx(mean * counts.count)
        assert counts.reward_squares == pytest.approx(mean**2 * counts.count)


def test_rewards_that_depend_on_the_next_state():
    market = m.ride_hailing_pair(2, 1)
    runs = eq.simulate_experiment(market, eq.CoinFlip(), 300, 1, seed=0, keep_log=True)
    steps, states = runs.log(), np.array(market.state_names)
    ended = states[steps.next_states, 0] > states[steps.states, 0]
    assert steps.rewards == pytest.approx(1.0 * ended - 0.01 * states[steps.states, 2])


# --- estimators against theory --------------------------------------------------------------


def test_the_variance_of_maximum_likelihood_on_twenty_random_pairs():
    gaps = []
    for seed in range(20):
        experiment = random_pair(100 + seed, states=3 + seed % 4, zeros=0.2)
        policy = random_policy(seed, experiment) * 0.6 + 0.2
        runs = eq.simulate_experiment(experiment, policy, 3000, MANY, seed=seed)
        made = runs["maximum likelihood"]
        gaps.append(np.log(made.scaled_variance / made.theory) / made.variance_error)
        assert made.theory == pytest.approx(experiment.variance(policy))
        assert made.missing == 0
    gaps = np.abs(gaps)
    # One in twenty is outside two standard errors by chance.
    assert (gaps > 2).sum() <= 3
    assert gaps.max() < 3.5
    assert chi2.cdf((gaps**2).sum(), 20) < 0.999


def test_intervals_cover_as_often_as_they_say():
    runs = eq.simulate_experiment(m.three_state_pair(), eq.CoinFlip(), 4000, 2000, seed=2)
    assert 0.93 <= runs.coverage() <= 0.97
    assert 0.88 <= runs.coverage(0.9) <= 0.92
    assert 0.0 in runs["maximum likelihood"].bias_interval(0.999)


@pytest.mark.parametrize(
    "experiment", [m.three_state_pair(), m.inventory_pair(((0, 3), (1, 3)), 1.5)], ids=str
)
def test_rivals_tend_to_their_own_limits(experiment):
    runs = eq.simulate_experiment(experiment, eq.CoinFlip(), 4000, MANY, seed=3)
    assert runs.estimators == ("maximum likelihood", "naive difference", "Differences-in-Q")
    for name in runs.estimators:
        made = runs[name]
        low, high = made.bias_interval(0.9999)
        # Ratios of means have a bias of order 1/n of their own.
        slack = 0.02 * np.sqrt(made.scaled_variance / made.steps)
        assert low - slack < made.limit - made.effect < high + slack
        assert made.theory in made.variance_interval(0.9999)
    assert abs(runs.bias["naive difference"]) > 10 * abs(runs.bias["maximum likelihood"])


def test_switchbacks_tend_to_their_own_limits():
    experiment = m.three_state_pair()
    runs = eq.simulate_experiment(experiment, eq.Switchback(10), 4000, MANY, seed=3)
    assert runs.estimators[-2:] == ("switchback", "Horvitz-Thompson")
    for name in ("maximum likelihood", "switchback", "Horvitz-Thompson"):
        made = runs[name]
        low, high = made.bias_interval(0.9999)
        slack = 0.03 * np.sqrt(made.scaled_variance / made.steps)
        assert low - slack < made.limit - made.effect < high + slack
    assert runs.theory["maximum likelihood"] in runs["maximum likelihood"].variance_interval(0.999)
    assert runs.bias["switchback"] > 0.2


@pytest.mark.parametrize("replications", [2, MANY])
@pytest.mark.parametrize("randomised", [True, False])
def test_values_are_those_of_the_estimators_of_single_logs(replications, randomised):
    experiment = random_pair(4, states=4)
    rule = eq.Switchback(7, randomised)
    runs = eq.simulate_experiment(experiment, rule, 1000, replications, seed=8, keep_log=True)
    for run in (0, replications - 1):
        log = runs.log(run)
        blocks = log.arms[: 7 * (1000 // 7)].reshape(-1, 7)
        assert (blocks == blocks[:, :1]).all()
        if not randomised:
            assert blocks[:4, 0].tolist() == [0, 1, 0, 1]
        singles = {
            "maximum likelihood": estimate(log),
            "naive difference": naive(log.counts),
            "Differences-in-Q": differences_in_q(log.counts),
            "switchback": switchback(log, 7),
        }
        if randomised:
            singles["Horvitz-Thompson"] = switchback(log, 7, probabilities=[0.5, 0.5])
        assert tuple(singles) == runs.estimators
        for name, single in singles.items():
            assert runs.estimates[name][run] == pytest.approx(single.effect, rel=1e-9), name


def test_large_chains_are_estimated_one_by_one():
    experiment = m.random_sparse_pair(80, 5, seed=2)
    runs = eq.simulate_experiment(experiment, eq.CoinFlip(), 4000, 3, seed=0)
    for name, single in (("maximum likelihood", estimate), ("Differences-in-Q", differences_in_q)):
        values = [single(counts).effect for counts in runs.counts]
        assert runs.estimates[name] == pytest.approx(values)


def test_a_single_arm_identifies_no_difference():
    experiment = m.three_state_pair()
    runs = eq.simulate_experiment(experiment, eq.SingleArm("first"), 400, 4, seed=0)
    assert runs["maximum likelihood"].missing == 4
    assert np.isnan(runs.bias["maximum likelihood"])
    assert runs.theory["maximum likelihood"] == np.inf
    assert runs.coverage() == 0
    assert runs["naive difference"].theory is None
    assert "nan" in str(runs)
    mean = eq.simulate_experiment(
        experiment, eq.SingleArm("first"), 4000, MANY, seed=0, contrast={"first": 1}
    )
    assert mean.estimators == ("maximum likelihood", "naive difference")
    assert mean.effect == pytest.approx(experiment.averages[0])
    assert 0 in mean["maximum likelihood"].bias_interval(0.999)
    assert experiment.own_variances[0] in mean["maximum likelihood"].variance_interval(0.999)


def test_runs_that_end_in_different_classes_have_no_long_run():
    stay = [[[1, 0], [0.5, 0.5]], [[0.5, 0.5], [0, 1]]]
    experiment = eq.MarkovExperiment(stay, [[0, 1], [0, 1]], 1.0)
    policy = [[1.0, 0.0], [0.0, 1.0]]
    runs = eq.simulate_experiment(experiment, policy, 30, 2, seed=0, start=[0, 1])
    assert runs.long_run is None
    assert runs.occupancy[-1, 0].tolist() == [[1, 0], [0, 0]]
    assert runs.occupancy[-1, 1].tolist() == [[0, 0], [0, 1]]


def test_the_variance_interval_covers_whatever_the_law():
    rng = np.random.default_rng(0)
    covered = {"normal": 0, "exponential": 0}
    for _ in range(400):
        for law, held in (
            ("normal", rng.normal(size=300)),
            ("exponential", rng.exponential(1, 300)),
        ):
            covered[law] += 1.0 in EstimatorRuns(law, held, 0.0, 1).variance_interval()
    assert 0.90 < covered["normal"] / 400 < 0.99
    assert 0.85 < covered["exponential"] / 400 < 0.99


def test_estimator_runs_in_closed_form():
    made = EstimatorRuns("mean", np.array([1.0, 3.0, np.nan, 1.0, 3.0]), 1.5, 10, 2.0, 8.0)
    assert (made.missing, made.bias) == (1, 0.5)
    assert made.scaled_variance == pytest.approx(10 * 4 / 3)
    assert made.scaled_error == pytest.approx(10 * 1.25)
    low, high = made.bias_interval()
    assert (low, high) == pytest.approx(
        (0.5 - 1.959964 * np.sqrt(1 / 3), 0.5 + 1.959964 * np.sqrt(1 / 3))
    )
    assert "bias it tends to" in str(made)
    assert "<table>" in made._repr_html_()
    same = EstimatorRuns("mean", np.ones(5), 1.0, 10)
    assert tuple(same.variance_interval()) == (0.0, 0.0)


def test_the_finite_sample_trap_catches_only_who_gives_no_steps():
    walks = m.birth_death_pair(40).transitions
    drifts = eq.MarkovExperiment(walks, [np.arange(40) / 39] * 2, 1.0)
    with pytest.warns(SlowMixing, match="give steps="):
        slow = eq.optimal_design(drifts)
    trapped = eq.simulate_experiment(drifts, slow, 30_000, 100, seed=0)
    assert trapped["maximum likelihood"].missing > 90
    design = eq.optimal_design(drifts, steps=30_000)
    runs = eq.simulate_experiment(drifts, design, 30_000, 100, seed=0)
    made = runs["maximum likelihood"]
    assert made.missing == 0
    # The stated variance lies within what a hundred runs can tell of 1 to 1.5 times it.
    low, high = made.variance_interval(0.999)
    assert low < 1.5 * design.variance
    assert high > design.variance
    assert made.theory == pytest.approx(design.variance, rel=1e-6)


# --- occupancies ----------------------------------------------------------------------------


def test_occupancies_converge_like_the_root_of_time():
    experiment = m.three_state_pair()
    policy = random_policy(0, experiment)
    runs = eq.simulate_experiment(experiment, policy, 10_000, 40, seed=1, record_every=100)
    report = runs.validate(experiment.occupancy(policy))
    assert report.kind == "sublinear"
    assert report.order == pytest.approx(0.5, abs=0.12)
    same = eq.validate(runs.trajectory, experiment.occupancy(policy).ravel())
    assert same.order == report.order
    total = runs.validate(experiment.occupancy(policy), distance="total variation")
    gaps = np.abs(runs.occupancy[-1] - experiment.occupancy(policy)).sum(axis=(1, 2)) / 2
    assert total.distances[-1] == pytest.approx(gaps)
    assert runs.trajectory.coordinate_names[0] == "first in 'low'"
    assert runs.trajectory.replications == 40


# --- what it says ---------------------------------------------------------------------------


def test_the_table_holds_every_estimator():
    runs = eq.simulate_experiment(m.three_state_pair(), eq.Switchback(5), 500, 20, seed=0)
    shown = str(runs)
    assert "Switchback(block_length=5, randomised=True): 20 replications of 500 steps" in shown
    assert all(name in shown for name in runs.estimators)
    assert repr(runs.bias).startswith("{'maximum likelihood':")
    assert len(runs.scaled_variance) == len(runs.estimators)
    assert "<table>" in runs._repr_html_()
    few = eq.simulate_experiment(m.three_state_pair(), eq.CoinFlip(), 500, 1, seed=0)
    assert "1 replications of 500 steps" in str(few)


def test_the_figure_shows_every_estimator():
    runs = eq.simulate_experiment(m.three_state_pair(), eq.CoinFlip(), 500, 20, seed=0)
    ax = runs.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == list(reversed(runs.estimators))
    assert len(ax.lines) == 2 * len(runs.estimators) + 1


def test_a_simulated_log_goes_through_the_log_reader():
    experiment = m.queue_pair(3)
    runs = eq.simulate_experiment(experiment, eq.CoinFlip(), 3000, 2, seed=0, keep_log=True)
    frame = runs.to_frame(1)
    assert list(frame.columns) == ["time", "state", "arm", "reward", "next_state"]
    assert frame["state"][0] == (0, 0)
    frame["state"], frame["next_state"] = frame["state"].map(str), frame["next_state"].map(str)
    log = eq.TransitionLog.from_table(
        frame, state="state", arm="arm", reward="reward", next_state="next_state", time="time"
    )
    found = log.estimate({"second": 1, "first": -1})
    assert found.effect == pytest.approx(runs.estimates["maximum likelihood"][1])


def test_progress_goes_to_standard_error(capsys):
    eq.simulate_experiment(m.three_state_pair(), eq.CoinFlip(), 50, 2, seed=0, progress=True)
    told = capsys.readouterr()
    assert told.out == ""
    assert "simulating" in told.err


# --- what is refused ------------------------------------------------------------------------

A = m.three_state_pair()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: eq.simulate_experiment("x", eq.CoinFlip(), 5), "a MarkovExperiment, not str"),
        (
            lambda: eq.simulate_experiment(A, eq.CoinFlip(), 0),
            "steps must be a whole number of one",
        ),
        (lambda: eq.simulate_experiment(A, eq.CoinFlip(), 5, 1.5), "replications must be a whole"),
        (lambda: eq.simulate_experiment(A, [[1, 0]], 5), r"\(S, A\) = \(3, 2\)"),
        (lambda: eq.simulate_experiment(A, eq.SingleArm("x"), 5), "has the arms 'first', 'second'"),
        (lambda: eq.Switchback(0), "block_length must be a whole number of one or more, not 0"),
        (lambda: eq.Switchback(2.5), "block_length must be a whole number"),
        (
            lambda: eq.simulate_experiment(A, eq.CoinFlip(), 5, contrast=np.eye(2)),
            "one contrast; 2 were given",
        ),
        (
            lambda: eq.simulate_experiment(A, eq.CoinFlip(), 5, start="hot"),
            "start='hot' is no state",
        ),
        (lambda: eq.simulate_experiment(A, eq.CoinFlip(), 5, 2, start=[1]), "its shape is .1,."),
        (lambda: eq.simulate_experiment(A, eq.CoinFlip(), 5, start=[3]), "numbers from 0 to 2"),
        (
            lambda: eq.simulate_experiment(A, eq.CoinFlip(), 5, record_every=0),
            "record_every must be a whole number",
        ),
        (
            lambda: eq.simulate_experiment(A, eq.CoinFlip(), 5, rewards="cauchy"),
            "'normal', 'bernou",
        ),
        (
            lambda: eq.simulate_experiment(A, eq.CoinFlip(), 5, rewards="bernoulli"),
            "arm 'first' in state 'low' has mean 1 and variance 1",
        ),
        (
            lambda: eq.simulate_experiment(A, eq.CoinFlip(), 5, rewards=lambda *_: np.zeros(2)),
            r"one finite number a step, shape \(5,\); it returned shape \(2,\)",
        ),
        (
            lambda: eq.simulate_experiment(
                A, eq.CoinFlip(), 5, rewards=lambda rng, arm, *_: np.full(arm.shape, np.nan)
            ),
            "entries that are not finite",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_named(call, says):
    with pytest.raises(BadExperiment, match=says):
        call()


def test_what_runs_do_not_hold_is_said():
    runs = eq.simulate_experiment(A, eq.CoinFlip(), 50, 3, seed=0)
    with pytest.raises(BadExperiment, match="were not kept: simulate_experiment.*keep_log=True"):
        runs.log()
    with pytest.raises(BadExperiment, match="no estimator 'median'.*maximum likelihood, naive"):
        runs["median"]
    with pytest.raises(BadExperiment, match=r"four replications or more.*there are 3"):
        runs["naive difference"].variance_interval()
    with pytest.raises(BadExperiment, match="distance must be 'euclidean' or 'total variation'"):
        runs.validate(distance="L7")
    with pytest.raises(BadExperiment, match=r"target has shape \(2,\)"):
        runs.validate([1, 2])
    with pytest.raises(eq.EqsolveError, match="at least 5 records"):
        runs.validate(A.occupancy(np.full((3, 2), 0.5)))
    with pytest.raises(KeyError):
        runs.bias["median"]
    kept = eq.simulate_experiment(A, eq.CoinFlip(), 50, 3, seed=0, keep_log=True)
    with pytest.raises(BadExperiment, match="no replication 3; there are 3, from 0"):
        kept.log(3)


def test_sparse_and_dense_declarations_walk_alike():
    kernels = [sparse.csr_array(kernel) for kernel in A.transitions]
    dense = [kernel.toarray() for kernel in kernels]
    runs = [
        eq.simulate_experiment(
            eq.MarkovExperiment(given, A.rewards, 1.0), eq.CoinFlip(), 99, seed=3
        )
        for given in (kernels, dense)
    ]
    assert np.array_equal(runs[0].tallies.count, runs[1].tallies.count)
