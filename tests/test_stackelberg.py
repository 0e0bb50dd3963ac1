"""Commitment: known answers by every formulation, certificates, refusals, classification."""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve.formulations.catalogue import formulations

ROUTES = ("mixed-integer", "implicit", "mpec")


def duopoly():
    q1, q2 = (cp.Variable(nonneg=True, name=name) for name in ("q1", "q2"))
    price = 100 - q1 - q2
    return eq.Game(
        [
            eq.Player("first", cp.Maximize(q1 * price - 5 * q1), [q1]),
            eq.Player("second", cp.Maximize(q2 * price - 2 * q2), [q2]),
        ]
    )


def bilevel(cost, answer, upper=(), lower=(), x_size=None, y_size=None, y_bounds=None):
    """A leader and a follower from functions of (x, y)."""
    x = cp.Variable(x_size or (), nonneg=True, name="x")
    y = cp.Variable(y_size or (), name="y", **(y_bounds or {"nonneg": True}))
    return eq.Game(
        [
            eq.Player("leader", cp.Minimize(cost(x, y)), [x], [c(x, y) for c in upper]),
            eq.Player("follower", cp.Minimize(answer(x, y)), [y], [c(x, y) for c in lower]),
        ]
    )


BILEVEL = {
    # Candler and Townsley's form as in Bard (1998): linear leader, linear follower.
    "linear-linear": (
        bilevel(
            lambda x, y: -x - 3 * y,
            lambda x, y: y,
            lower=[
                lambda x, y: -x + 2 * y <= 10,
                lambda x, y: x - 2 * y <= 6,
                lambda x, y: 2 * x - y <= 21,
                lambda x, y: x + 2 * y <= 38,
                lambda x, y: x + 2 * y >= 18,
            ],
        ),
        -49.0,
    ),
    # Bard (1988), example 1: optimum 17 at (1, 0).
    "quadratic-quadratic": (
        bilevel(
            lambda x, y: cp.square(x - 5) + cp.square(2 * y + 1),
            lambda x, y: cp.square(y - 1) - 1.5 * x * y,
            lower=[
                lambda x, y: -3 * x + y <= -3,
                lambda x, y: x - 0.5 * y <= 4,
                lambda x, y: x + y <= 7,
            ],
        ),
        17.0,
    ),
    # Falk and Liu (1995): optimum -2.25 at x = y = (0.75, 0.75).
    "follower tracks": (
        bilevel(
            lambda x, y: cp.sum_squares(x) - 3 * cp.sum(x) + cp.sum_squares(y),
            lambda x, y: cp.sum_squares(y - x),
            x_size=2,
            y_size=2,
            y_bounds={"bounds": [0.5, 1.5]},
        ),
        -2.25,
    ),
}


@pytest.mark.parametrize("route", ROUTES)
def test_the_duopoly_is_exact(route):
    # Derived: q = (46, 26), profits (1058, 676).
    found = eq.solve(duopoly(), eq.Stackelberg("first"), formulation=route)
    np.testing.assert_allclose(found.vector, [46, 26], atol=1e-6)
    assert found.payoffs["first"] == pytest.approx(1058)
    assert found.payoffs["second"] == pytest.approx(676)
    assert found.certificate.scope == ("global" if route == "mixed-integer" else "local")
    if route == "mixed-integer":
        assert found.certificate.bound == pytest.approx(1058)


@pytest.mark.parametrize("name", BILEVEL)
@pytest.mark.parametrize("route", ["mixed-integer", "mpec"])
def test_published_bilevel_problems(name, route):
    game, value = BILEVEL[name]
    found = eq.solve(game, eq.Stackelberg("leader"), formulation=route)
    assert found.payoffs["leader"] == pytest.approx(value, abs=1e-4)
    if route == "mixed-integer":
        assert found.certificate.scope == "global"
        assert found.certificate.bound == pytest.approx(value, abs=1e-4)


def test_branching_agrees_with_a_grid_on_random_problems():
    for seed in range(15):
        rng = np.random.default_rng(seed)
        a, b, c, d = rng.normal(size=4)
        rows, room = rng.normal(size=(2, 2)), rng.uniform(0.5, 2, 2)
        x = cp.Variable(bounds=[0, 2], name="x")
        y = cp.Variable(bounds=[-1, 2], name="y")
        curvature = rng.uniform(0.2, 2)
        game = eq.Game(
            [
                eq.Player("leader", cp.Minimize(cp.square(x - a) + b * y + cp.square(y)), [x]),
                eq.Player(
                    "follower",
                    cp.Minimize(curvature * cp.square(y) + c * x * y + d * y),
                    [y],
                    [rows[k, 0] * x + rows[k, 1] * y <= room[k] for k in range(2)],
                ),
            ]
        )
        best = np.inf
        for value in np.linspace(0, 2, 2001):
            low, high = -1.0, 2.0
            for k in range(2):
                limit = (room[k] - rows[k, 0] * value) / rows[k, 1]
                low, high = (low, min(high, limit)) if rows[k, 1] > 0 else (max(low, limit), high)
            if low > high:
                continue
            answer = np.clip(-(c * value + d) / (2 * curvature), low, high)
            best = min(best, (value - a) ** 2 + b * answer + answer**2)
        found = eq.solve(game, eq.Stackelberg("leader"), formulation="mixed-integer")
        assert found.payoffs["leader"] <= best + 1e-6
        assert found.payoffs["leader"] >= best - 2e-2
        assert found.certificate.bound <= found.payoffs["leader"] + 1e-6


@pytest.mark.parametrize("route", ["implicit", "mpec"])
def test_oligopoly_with_firm_one_leading(route):
    # Murphy, Sherali and Soyster (1982) data, firm 1 leading, L = 150, g = 1.1.
    unit = (10, 8, 6, 4, 2)
    shape = (1.2, 1.1, 1.0, 0.9, 0.8)
    firms = [cp.Variable(nonneg=True, name=f"q{i + 1}") for i in range(5)]
    for firm in firms:
        firm.value = 10.0
    price = cp.power(sum(firms) / 5000, -1 / 1.1)
    players = [
        eq.Player(
            f"firm{i + 1}",
            cp.Maximize(q * price - c * q - b / (1 + b) * 5 ** (-1 / b) * cp.power(q, (1 + b) / b)),
            [q],
            [q <= 150] if i == 0 else [],
        )
        for i, (q, c, b) in enumerate(zip(firms, unit, shape, strict=True))
    ]
    found = eq.solve(eq.Game(players), eq.Stackelberg("firm1"), formulation=route)
    assert found["firm1"][0] == pytest.approx(42.5382, abs=5e-5)
    assert found.payoffs["firm1"] == pytest.approx(203.155, abs=5e-4)


def test_a_wrong_commitment_is_found_out():
    game = duopoly()
    certificate = eq.certify(game, [40.0, 29.0], eq.Stackelberg("first"))
    # The follower answers 40 with (98 - 40) / 2 = 29; moving towards 46 pays the leader.
    assert certificate.gains["second"] == pytest.approx(0, abs=1e-9)
    assert certificate.gains["first"] > 1
    assert eq.certify(game, [46.0, 30.0], eq.Stackelberg("first")).gains["second"] > 1


def test_what_is_refused():
    game = duopoly()
    with pytest.raises(eq.NotAGame, match="the leader 'third' is no player"):
        eq.solve(game, eq.Stackelberg("third"))
    with pytest.raises(eq.NotAGame, match="every player leads"):
        eq.solve(game, eq.Stackelberg(("first", "second")))
    with pytest.raises(eq.NotAGame, match="stance must be one of"):
        eq.Stackelberg("first", stance="hopeful")
    x, y = cp.Variable(name="x"), cp.Variable(name="y", nonneg=True)
    flat = eq.Game(
        [
            eq.Player("leader", cp.Minimize(cp.square(x - y)), [x]),
            eq.Player("follower", cp.Minimize(x * y), [y]),
        ]
    )
    assert "singular" in formulations()["implicit"].refuses(flat, eq.Stackelberg("leader"))
    for route in formulations():
        concept = eq.Nash() if route in ROUTES else eq.Stackelberg("first")
        assert formulations()[route].refuses(game, concept)


def test_an_unbounded_leader_and_followers_without_answer_raise():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    unbounded = eq.Game(
        [
            eq.Player("leader", cp.Minimize(x + y), [x]),
            eq.Player("follower", cp.Minimize(cp.square(y - x)), [y]),
        ]
    )
    with pytest.raises(eq.EquilibriumNotFound):
        eq.solve(unbounded, eq.Stackelberg("leader"))
    x, y = cp.Variable(bounds=[0, 1], name="x"), cp.Variable(name="y")
    hopeless = eq.Game(
        [
            eq.Player("leader", cp.Minimize(x), [x]),
            eq.Player("follower", cp.Minimize(cp.square(y)), [y], [y >= x + 2, y <= 1]),
        ]
    )
    with pytest.raises(eq.EquilibriumNotFound):
        eq.solve(hopeless, eq.Stackelberg("leader"))


def polynomial():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    f = -cp.exp(-0.01 * (x**2 + y**2)) * (cp.square(0.15 * x**2 + y) + cp.square(0.25 * y**2 + x))
    return eq.Game([eq.Player("one", cp.Minimize(f), [x]), eq.Player("two", cp.Maximize(f), [y])])


@pytest.mark.parametrize(("point", "value", "nash"), [
    ((-2.50151, -2.33986), -2.88720, False), ((-13.33918, -9.99170), -25.73396, False),
    ((12.18858, -5.42317), -112.37056, True), ((-10.41662, 8.48055), -110.29383, True),
])  # fmt: skip
def test_points_of_the_polynomial_game(point, value, nash):
    # Fiez, Chasnov and Ratliff (2020): digits as printed, so criticality to 1e-3.
    game = polynomial()
    found = eq.classify(game, point, tolerance=1e-3)
    assert found.is_nash is nash
    assert "one" in found.stackelberg_leaders
    assert game.declared_payoffs(point)[0] == pytest.approx(value, abs=5e-5)


def torus():
    a, phi = (1.0, 1.3), np.pi / 8
    one, two = cp.Variable(name="one"), cp.Variable(name="two")
    cos = cp.nlp.cos
    return eq.Game(
        [
            eq.Player("one", cp.Minimize(-a[0] * cos(one - phi) + cos(one - two)), [one]),
            eq.Player("two", cp.Minimize(-a[1] * cos(two - phi) + cos(two - one)), [two]),
        ]
    )


def test_critical_points_on_the_torus():
    nash = [c.point for c in eq.critical_points(torus(), (-np.pi, np.pi)) if c.is_nash]
    np.testing.assert_allclose(nash, [[-0.7833, 1.1823], [1.5687, -0.3969]], atol=5.1e-5)
    led = eq.critical_points(torus(), (-np.pi, np.pi), leader="one")
    points = [c.point for c in led if "one" in c.stackelberg_leaders]
    np.testing.assert_allclose(points, [[-0.5252, 1.2465], [1.3106, -0.4611]], atol=5.1e-5)
    # The printed costs are those of the points rounded to four digits.
    costs = [torus().declared_payoffs(np.round(point, 4)) for point in (nash[0], points[0])]
    published = [[-0.76925, -1.29999], [-0.80704, -1.05382]]
    np.testing.assert_allclose(costs, published, atol=1e-5)


def test_classify_wants_a_free_point():
    with pytest.raises(eq.NotAGame, match="'q1' is at its bound"):
        eq.classify(duopoly(), [0.0, 10.0])
