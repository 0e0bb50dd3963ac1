"""Regret, gaps and bands against linear programs of their own, and known equilibria."""

import numpy as np
import pytest
from scipy.optimize import linprog

import eqsolve as eq
from eqsolve import dynamics as dy
from eqsolve.rates import regret
from eqsolve.rates.play_report import gap_order

CHICKEN = eq.NormalFormGame.bimatrix([[0, 7], [2, 6]], [[0, 2], [7, 6]])
PENNIES = eq.NormalFormGame.bimatrix([[1, -1], [-1, 1]])


def coarse_rows(game):
    """Gain of every fixed deviation as a row over profiles, written index by index."""
    rows = []
    for player, size in enumerate(game.actions):
        for other in range(size):
            row = np.zeros(game.actions)
            for actions in np.ndindex(*game.actions):
                changed = list(actions)
                changed[player] = other
                gain = game.payoffs[(player, *changed)] - game.payoffs[(player, *actions)]
                row[actions] = gain
            rows.append(row.ravel())
    return np.array(rows)


def correlated_rows(game):
    """Gain of every deviation from every recommendation."""
    rows = []
    for player, size in enumerate(game.actions):
        for told in range(size):
            for other in range(size):
                row = np.zeros(game.actions)
                for actions in np.ndindex(*game.actions):
                    if actions[player] == told:
                        changed = list(actions)
                        changed[player] = other
                        own = game.payoffs[(player, *actions)]
                        row[actions] = game.payoffs[(player, *changed)] - own
                rows.append(row.ravel())
    return np.array(rows)


def extreme(game, rows, weights, sign):
    """Best (sign 1) or worst expectation of weights over the polytope."""
    answer = linprog(
        -sign * weights.ravel(),
        A_ub=rows,
        b_ub=np.zeros(len(rows)),
        A_eq=np.ones((1, weights.size)),
        b_eq=[1.0],
    )
    assert answer.status == 0
    return -sign * answer.fun


@pytest.mark.parametrize("actions", [(2, 2), (3, 2), (2, 2, 3)])
def test_gaps_are_the_largest_rows_of_the_polytopes(actions):
    rng = np.random.default_rng(7)
    game = eq.NormalFormGame(rng.standard_normal((len(actions), *actions)))
    joints = rng.dirichlet(np.full(np.prod(actions), 0.3), size=20).reshape(20, *actions)
    flat = joints.reshape(20, -1)
    coarse = np.maximum(flat @ coarse_rows(game).T, 0).max(axis=1)
    np.testing.assert_allclose(regret.coarse_correlated_gap(game, joints), coarse, atol=1e-12)
    found, gains, start = regret.correlated_gap(game, joints), flat @ correlated_rows(game).T, 0
    best = []
    for size in actions:
        own = gains[:, start : start + size**2].reshape(20, size, size)
        best.append(own.max(axis=2).sum(axis=1))
        start += size**2
    np.testing.assert_allclose(found, np.max(best, axis=0), atol=1e-12)
    assert (found >= coarse - 1e-12).all()


def test_aumanns_correlated_equilibrium_of_chicken_has_no_gap():
    third = np.array([[0, 1], [1, 1]]) / 3
    assert regret.correlated_gap(CHICKEN, third) == pytest.approx(0, abs=1e-15)
    even = np.array([[0, 1], [1, 0]]) / 2
    assert regret.correlated_gap(CHICKEN, even) == 0
    assert regret.correlated_gap(CHICKEN, np.array([[0.5, 0], [0, 0.5]])) > 0.5


def test_coarse_play_may_follow_no_recommendation():
    # Moulin and Vial 1978: coarse correlated, though nobody should do as told.
    game = eq.NormalFormGame.bimatrix(
        [[3, 1, 0], [1, 2, 3], [0, 3, 2]], [[3, 1, 0], [1, 2, 3], [0, 3, 2]]
    )
    joint = np.zeros((3, 3))
    joint[1, 2] = joint[2, 1] = 0.45
    joint[1, 1] = joint[2, 2] = 0.05
    assert regret.coarse_correlated_gap(game, joint) == pytest.approx(0, abs=1e-15)
    path = eq.simulate(PENNIES, dy.FictitiousPlay(), start=[0, 0], steps=400)
    assert path.correlated_gap()[-1, 0] >= path.coarse_correlated_gap()[-1, 0]


def test_exploitability_of_equilibria_and_of_pure_play():
    assert regret.exploitability(PENNIES, np.full(4, 0.5)) == 0
    assert regret.exploitability(PENNIES, np.array([1, 0, 1, 0.0])) == 2
    assert regret.exploitability(PENNIES, np.array([1, 0, 1, 0.0]), total=True) == 2
    dilemma = eq.NormalFormGame([[[3, 1], [4, 2]], [[3, 4], [1, 2]]])
    both = np.array([[1, 0, 1, 0], [0, 1, 0, 1.0]])
    assert regret.exploitability(dilemma, both).tolist() == [1, 0]


@pytest.mark.parametrize("concept", ["coarse correlated", "correlated"])
@pytest.mark.parametrize("actions", [(3, 3), (2, 3, 2)])
def test_bands_by_an_independent_linear_program(concept, actions):
    rng = np.random.default_rng(11)
    game = eq.NormalFormGame(rng.random((len(actions), *actions)))
    path = eq.simulate(
        game, dy.RegretMatching(), steps=2000, record_every=100, replications=2,
        start=np.concatenate([rng.dirichlet(np.ones(a)) for a in actions]),
    )  # fmt: skip
    band = eq.validate(path, concept=concept).band
    rows = coarse_rows(game) if concept == "coarse correlated" else correlated_rows(game)
    weights = [*game.payoffs, game.payoffs.sum(axis=0)]
    for place, each in enumerate(weights):
        assert band.worst[place] == pytest.approx(extreme(game, rows, each, -1), abs=1e-7)
        assert band.best[place] == pytest.approx(extreme(game, rows, each, 1), abs=1e-7)
        measured = (path.average_joint[-1] * each).reshape(2, -1).sum(axis=1)
        np.testing.assert_allclose(band.measured[:, place], measured, atol=1e-12)
    below = np.maximum(band.worst - band.measured, band.measured - band.best)
    units = [np.ptp(each) for each in weights]
    np.testing.assert_allclose(band.outside, np.maximum(below, 0) / units, atol=1e-12)
    assert "welfare" in str(band)


def test_play_outside_the_band_is_said_to_be():
    path = dy.RepeatedPlay.from_actions(CHICKEN, np.ones((20, 2), dtype=int))
    report = eq.validate(path)
    assert not report.band.inside()
    # Both swerve: welfare 12, while no coarse correlated equilibrium reaches more than 10.5.
    assert report.band.best[-1] == pytest.approx(10.5)
    assert report.band.outside[0, -1] == pytest.approx(1.5 / 12)
    assert not report.converges
    assert report.order == pytest.approx(0, abs=1e-9)
    learned = eq.simulate(
        CHICKEN, dy.PredictiveRegretMatchingPlus(), start=[[0.6, 0.4], [0.5, 0.5]], steps=2000
    )
    assert eq.validate(learned).band.inside()


def test_the_order_of_the_gap_is_found():
    k = np.arange(2000)
    with np.errstate(divide="ignore"):
        gaps = np.stack([3 * k**-0.5, 2 * k**-0.5], axis=1)
    order, (low, high), intercept, window = gap_order(k, gaps)
    assert low <= 0.5 <= high
    assert order == pytest.approx(0.5, abs=1e-9)
    assert np.exp(intercept) == pytest.approx(2.5, rel=1e-9)
    assert k[window.start] == 45
    assert gap_order(k, np.zeros((2000, 1)))[0] is None


@pytest.mark.parametrize(
    ("learner", "low", "high"),
    [
        (dy.MultiplicativeWeights(), 0.35, 0.65),
        (dy.PredictiveRegretMatchingPlus(), 0.8, 1.3),
        (dy.Exp3(), 0.3, 0.8),
    ],
)
def test_orders_of_learners_in_a_zero_sum_game(learner, low, high):
    game = eq.NormalFormGame.bimatrix(np.random.default_rng(1).random((4, 4)))
    path = eq.simulate(game, learner, steps=3000, record_every=30, replications=8, seed=0)
    report = eq.validate(path)
    assert low < report.order < high
    assert report.converges
    assert report.holds_bound
    assert "held at every record" in repr(report)
    assert report.plot().get_legend() is not None


def test_a_broken_bound_is_noticed():
    path = dy.RepeatedPlay.from_actions(
        PENNIES, np.tile([[0, 1]], (50, 1)), learner=dy.RegretMatching()
    )
    report = eq.validate(path)
    assert report.holds_bound is False
    assert report.final_gap == 2.0


def test_which_equilibrium_is_selected():
    game = eq.NormalFormGame.bimatrix([[2, 0], [0, 1]], [[1, 0], [0, 2]])
    start = np.array([[0.9, 0.1, 0.8, 0.2], [0.1, 0.9, 0.2, 0.8], [0.6, 0.4, 0.7, 0.3]])
    path = eq.simulate(game, dy.MultiplicativeWeights(), start=start, steps=2000, replications=3)
    known = [game.pack([0, 0]), game.pack([1, 1])]
    report = eq.validate(path, known)
    assert report.selected.tolist() == [0, 1, 0]
    far = np.linalg.norm(path.average_strategies[-1] - known[1], axis=1)
    np.testing.assert_allclose(report.distances[:, 1], far)
    joint = np.zeros((2, 2))
    joint[0, 0] = 1
    report = eq.validate(path, [joint, eq.solve(game, eq.Correlated(objective=1))])
    assert report.selected.tolist() == [0, 1, 0]
    apart = 1 - path.average_joint[-1, :, 0, 0]
    np.testing.assert_allclose(report.distances[:, 0], apart, atol=1e-12)
    assert eq.validate(path, {0: [1.0, 0.0], 1: [1.0, 0.0]}).distances.shape == (3, 1)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda p: eq.validate(p, concept="Nash"), "concept must be one of"),
        (lambda p: eq.validate(p, np.zeros(3)), "4 coordinates and the equilibrium 3"),
        (lambda p: eq.validate(np.zeros((9, 2))), "needs an equilibrium to compare"),
        (lambda p: eq.validate(eq.simulate(PENNIES, dy.Exp3(), steps=0)), "No round has been"),
    ],
)
def test_wrong_questions(call, sentence):
    path = eq.simulate(PENNIES, dy.RegretMatching(), steps=10)
    with pytest.raises(eq.EqsolveError, match=sentence):
        call(path)


def test_a_batch_has_no_band_of_its_own():
    batch = eq.GameBatch(np.random.default_rng(0).random((3, 2, 2, 2)))
    path = eq.simulate(batch, dy.MultiplicativeWeights(), steps=200)
    report = eq.validate(path)
    assert report.holds_bound
    with pytest.raises(eq.EqsolveError, match=r"as in trajectory.rows\(0\)"):
        report.band  # noqa: B018
    assert eq.validate(path.rows(1)).band.measured.shape == (1, 3)


def test_types_of_a_bayesian_game_learn_one_by_one():
    rng = np.random.default_rng(2)
    game = eq.BayesianGame([[0.3, 0.2], [0.1, 0.4]], rng.random((2, 2, 2, 3, 2)))
    path = eq.simulate(game, dy.RegretMatchingPlus(), steps=300, record_every=50)
    assert path.iterates.shape[2] == 2 * 3 + 2 * 2
    assert path.regrets().shape == (7, 1, 4)
    assert path.regret()[-1, 0] < 0.05
    # Against the conditional payoffs of one type, summed over the other's types by hand.
    final = path.final[0]
    law = np.array([0.3, 0.2]) / 0.5
    wanted = sum(law[t] * game.payoffs[0, 0, t] @ final[6 + 2 * t : 8 + 2 * t] for t in range(2))
    np.testing.assert_allclose(path.game.deviation_payoffs(final)[:3], wanted, atol=1e-12)
