"""Correlated play and equilibria of Bayesian games, against programs in loops and in plans."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

import eqsolve as eq


def draw(seed, types=(2, 2), actions=(2, 3)):
    rng = np.random.default_rng(seed)
    prior = rng.random(types)
    payoffs = rng.random((len(types), *types, *actions))
    return eq.BayesianGame(prior / prior.sum(), payoffs)


def independent_bound(game, coarse, sense):
    """Best or worst welfare with an omniscient mediator, one row a deviation, in loops."""
    n = game.players
    outcomes = [
        (theta, profile)
        for theta in itertools.product(*map(range, game.types))
        for profile in itertools.product(*map(range, game.actions))
    ]
    rows = []
    for k in range(n):
        for kind in range(game.types[k]):
            for told in [None] if coarse else range(game.actions[k]):
                for other in range(game.actions[k]):
                    row = []
                    for theta, profile in outcomes:
                        away = (*profile[:k], other, *profile[k + 1 :])
                        gain = (
                            game.payoffs[(k, *theta, *away)] - game.payoffs[(k, *theta, *profile)]
                        )
                        hit = theta[k] == kind and told in (None, profile[k])
                        row.append(gain if hit else 0.0)
                    rows.append(row)
    equal = [
        [1.0 if theta == given else 0.0 for theta, _ in outcomes]
        for given in itertools.product(*map(range, game.types))
    ]
    welfare = [game.payoffs[(slice(None), *theta, *profile)].sum() for theta, profile in outcomes]
    sign = -1.0 if sense == "max" else 1.0
    answer = linprog(
        sign * np.array(welfare),
        A_ub=rows,
        b_ub=np.zeros(len(rows)),
        A_eq=equal,
        b_eq=game.prior.ravel(),
    )
    return sign * answer.fun


def blind_bound(game, sense):
    """Best or worst welfare of lotteries over plans: no type gains by a fixed action."""
    sizes = zip(game.actions, game.types, strict=True)
    plans = [list(itertools.product(range(a), repeat=t)) for a, t in sizes]
    columns = list(itertools.product(*plans))
    thetas = list(itertools.product(*map(range, game.types)))

    def paid(k, theta, profile):
        return game.prior[theta] * game.payoffs[(k, *theta, *profile)]

    rows = []
    for k in range(game.players):
        for kind in range(game.types[k]):
            for other in range(game.actions[k]):
                row = []
                for chosen in columns:
                    gain = 0.0
                    for theta in thetas:
                        if theta[k] == kind:
                            profile = tuple(chosen[j][theta[j]] for j in range(game.players))
                            away = (*profile[:k], other, *profile[k + 1 :])
                            gain += paid(k, theta, away) - paid(k, theta, profile)
                    row.append(gain)
                rows.append(row)
    welfare = [
        sum(
            paid(k, theta, tuple(chosen[j][theta[j]] for j in range(game.players)))
            for theta in thetas
            for k in range(game.players)
        )
        for chosen in columns
    ]
    sign = -1.0 if sense == "max" else 1.0
    answer = linprog(
        sign * np.array(welfare),
        A_ub=rows,
        b_ub=np.zeros(len(rows)),
        A_eq=np.ones((1, len(columns))),
        b_eq=[1.0],
    )
    return sign * answer.fun


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("sense", ["max", "min"])
def test_omniscient_bounds_agree_with_an_independent_program(seed, sense):
    game = draw(seed)
    for concept, coarse in ((eq.BayesCorrelated, False), (eq.BayesCoarseCorrelated, True)):
        found = eq.solve(game, concept(sense=sense))
        assert found.value == pytest.approx(independent_bound(game, coarse, sense), abs=1e-8)
        assert found.certificate.bound == pytest.approx(found.value, abs=1e-8)
        assert found.certificate.max_gain < 1e-9
        np.testing.assert_allclose(found.distribution.sum(axis=(2, 3)), game.prior, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("sense", ["max", "min"])
def test_blind_bounds_agree_with_a_program_over_plans(seed, sense):
    game = draw(seed, types=(2, 1) if seed % 2 else (2, 2), actions=(2, 2))
    found = eq.solve(game, eq.BayesCoarseCorrelated(sense=sense, mediator="blind"))
    assert found.value == pytest.approx(blind_bound(game, sense), abs=1e-8)
    assert found.certificate.bound == pytest.approx(found.value, abs=1e-8)
    assert found.certificate.holds(1e-8)


def test_what_a_mediator_sees_only_widens_the_set():
    for seed in range(6):
        game = draw(seed)
        nash = sum(eq.solve(game).payoffs.values())
        best = [
            nash,
            eq.solve(game, eq.BayesCoarseCorrelated(mediator="blind")).value,
            eq.solve(game, eq.BayesCoarseCorrelated()).value,
        ]
        assert (np.diff(best) >= -1e-9).all()
        assert eq.solve(game, eq.BayesCorrelated()).value <= best[2] + 1e-9


def test_without_types_the_concepts_are_those_of_the_normal_form():
    rng = np.random.default_rng(0)
    payoffs = rng.random((2, 3, 3))
    typed = eq.BayesianGame([[1.0]], payoffs[:, None, None])
    plain = eq.NormalFormGame(payoffs)
    for ours, theirs in (
        (eq.BayesCorrelated(), eq.Correlated()),
        (eq.BayesCoarseCorrelated(), eq.CoarseCorrelated()),
        (eq.BayesCoarseCorrelated(mediator="blind"), eq.CoarseCorrelated()),
        (eq.BayesCorrelated("entropy"), eq.Correlated("entropy")),
        (eq.BayesCoarseCorrelated("egalitarian"), eq.CoarseCorrelated("egalitarian")),
    ):
        assert eq.solve(typed, ours).value == pytest.approx(eq.solve(plain, theirs).value, abs=1e-7)


def test_a_mediator_that_sees_types_is_no_blind_one():
    # Both want to match the second player's type, which only a mediator can tell the first.
    match = np.zeros((2, 1, 2, 2, 2))
    for theta in range(2):
        match[:, 0, theta, theta, :] = 1.0
    game = eq.BayesianGame([[0.5, 0.5]], match)
    seeing = eq.solve(game, eq.BayesCoarseCorrelated())
    blind = eq.solve(game, eq.BayesCoarseCorrelated(mediator="blind"))
    assert seeing.value == pytest.approx(2.0)
    assert blind.value == pytest.approx(1.0)
    asked = eq.BayesCoarseCorrelated(mediator="blind")
    assert eq.certify(game, seeing.distribution, asked).infeasibility > 0.1
    assert eq.certify(game, blind.distribution, asked).holds(1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_equilibria_by_type_are_equilibria_in_plans(seed):
    game = draw(seed, types=(2, 2), actions=(2, 2))
    found = eq.solve(game)
    assert found.certificate.max_gain < 1e-9
    # Behaviour as a mix over plans: types independent of each other.
    parts = []
    for k in range(2):
        mixes = found[k]
        parts.append([np.prod([mixes[t, a] for t, a in enumerate(p)]) for p in game.plans(k)])
    in_plans = eq.certify(game.normal_form(), np.concatenate(parts))
    assert in_plans.max_gain < 1e-9
    assert found[0].shape == (2, 2)


def test_quantal_responses_by_type():
    game = draw(3)
    agents = game.agent_form()
    found = eq.solve(agents, eq.QuantalResponse(1.5))
    pays = 1.5 * game.deviation_payoffs(found.vector)
    for part in game.simplices:
        odds = np.exp(pays[part])
        np.testing.assert_allclose(found.vector[part], odds / odds.sum(), atol=1e-9)


def test_too_many_plans_for_a_blind_mediator_are_refused():
    game = eq.BayesianGame(np.full((9, 9), 1 / 81), np.zeros((2, 9, 9, 3, 3)))
    with pytest.raises(eq.NoFormulation, match="profiles of plans, more than 100000"):
        eq.solve(game, eq.BayesCoarseCorrelated(mediator="blind"))
    with pytest.raises(eq.NoFormulation, match="the mediator is blind"):
        eq.solve(game, eq.BayesCoarseCorrelated("entropy", mediator="blind"))
    with pytest.raises(eq.NoFormulation, match="has none"):
        eq.solve(game, eq.Correlated())


def test_the_cvxpy_form_has_the_same_value():
    game = draw(1)
    for asked in (eq.BayesCorrelated(), eq.BayesCoarseCorrelated(mediator="blind")):
        found = eq.solve(game, asked)
        assert found.program.problem.solve(solver="HIGHS") == pytest.approx(found.value, abs=1e-6)
