"""Optimal designs: known answers, independent routes, invariances, restrictions, sentences."""

import warnings

import numpy as np
import pytest
from known_answers.experiments import (
    FIRST,
    SECOND,
    dense_variance,
    opposite_cycles,
    opposite_drifts,
    random_pair,
    rare_ends,
    three_states,
    without_states,
)
from scipy.optimize import minimize

import eqsolve as eq
from eqsolve.design import MarkovExperiment

ENGINES = ("interior-point", "convex")


# Known answers


@pytest.mark.parametrize("solver", ENGINES)
def test_the_published_three_state_pair_to_all_digits(solver):
    design = eq.optimal_design(three_states(), solver=solver)
    assert design.variance == pytest.approx(11.350081, abs=5e-7)
    assert design.occupancy[0] == pytest.approx([0.04037814, 0.14001788, 0.31093176], abs=6e-9)
    assert design.occupancy[1] == pytest.approx([0.32309295, 0.14161175, 0.04396752], abs=6e-9)
    assert design.policy[:, 1] == pytest.approx([0.88890962, 0.50282973, 0.12388732], abs=6e-9)
    assert design.relative_gap < 1e-8
    assert design.bound <= design.variance * (1 + 1e-15)


@pytest.mark.parametrize("solver", ENGINES)
@pytest.mark.parametrize(
    ("states", "optimum", "halves"),
    [(3, 7.00, 52), (5, 9.00, 484), (8, 9.78, 13120), (10, 9.93, 118096)],
)
def test_rare_ends_where_joint_sampling_stops_the_growth(states, optimum, halves, solver):
    experiment = rare_ends(states)
    design = eq.optimal_design(experiment, solver=solver)
    assert design.variance == pytest.approx(optimum, abs=0.005)
    assert design.relative_gap < 1e-6
    assert design.compare()["each arm alone"].variance == pytest.approx(halves, rel=1e-9)
    assert halves == 2 * (3**states - 1)


@pytest.mark.parametrize("states", [3, 4, 5, 20, 200])
def test_opposite_cycles_in_closed_form(states):
    """s^2 V = 2 (d1 + d2)^2, by stepping out of the first state and back."""
    success = np.array([0.3, 0.6])
    deviation = np.sqrt(success * (1 - success))
    experiment = opposite_cycles(states, success)
    design = eq.optimal_design(experiment)
    assert states**2 * design.variance == pytest.approx(2 * deviation.sum() ** 2, rel=1e-8)
    assert design.occupancy[:, 0] == pytest.approx(deviation / (2 * deviation.sum()), rel=1e-4)
    assert design.relative_gap < 1e-8
    halves = 2 * states * (deviation**2).sum()
    assert states**2 * design.compare()["each arm alone"].variance == pytest.approx(halves)


@pytest.mark.parametrize("solver", ENGINES)
def test_without_states_the_arms_are_drawn_in_proportion_to_their_deviations(solver):
    """Neyman allocation."""
    design = eq.optimal_design(without_states([1, 3]), solver=solver)
    assert design.policy[0] == pytest.approx([0.25, 0.75], abs=1e-5)
    assert design.variance == pytest.approx(16, rel=1e-8)
    weights = [-1, 0.5, 2]
    design = eq.optimal_design(without_states([1, 2, 5]), weights, solver=solver)
    sizes = np.abs(weights) * [1, 2, 5]
    assert design.policy[0] == pytest.approx(sizes / sizes.sum(), abs=1e-5)
    assert design.variance == pytest.approx(sizes.sum() ** 2, rel=1e-8)


def test_identical_arms_leave_only_the_sum_to_choose():
    """Two equal arms: either runs half of the time, in the long run of the one chain."""
    experiment = MarkovExperiment([FIRST, FIRST], [[1, 0, 2]] * 2, 1.0)
    design = eq.optimal_design(experiment)
    assert design.variance == pytest.approx(4 * experiment.own_variances[0], rel=1e-9)
    assert design.policy == pytest.approx(np.full((3, 2), 0.5), abs=1e-6)


def test_one_arm_has_one_design():
    experiment = MarkovExperiment([FIRST], [[1, 0, 2]], 1.0)
    design = eq.optimal_design(experiment)
    assert design.variance == pytest.approx(experiment.own_variances[0], rel=1e-12)
    assert design.policy.tolist() == [[1.0]] * 3


# Independent routes


def by_descent(experiment, weights, seed=0):
    """Least dense variance over policies, in log-odds, from several starts."""
    states, arms = experiment.states, experiment.arms

    def policy(odds):
        odds = np.exp(odds - odds.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def value(flat):
        return np.log(dense_variance(experiment, policy(flat.reshape(states, arms)), weights))

    rng = np.random.default_rng(seed)
    starts = [np.zeros(states * arms), rng.normal(size=states * arms)]
    return np.exp(min(minimize(value, start, method="BFGS").fun for start in starts))


@pytest.mark.parametrize("seed", range(6))
def test_against_descent_on_policies(seed):
    arms = 2 + seed % 2
    experiment = random_pair(3, arms=arms, seed=seed)
    weights = [-1, 1] if arms == 2 else [1, 0.5, -2]
    design = eq.optimal_design(experiment, weights)
    assert design.variance == pytest.approx(by_descent(experiment, weights), rel=1e-6)
    assert design.variance == pytest.approx(
        dense_variance(experiment, design.policy, weights), rel=1e-9
    )


@pytest.mark.parametrize("seed", range(4))
def test_engines_agree_under_every_restriction(seed):
    rng = np.random.default_rng(seed)
    experiment = random_pair(8, arms=3, seed=seed)
    contrasts = rng.normal(size=(2, 3))
    allowed = np.ones((3, 8), dtype=bool)
    options = {
        "floor": 0.08,
        "share": 0.15,
        "costs": rng.uniform(1, 3, (3, 8)),
        "steps": 10_000,
        "allowed": allowed,
    }
    options["budget"] = 10_000 * (options["costs"] / 24).sum() * 0.97
    for criterion in ("sum", "minimax"):
        designs = [
            eq.optimal_design(experiment, contrasts, criterion=criterion, solver=s, **options)
            for s in ENGINES
        ]
        assert designs[0].variance == pytest.approx(designs[1].variance, rel=1e-6)
        for design in designs:
            assert design.relative_gap < 1e-6
            assert design.certificate.holds()


def test_minimax_evens_out_the_contrasts():
    experiment = random_pair(5, arms=3, seed=11)
    even = eq.optimal_design(experiment, criterion="minimax")
    total = eq.optimal_design(experiment, criterion="sum")
    assert even.variance == pytest.approx(even.variances.max())
    assert total.variance == pytest.approx(total.variances.sum())
    assert even.variances.max() <= total.variances.max() * (1 + 1e-9)
    assert total.variances.sum() <= even.variances.sum() * (1 + 1e-9)
    assert even.relative_gap < 1e-7


# Invariances


def test_relabelling_states_permutes_the_policy():
    experiment, order = random_pair(6, seed=21), np.random.default_rng(2).permutation(6)
    relabelled = MarkovExperiment(
        [kernel.toarray()[np.ix_(order, order)] for kernel in experiment.transitions],
        experiment.rewards[:, order],
        experiment.reward_variances[:, order],
    )
    one, other = eq.optimal_design(experiment), eq.optimal_design(relabelled)
    assert one.variance == pytest.approx(other.variance, rel=1e-9)
    assert other.policy == pytest.approx(one.policy[order], abs=1e-5)


def test_permuting_arms_permutes_the_policy():
    experiment, order = random_pair(4, arms=3, seed=22), [2, 0, 1]
    permuted = MarkovExperiment(
        [experiment.transitions[arm] for arm in order],
        experiment.rewards[order],
        experiment.reward_variances[order],
    )
    weights = np.array([-1.0, 2.0, 0.5])
    one = eq.optimal_design(experiment, weights)
    other = eq.optimal_design(permuted, weights[order])
    assert one.variance == pytest.approx(other.variance, rel=1e-9)
    assert other.policy == pytest.approx(one.policy[:, order], abs=1e-5)


@pytest.mark.parametrize("unit", [1e-6, 1e5])
def test_units_of_the_rewards_do_not_matter(unit):
    experiment = random_pair(5, seed=23)
    scaled = MarkovExperiment(
        experiment.transitions,
        experiment.rewards * unit + 3 * unit,
        experiment.reward_variances * unit**2,
    )
    one, other = eq.optimal_design(experiment), eq.optimal_design(scaled)
    assert other.variance == pytest.approx(one.variance * unit**2, rel=1e-8)
    assert other.policy == pytest.approx(one.policy, abs=1e-5)


def test_a_state_and_its_double_are_one():
    """Splitting a state into two that behave alike changes nothing that can be learned."""
    experiment = random_pair(4, seed=24)
    double = [0, 1, 2, 3, 3]
    kernels = []
    for kernel in experiment.transitions:
        wide = kernel.toarray()[np.ix_(double, double)]
        wide[:, 3:] *= [0.3, 0.7]
        kernels.append(wide)
    split = MarkovExperiment(
        kernels, experiment.rewards[:, double], experiment.reward_variances[:, double]
    )
    one, other = eq.optimal_design(experiment), eq.optimal_design(split)
    assert other.variance == pytest.approx(one.variance, rel=1e-8)
    merged = other.occupancy[:, :4].copy()
    merged[:, 3] += other.occupancy[:, 4]
    assert merged == pytest.approx(one.occupancy, abs=1e-5)


# Restrictions


def test_floors_are_kept_in_every_state():
    experiment = three_states()
    design = eq.optimal_design(experiment, floor=[0.2, 0.3])
    assert (design.policy >= np.array([0.2, 0.3]) - 1e-9).all()
    assert design.policy.min(axis=0) == pytest.approx([0.2, 0.3], abs=1e-6)  # both bind somewhere
    free = eq.optimal_design(experiment)
    assert free.variance < design.variance
    assert design.relative_gap < 1e-8


def test_a_floor_that_does_not_bind_costs_nothing():
    assert eq.optimal_design(three_states(), floor=0.1).variance == pytest.approx(
        eq.optimal_design(three_states()).variance, rel=1e-8
    )


def test_a_share_of_coin_flipping_costs_at_most_its_share():
    experiment = three_states()
    coin = experiment.occupancy(np.full((3, 2), 0.5))
    free = eq.optimal_design(experiment)
    design = eq.optimal_design(experiment, share=0.4)
    assert design.share == 0.4
    assert (design.occupancy >= 0.4 * coin - 1e-12).all()
    assert free.variance < design.variance <= free.variance / 0.6
    whole = eq.optimal_design(experiment, share=1)
    assert whole.policy.tolist() == [[0.5, 0.5]] * 3
    assert whole.relative_gap == 0


def test_forbidden_arms_are_not_used():
    """The first arm never stays in the last state, so it can be done without it there."""
    leaves = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.5, 0.25, 0.25]]
    experiment = MarkovExperiment([leaves, SECOND], [[1, 0, 0], [0, 1, 3]], 1.0)
    allowed = np.ones((2, 3), dtype=bool)
    allowed[0, 2] = False
    design = eq.optimal_design(experiment, allowed=allowed)
    assert design.policy[2].tolist() == [0.0, 1.0]
    assert design.variance >= eq.optimal_design(experiment).variance * (1 - 1e-9)
    assert design.relative_gap < 1e-8
    assert design.compare()["coin flipping"].variance > design.variance


def test_a_budget_alone_buys_as_many_steps_as_pay():
    """Without states the best shares are proportional to w sigma / sqrt(cost)."""
    experiment = without_states([1, 3])
    design = eq.optimal_design(experiment, costs=[1, 4], budget=1000)
    sizes = np.array([1, 3]) / np.sqrt([1, 4])
    assert design.policy[0] == pytest.approx(sizes / sizes.sum(), abs=1e-5)
    assert design.average_cost == pytest.approx(design.policy[0] @ [1, 4], rel=1e-9)
    assert design.steps == int(1000 / design.average_cost)
    # (sum w sigma sqrt(cost))^2 is the least variance times cost.
    assert design.variance * design.average_cost == pytest.approx((1 + 3 * 2) ** 2, rel=1e-8)
    assert design.bound * design.average_cost == pytest.approx(49, rel=1e-6)


def test_costs_alike_everywhere_change_nothing_but_the_steps():
    design = eq.optimal_design(three_states(), costs=2.0, budget=10_000)
    assert design.steps == 5000
    assert design.variance == pytest.approx(11.350081, abs=5e-7)


def test_steps_and_a_budget_limit_the_average_cost():
    experiment = without_states([1, 3])
    design = eq.optimal_design(experiment, costs=[1, 4], budget=2500, steps=1000)
    assert design.average_cost == pytest.approx(2.5, rel=1e-6)
    assert design.policy[0] == pytest.approx([0.5, 0.5], abs=1e-6)
    loose = eq.optimal_design(experiment, costs=[1, 4], budget=1e6, steps=1000)
    assert loose.policy[0] == pytest.approx([0.25, 0.75], abs=1e-5)


def test_costs_by_name():
    experiment = MarkovExperiment([[[1.0]], [[1.0]]], [[0], [0]], 1.0, arm_names=("old", "new"))
    named = eq.optimal_design(experiment, costs={"new": 4, "old": 1}, budget=100)
    assert named.policy[0] == pytest.approx([2 / 3, 1 / 3], abs=1e-6)
    floored = eq.optimal_design(experiment, {"old": 1}, floor={"new": 0.2})
    assert floored.policy[0] == pytest.approx([0.8, 0.2], abs=1e-8)


def test_nothing_to_learn_is_learned_by_coin_flipping():
    experiment = MarkovExperiment([FIRST, SECOND], [[1, 1, 1], [2, 2, 2]], 0.0)
    design = eq.optimal_design(experiment)
    assert design.variance == 0 == design.relative_gap
    assert design.certificate.holds()
    assert design.sample_size(0.1) == int(np.ceil(30 * design.relaxation_time))


def test_the_program_is_shown():
    design = eq.optimal_design(three_states())
    value = design.program.problem.solve(solver="CLARABEL")
    scale = design.program.value(design.program.coin)
    assert value * scale == pytest.approx(design.variance, rel=1e-6)
    assert "balance" in design.program.describe()


# The finite-sample trap


def simulated_walk(experiment, policy, steps, replications, seed):
    """Counts (replications, arms, states, down or up) of runs on a line."""
    states = experiment.states
    rise = np.array(
        [
            [m.toarray()[x, min(x + 1, states - 1)] for x in range(states)]
            for m in experiment.transitions
        ]
    )
    # Four things can happen: each arm, down or up.
    chances = np.stack([policy.T * (1 - rise), policy.T * rise], axis=1).reshape(4, states)
    ends = np.cumsum(chances, axis=0)[:3].T.copy()
    moves = np.clip(np.arange(states)[:, None] + np.array([-1, 1, -1, 1]), 0, states - 1)
    rng = np.random.default_rng(seed)
    x = np.full(replications, states // 2)
    counts = np.zeros(replications * states * 4, dtype=np.int64)
    places = np.arange(replications) * states * 4
    for _ in range(steps // 1000):
        draws = rng.random((1000, replications, 1))
        for draw in draws:
            kind = (draw > ends[x]).sum(axis=1)
            counts[places + 4 * x + kind] += 1
            x = moves[x, kind]
    table = counts.reshape(replications, states, 2, 2)
    return table.transpose(0, 2, 1, 3)


def likeliest_means(counts, draw_rewards):
    """Maximum-likelihood mean of each arm on a line, by ratios; where a state was never tried
    the arm's walk is taken to end before it."""
    visits = counts.sum(axis=3)
    means = np.zeros(visits.shape[:2])
    for run, arm in np.ndindex(*means.shape):
        n, (down, up) = visits[run, arm], counts[run, arm].T
        order = np.arange(n.size)[:: -1 if arm == 0 else 1]
        order = order[np.argmax(n[order] > 0) :]
        stop = np.flatnonzero(n[order] == 0)
        order = order[: stop[0]] if stop.size else order
        towards, away = (down, up) if arm == 0 else (up, down)
        with np.errstate(divide="ignore"):
            ratio = np.log(towards[order[:-1]] / n[order[:-1]]) - np.log(
                away[order[1:]] / n[order[1:]]
            )
        law = np.exp(
            np.concatenate([[0.0], np.cumsum(np.where(np.isfinite(ratio), ratio, -np.inf))])
        )
        means[run, arm] = law @ draw_rewards(arm, order, n[order]) / law.sum()
    return means


def test_a_run_of_known_length_shows_the_variance_that_its_design_states():
    steps, replications = 100_000, 100
    experiment = opposite_drifts(80, rewards=np.linspace(0, 1, 80))
    design = eq.optimal_design(experiment, steps=steps)
    assert steps / design.relaxation_time >= 30
    assert design.variance < 0.1 * design.compare()["coin flipping"].variance
    # No stationary policy crosses fast: one long block of each arm would do better, and it says so.
    assert any("every arm alone" in note for note in design.notes)
    assert "each arm alone" in design.compare().notes[-1]
    counts = simulated_walk(experiment, design.policy, steps, replications, seed=5)
    rng = np.random.default_rng(6)

    def mean_rewards(arm, states, visits):
        noise = rng.standard_normal(states.size) / np.sqrt(visits)
        return experiment.rewards[arm, states] + noise

    means = likeliest_means(counts, mean_rewards)
    errors = means[:, 1] - means[:, 0] - experiment.effect()
    simulated = steps * (errors**2).mean()
    assert 0.7 * design.variance < simulated < 1.5 * design.variance


def test_without_steps_the_trap_warns():
    with pytest.warns(eq.SlowMixing, match="give steps="):
        design = eq.optimal_design(opposite_drifts(80))
    assert design.relaxation_time > 1e5
    assert any("give steps=" in note for note in design.notes)


@pytest.mark.parametrize(
    "experiment",
    [
        three_states(),
        rare_ends(3),
        rare_ends(8),
        opposite_cycles(40),
        random_pair(30, seed=5),
        without_states([1, 2]),
    ],
)
def test_ordinary_experiments_do_not_warn(experiment):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert eq.optimal_design(experiment).share == 0


def test_too_short_a_run_warns_and_says_how_long_it_would_have_to_be():
    with pytest.warns(eq.SlowMixing, match=r"plan for [\d.e+]+ steps"):
        design = eq.optimal_design(opposite_drifts(80), steps=5000)
    # It mixes as well as coin flipping does, or better.
    assert design.relaxation_time < 1.2 * design.coin_relaxation_time


def test_a_long_run_needs_no_coin_flipping():
    assert eq.optimal_design(three_states(), steps=100_000).share == 0
    assert eq.optimal_design(three_states(), steps=200).share == 0


def test_longer_runs_need_smaller_shares():
    experiment = opposite_drifts(40)
    shares = [eq.optimal_design(experiment, steps=n).share for n in (20_000, 100_000, 1_000_000)]
    assert shares[0] > shares[1] > shares[2] > 0


def test_states_that_serve_nothing_are_visited_when_the_run_has_a_length():
    """Their transitions are not known beforehand, so an estimate needs to have seen them."""
    experiment = opposite_cycles(12)
    exact = eq.optimal_design(experiment)
    assert (exact.occupancy.sum(axis=0) == 0).sum() == 9
    assert any("never visited" in note for note in exact.notes)
    assert exact.policy[5].tolist() == [0.5, 0.5]
    planned = eq.optimal_design(experiment, steps=50_000)
    assert 50_000 * planned.occupancy.min() > 3
    assert planned.variance < 1.2 * exact.variance


def test_an_aperiodic_policy_visits_every_state_at_next_to_no_cost():
    from eqsolve.markov import communicating_classes, period

    experiment = opposite_cycles(7)
    exact = eq.optimal_design(experiment)
    mixed = eq.optimal_design(experiment, policy="aperiodic")
    assert mixed.variance <= exact.variance / (1 - 1e-3) * (1 + 1e-9)
    chain = experiment.chain(mixed.policy)
    assert communicating_classes(chain).irreducible
    assert period(chain) == 1
    assert period(experiment.chain(exact.policy)) == 2


def test_a_budget_gives_the_run_its_length():
    experiment = opposite_drifts(40)
    design = eq.optimal_design(experiment, costs=2.0, budget=200_000)
    by_steps = eq.optimal_design(experiment, steps=100_000)
    assert design.steps == 100_000
    assert design.share == pytest.approx(by_steps.share)
    assert design.variance == pytest.approx(by_steps.variance, rel=1e-6)


# Sentences


def forbid(*pairs):
    allowed = np.ones((2, 3), dtype=bool)
    for pair in pairs:
        allowed[pair] = False
    return allowed


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"criterion": "largest"}, "criterion is 'largest'; it must be 'sum' or 'minimax'"),
        ({"policy": "greedy"}, "policy is 'greedy'; it must be 'exact' or 'aperiodic'"),
        ({"solver": "gurobipy"}, "solver is 'gurobipy'; it must be 'interior-point'"),
        ({"steps": 0}, "steps is 0; it must be a whole number of at least 1"),
        ({"steps": 10.5}, "steps is 10.5"),
        ({"steps": "many"}, "steps is 'many'; it must be one number"),
        ({"share": 1.5}, "share is 1.5; a share of coin flipping is from 0 to 1"),
        ({"share": np.nan}, "share is nan; it must be finite"),
        (
            {"floor": 0.5},
            "floors of the arms allowed in state 'low' sum to 1; together they must stay below 1",
        ),
        ({"floor": [0.1, -0.1]}, "floor of arm 'new' is -0.1"),
        ({"floor": [0.1] * 3}, "floor has shape (3,)"),
        ({"floor": {"newer": 0.1}}, "floor names arm 'newer', which the experiment does not have"),
        ({"budget": 100}, "budget is given without costs"),
        ({"costs": [1, 2], "steps": 100}, "costs and steps are given without a budget"),
        ({"costs": [1, 2], "budget": -1}, "budget is -1; it must be positive"),
        ({"costs": [1, -2], "budget": 10}, "cost of arm 'new' in state 'low' is -2"),
        ({"costs": [0, 2], "budget": 10}, "A step of arm 'old' in state 'low' costs 0"),
        (
            {"costs": [1, 2, 3], "budget": 10},
            "costs has shape (3,); it must be one an arm, or (A, S) = (2, 3)",
        ),
        ({"costs": {"old": 1}, "budget": 10}, "costs says nothing of arm 'new'"),
        (
            {"costs": [3, 3], "budget": 200, "steps": 100},
            "no admissible policy costs less than 3 a step: give a budget above 300, or fewer steps than 66.6667",
        ),
        (
            {"allowed": np.ones((3, 2))},
            "allowed needs True or False for each arm and state, shape (A, S) = (2, 3)",
        ),
        ({"allowed": forbid((0, 1), (1, 1))}, "No arm is allowed in state 'mid'"),
        (
            {"allowed": forbid((1, 0))},
            "Arm 'new' is not allowed in state 'low', where it spends 0.676 of its own time",
        ),
    ],
)
def test_options_that_cannot_be(options, sentence):
    experiment = three_states(arm_names=("old", "new"), state_names=("low", "mid", "high"))
    with pytest.raises(eq.BadExperiment) as error:
        eq.optimal_design(experiment, **options)
    assert sentence in str(error.value)


def test_what_is_needed_must_be_kept_within_reach():
    """The second arm stays where only the first would lead back from, but may not run."""
    one = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]
    two = [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    experiment = MarkovExperiment([one, two], [[0, 1, 0], [0, 0, 1]], 1.0)
    with pytest.raises(eq.BadExperiment, match="no run keeps coming back to both"):
        eq.optimal_design(experiment, allowed=forbid((0, 2)))


def test_a_state_without_a_way_to_the_experiment_is_named():
    """The third arm, which no contrast weighs, is absorbed where the others may not run."""
    one = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]
    two = [[0.2, 0.8, 0.0], [0.6, 0.4, 0.0], [0.5, 0.5, 0.0]]
    trap = [[0.2, 0.3, 0.5], [0.1, 0.4, 0.5], [0.0, 0.0, 1.0]]
    experiment = MarkovExperiment([one, two, trap], np.eye(3), 1.0)
    allowed = np.ones((3, 3), dtype=bool)
    assert eq.optimal_design(experiment, [-1, 1, 0], allowed=allowed).policy[2, 2] < 1
    allowed[:2, 2] = False
    with pytest.raises(eq.BadExperiment, match="From state 2 no allowed arm ever leads"):
        eq.optimal_design(experiment, [-1, 1, 0], allowed=allowed)


def test_a_log_or_a_dictionary_is_no_experiment():
    with pytest.raises(eq.BadExperiment, match="needs a MarkovExperiment, not dict"):
        eq.optimal_design({})
