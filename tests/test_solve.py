"""solve, find_equilibria and the certificate: known games by every route, then hard cases."""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve.formulations.catalogue import formulations
from eqsolve.testing import assert_equilibrium, known_games

SEGMENTS = {"facchinei_kanzow_a8"}  # equilibria form a segment; any of them is right
ROUTES = [
    (k.name, f) for k in known_games() if k.answer().concept != "local" for f in formulations()
]


CIRCLING = {"facchinei_kanzow_a3", "matching_pennies"}  # best responses never settle here


def duopoly(cap=60):
    q1, q2 = (cp.Variable(nonneg=True, name=name) for name in ("q1", "q2"))
    price = 100 - (q1 + q2)
    return eq.Game(
        [
            eq.Player("incumbent", cp.Maximize(q1 * price - 10 * q1), [q1], [q1 <= cap]),
            eq.Player("entrant", cp.Maximize(q2 * price - 20 * q2), [q2]),
        ]
    )


def shared_line():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    players = [
        eq.Player("a", cp.Minimize(cp.square(x - 1)), [x]),
        eq.Player("b", cp.Minimize(cp.square(y - 0.5)), [y]),
    ]
    return eq.Game(players, [x + y <= 1])


@pytest.mark.parametrize(("name", "route"), ROUTES)
def test_every_known_game_by_every_formulation(name, route):
    game, answer = eq.models.load(name), eq.models.published(name)
    reason = formulations()[route].refuses(game, answer.asked)
    if reason is not None:
        with pytest.raises(eq.NoFormulation, match="No formulation applies") as refused:
            eq.solve(game, answer.asked, formulation=route)
        assert refused.value.reasons[route] == reason
        return
    point = game.pack(answer.strategies) if answer.others else None
    if route == "best-responses" and name in CIRCLING:
        with pytest.raises(eq.EquilibriumNotFound):
            eq.solve(game, answer.asked, formulation=route, start=point)
        return
    found = eq.solve(game, answer.asked, formulation=route, start=point)
    assert found.certificate.holds(1e-7)
    if answer.strategies and name not in SEGMENTS:
        gap = np.abs(found.vector - game.pack(answer.strategies)).max()
        assert gap <= max(answer.tolerance, 1e-6)


def test_the_readmes_first_game():
    nash = eq.solve(duopoly())
    np.testing.assert_allclose(nash["incumbent"], 100 / 3)
    assert nash.payoffs["entrant"] == pytest.approx((70 / 3) ** 2)
    assert nash.certificate.scope == "global"
    assert nash.certificate.second_order == "strict"
    assert set(nash.explanation) >= {"complementarity", "potential", "nonlinear"}
    assert "used" in nash.explanation["complementarity"]
    assert "incumbent" in repr(nash)
    assert "<table>" in nash._repr_html_()
    assert "largest gain" in nash.summary()


def test_multipliers_of_bounds_and_rows_are_marginal_payoffs():
    tight = eq.solve(duopoly(cap=20))
    (multiplier,) = tight.multipliers["incumbent: q1 <= 20.0"]
    others = tight["entrant"][0]
    assert multiplier == pytest.approx(100 - 2 * 20 - others - 10)


def test_variational_and_normalized_equilibria_are_told_apart():
    game = shared_line()
    variational = eq.solve(game, eq.VariationalEquilibrium())
    np.testing.assert_allclose(variational.vector, [0.75, 0.25])
    assert variational.certificate.kind == "variational"
    np.testing.assert_allclose(variational.multipliers["shared: x + y <= 1.0"], [0.5])
    weighted = eq.solve(game, eq.VariationalEquilibrium(weights={"a": 2.0}))
    np.testing.assert_allclose(weighted.vector, [5 / 6, 1 / 6])
    assert weighted.certificate.kind == "normalized"
    other = eq.certify(game, [0.6, 0.4])
    assert other.max_gain == 0
    assert other.kind == "generalized"
    assert other.multiplier_spread == pytest.approx(0.6)
    assert other.variational_residual > 0.1


def test_the_misprinted_river_basin_point_is_not_variational():
    game = eq.models.load("river_basin")
    printed = eq.certify(game, [21.149, 16.028, 2.722])
    exact = eq.certify(game, eq.solve(game).vector)
    assert exact.variational_residual < 1e-9
    assert printed.variational_residual > 1e-4


def test_weights_must_name_players_and_be_positive():
    with pytest.raises(eq.NotAGame, match="'zz' is no player"):
        eq.solve(shared_line(), eq.VariationalEquilibrium(weights={"zz": 1.0}))
    with pytest.raises(eq.NotAGame, match="must be positive"):
        eq.solve(shared_line(), eq.VariationalEquilibrium(weights={"a": 0.0}))


def test_gain_of_a_wrong_point_is_exact():
    # a's best answer to 25 is 32.5; the gain of moving there from 10 is (32.5 - 10)^2.
    certificate = eq.certify(duopoly(), [10.0, 25.0])
    assert certificate.gains["incumbent"] == pytest.approx(22.5**2)
    assert not certificate.holds(1e-6)
    with pytest.raises(AssertionError, match="'incumbent' gains"):
        assert_equilibrium(duopoly(), [10.0, 25.0])


def test_certificate_does_not_trust_infeasible_points():
    certificate = eq.certify(duopoly(cap=20), [30.0, 25.0])
    assert certificate.infeasibility == pytest.approx(10)
    assert not certificate.holds()


@pytest.mark.parametrize("kink", ["abs", "maximum", "norm1", "norm_inf", "sum_largest", "minimum"])
def test_kinks_against_brute_force(kink):
    x, y = cp.Variable(2, name="x"), cp.Variable(name="y")
    shapes = {
        "abs": (cp.sum(cp.abs(x - 0.3)), lambda z: np.abs(z - 0.3).sum(axis=1)),
        "maximum": (cp.sum(cp.maximum(x, 0.2)), lambda z: np.maximum(z, 0.2).sum(axis=1)),
        "norm1": (cp.norm1(x - 0.4), lambda z: np.abs(z - 0.4).sum(axis=1)),
        "norm_inf": (cp.norm_inf(x), lambda z: np.abs(z).max(axis=1)),
        "sum_largest": (cp.sum_largest(x, 1), lambda z: z.max(axis=1)),
        "minimum": (-cp.sum(cp.minimum(x, 0.5)), lambda z: -np.minimum(z, 0.5).sum(axis=1)),
    }
    shape, in_numbers = shapes[kink]
    cost = shape + cp.sum_squares(x - y) + 0.3 * x[0]
    game = eq.Game(
        [
            eq.Player("a", cp.Minimize(cost), [x], [x >= -1, x <= 1]),
            eq.Player("b", cp.Minimize(cp.square(y - x[0]) + 0.1 * y), [y]),
        ]
    )
    found = eq.solve(game)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 401)] * 2), -1).reshape(-1, 2)
    costs = in_numbers(grid) + ((grid - found["b"][0]) ** 2).sum(axis=1) + 0.3 * grid[:, 0]
    assert found.payoffs["a"] <= costs.min() + 1e-9
    np.testing.assert_allclose(found["b"], found["a"][0] - 0.05, atol=1e-7)


def test_equality_constraints_and_matrix_variables():
    X = cp.Variable((2, 2), name="X", nonneg=True)
    y = cp.Variable(name="y")
    target = np.array([[0.5, -1.0], [2.0, 0.25]])
    game = eq.Game(
        [
            eq.Player("m", cp.Minimize(cp.sum_squares(X - target * y)), [X], [cp.sum(X) == 1]),
            eq.Player("s", cp.Minimize(cp.square(y - 1) + 0.1 * y * cp.trace(X)), [y]),
        ]
    )
    for route in formulations():
        if formulations()[route].refuses(game, eq.Nash()) is None:
            found = eq.solve(game, formulation=route)
            assert found.values["X"].sum() == pytest.approx(1)
            assert found.certificate.max_gain < 1e-8
            assert found.values["X"].shape == (2, 2)


def test_own_constraints_that_move_with_the_others():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    game = eq.Game(
        [
            eq.Player("a", cp.Maximize(x), [x], [x <= 2 - y, x <= 1.5]),
            eq.Player("b", cp.Minimize(cp.square(y - 1)), [y]),
        ]
    )
    found = eq.solve(game)
    np.testing.assert_allclose(found.vector, [1.0, 1.0], atol=1e-8)
    assert "move with the others" in found.explanation["potential"]


def test_find_equilibria_of_a_coordination_game():
    x, y = (cp.Variable(bounds=[0, 1], name=name) for name in "xy")
    game = eq.Game(
        [
            eq.Player("a", cp.Maximize(x * (2 * y - 1)), [x]),
            eq.Player("b", cp.Maximize(y * (2 * x - 1)), [y]),
        ]
    )
    found = eq.find_equilibria(game, starts=30)
    points = sorted(tuple(np.round(e.vector, 6)) for e in found)
    assert points == [(0, 0), (0.5, 0.5), (1, 1)]
    assert "there may be others" in repr(found)


def test_a_minimum_of_the_payoff_is_never_returned():
    x, y = (cp.Variable(bounds=[-1, 2], name=name) for name in "xy")
    game = eq.Game(
        [
            eq.Player("a", cp.Maximize(cp.square(x)), [x]),
            eq.Player("b", cp.Minimize(cp.square(y - x)), [y]),
        ]
    )
    found = eq.solve(game, start=[0.0, 0.0])
    np.testing.assert_allclose(found.vector, [2, 2], atol=1e-8)
    assert found.certificate.scope == "local"


def test_a_game_without_equilibrium_raises_with_what_was_reached():
    # a wants to be far from b, b wants to be at a: no pure equilibrium on an interval.
    x, y = (cp.Variable(bounds=[-1, 1], name=name) for name in "xy")
    game = eq.Game(
        [
            eq.Player("a", cp.Maximize(cp.square(x - y)), [x]),
            eq.Player("b", cp.Minimize(cp.square(y - x)), [y]),
        ]
    )
    with pytest.raises(eq.EquilibriumNotFound, match="No point passed the certificate") as raised:
        eq.solve(game)
    assert raised.value.residuals
    assert "start=" in raised.value.advice


def test_an_unbounded_player_raises():
    x = cp.Variable(name="x")
    with pytest.raises(eq.EquilibriumNotFound):
        eq.solve(eq.Game([eq.Player("a", cp.Maximize(x), [x])]))


def test_constraints_that_cannot_be_met_raise():
    x = cp.Variable(2, name="x")
    game = eq.Game([eq.Player("a", cp.Minimize(cp.sum(x)), [x], [cp.sum(x) >= 3, x <= 1, x >= 0])])
    with pytest.raises(eq.EquilibriumNotFound):
        eq.solve(game)


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(eq.NoFormulation, match="no formulation called 'magic'"):
        eq.solve(duopoly(), formulation="magic")
    with pytest.raises(eq.EqsolveError, match="magic"):
        eq.solve(duopoly(), solver="magic")
    with pytest.raises(eq.EqsolveError, match="no option 'depth'"):
        eq.solve(duopoly(), depth=3)


@pytest.mark.parametrize("solver", ["semismooth-newton", "ipopt", "clarabel", "osqp", "scs"])
def test_solvers_by_name(solver):
    found = eq.solve(duopoly(), solver=solver)
    np.testing.assert_allclose(found.vector, [100 / 3, 70 / 3], atol=1e-6)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("shift", [0.0, -1e4])
def test_scaling_shifting_and_reordering_leave_the_answer(scale, shift):
    q1, q2 = (cp.Variable(nonneg=True, name=name) for name in ("q1", "q2"))
    price = 100 - q1 - q2
    one = eq.Player("one", cp.Maximize(scale * (q1 * price - 10 * q1) + shift), [q1])
    two = eq.Player("two", cp.Minimize(-(q2 * price - 20 * q2) - shift), [q2])
    for order in ([one, two], [two, one]):
        found = eq.solve(eq.Game(order))
        assert found["one"] == pytest.approx(100 / 3, abs=1e-7)
        assert found["two"] == pytest.approx(70 / 3, abs=1e-7)


def test_ten_thousand_firms():
    n = 10_000
    cost = np.linspace(10, 60, n)
    q = cp.Variable(n, nonneg=True, name="q")
    firms = eq.Population(
        "firm",
        q,
        maximize=cp.multiply(q, 100 - cp.sum(q) / 100 - cost),
        constraints=[q <= 20],
    )
    found = eq.solve(eq.Game([firms]))
    # Closed form: q_i = clip(100 (P - c_i), 0, 20), total found by bisection on the price.
    low, high = 0.0, 100.0
    for _ in range(200):
        price = (low + high) / 2
        total = np.clip(100 * (price - cost), 0, 20).sum()
        low, high = (price, high) if 100 - total / 100 > price else (low, price)
    np.testing.assert_allclose(found.vector, np.clip(100 * (price - cost), 0, 20), atol=1e-7)
    assert found.certificate.scope == "global"
    assert found.certificate.relative_gain < 1e-9


@pytest.mark.parametrize("formulation", [None, "complementarity", "potential", "nonlinear"])
@pytest.mark.parametrize("shared", [False, True])
def test_players_who_want_nothing(formulation, shared):
    """Any feasible point is an equilibrium where all costs are constant."""
    x, y = cp.Variable(2, name="x"), cp.Variable(name="y")
    players = [
        eq.Player("a", cp.Minimize(cp.sum(0 * x)), [x], [x >= 1]),
        eq.Player("b", cp.Maximize(cp.Constant(3.0)), [y], [y <= 0]),
    ]
    found = eq.solve(
        eq.Game(players, [cp.sum(x) + y == 1] if shared else []), formulation=formulation
    )
    assert found.certificate.holds(1e-8)
    assert found.certificate.second_order in ("degenerate", "strict")
    assert (found["a"] >= 1 - 1e-7).all()
    assert found["b"] <= 1e-7
    if shared:
        assert found.vector.sum() == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("formulation", ["complementarity", "potential", "nonlinear"])
def test_declarations_at_the_edge(formulation):
    """Nothing to choose, one player alone, a population of one, constraints that repeat."""

    def solved(players, shared=()):
        return eq.solve(eq.Game(players, shared), formulation=formulation)

    def pair(cost_x, cost_y, own=((), ())):
        x_limits, y_limits = own
        return [
            eq.Player("a", cp.Minimize(cost_x), [x], x_limits),
            eq.Player("b", cp.Minimize(cost_y), [y], y_limits),
        ]

    x, y, only = cp.Variable(name="x"), cp.Variable(name="y"), cp.Variable(1, name="only")
    fixed = solved(pair(x**2 - x * y, y**2 - x * y, ([x == 2], [y == 3])))
    np.testing.assert_allclose(fixed.vector, [2, 3], atol=1e-8)
    # Marginal costs at (2, 3): 2 * 2 - 3 = 1 and 2 * 3 - 2 = 4, saved per unit less asked for.
    assert fixed.multipliers["a: x == 2.0"] == pytest.approx(-1, abs=1e-6)
    assert fixed.multipliers["b: y == 3.0"] == pytest.approx(-4, abs=1e-6)
    alone = solved([eq.Player("a", cp.Minimize(cp.square(x - 1)), [x])])
    np.testing.assert_allclose(alone.vector, [1], atol=1e-8)
    one = eq.Population("p", only, minimize=cp.square(only - 1), constraints=[only <= 0.5])
    np.testing.assert_allclose(solved([one]).vector, [0.5], atol=1e-8)
    # On x + y = 1, one multiplier m for both: 2 (x - 1) + m = 2 (y - 3) + m = 0 at m = 3.
    wanted = pair((x - 1) ** 2, (y - 3) ** 2)
    total = x + y
    for limits in (
        [total == 1],
        [total >= 1, total <= 1],
        [total == 1, total == 1, 2 * total == 2],
    ):
        np.testing.assert_allclose(solved(wanted, limits).vector, [-0.5, 1.5], atol=1e-7)
    if formulation == "potential":  # the others only give up after many restarts
        with pytest.raises(eq.EquilibriumNotFound, match="No strategies meet these constraints"):
            solved(wanted, [total >= 1, total <= 0])
