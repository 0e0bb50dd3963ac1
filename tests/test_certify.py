"""Certificates recomputed: every player's problem as a quadratic program written here.

Each random game is kept as matrices beside its declaration. From them, by cvxpy alone:
what each player gains at random feasible points, at the equilibrium, and between the two.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq

BLOCKS = range(10)
GAMES = 22  # a block: 220 games in all


@dataclass(frozen=True)
class Drawn:
    """Player i: min 1/2 x_i' M_ii x_i + x_i' (sum_j M_ij x_j + q_i) on a box, rows, shared rows."""

    matrix: np.ndarray
    q: np.ndarray
    half: np.ndarray
    rows: np.ndarray
    room: np.ndarray
    own_rows: tuple
    maximize: np.ndarray
    widths: np.ndarray

    @property
    def blocks(self):
        ends = np.concatenate([[0], np.cumsum(self.widths)])
        return [slice(a, b) for a, b in pairwise(ends)]

    def box(self, x, mine):
        """-half <= x <= half where half is finite."""
        half = self.half[mine]
        bounded = np.flatnonzero(np.isfinite(half))
        return [x[bounded] >= -half[bounded], x[bounded] <= half[bounded]] if bounded.size else []

    def cost(self, i, x):
        mine = self.blocks[i]
        own = x[mine] @ self.matrix[mine, mine] @ x[mine]
        return x[mine] @ (self.matrix[mine] @ x + self.q[mine]) - 0.5 * own

    def declare(self):
        xs = [cp.Variable(int(w), name=f"x{i}") for i, w in enumerate(self.widths)]
        stacked = cp.hstack(xs)
        players = []
        for i, (x, mine) in enumerate(zip(xs, self.blocks, strict=True)):
            square = cp.quad_form(x, self.matrix[mine, mine], assume_PSD=True)
            rest = self.matrix[mine].copy()
            rest[:, mine] = 0.0
            cost = 0.5 * square + x @ (rest @ stacked + self.q[mine])
            limits = self.box(x, mine)
            if self.own_rows[i].size:
                limits.append(self.own_rows[i] @ x <= 0.5)
            objective = cp.Maximize(-cost) if self.maximize[i] else cp.Minimize(cost)
            players.append(eq.Player(f"p{i}", objective, [x], limits))
        return eq.Game(players, [self.rows @ stacked <= self.room] if self.room.size else [])

    @cached_property
    def programs(self):
        """Each player's quadratic program in cvxpy: (problem, linear term, right side)."""
        out = []
        for i, mine in enumerate(self.blocks):
            z, slope = cp.Variable(int(self.widths[i])), cp.Parameter(int(self.widths[i]))
            room = cp.Parameter(self.room.size) if self.room.size else None
            limits = self.box(z, mine)
            limits += [self.own_rows[i] @ z <= 0.5] if self.own_rows[i].size else []
            limits += [self.rows[:, mine] @ z <= room] if room is not None else []
            square = cp.quad_form(z, self.matrix[mine, mine], assume_PSD=True)
            out.append((cp.Problem(cp.Minimize(0.5 * square + slope @ z), limits), slope, room))
        return out

    def gain(self, i, x):
        """What player i saves by its best deviation from x."""
        mine = self.blocks[i]
        others = x.copy()
        others[mine] = 0.0
        problem, slope, room = self.programs[i]
        slope.value = self.matrix[mine] @ others + self.q[mine]
        if room is not None:
            room.value = self.room - self.rows @ others
        return self.cost(i, x) - problem.solve(solver=cp.CLARABEL)

    def infeasibility(self, x):
        broken = [np.abs(x) - self.half, self.rows @ x - self.room]
        broken += [
            self.own_rows[i] @ x[b] - 0.5
            for i, b in enumerate(self.blocks)
            if self.own_rows[i].size
        ]
        return max(0.0, *(float(b.max(initial=0.0)) for b in broken))

    def feasible_point(self, rng):
        x = rng.uniform(-self.half, self.half)
        while self.infeasibility(x * 1.01) > 0:
            x = 0.8 * x
        return x


def own_row(rng, width):
    """A row of the player's own, or none; on one coordinate it is a bound, in its units."""
    if rng.random() < 0.6:
        return np.zeros(0)
    return rng.choice([-1.0, 1.0], 1) if width == 1 else rng.normal(size=width)


def draw(rng):
    """Two to six players of one to three coordinates, monotone, with limits on demand."""
    widths = rng.integers(1, 4, int(rng.integers(2, 7)))
    n = int(widths.sum())
    root = rng.normal(size=(n, n))
    skew = np.triu(rng.normal(size=(n, n)), 1)
    matrix = root @ root.T / n + 0.3 * np.eye(n)
    owner = np.repeat(np.arange(widths.size), widths)
    matrix = matrix + (skew - skew.T) * (owner[:, None] != owner)
    count = int(rng.integers(0, 3))
    return Drawn(
        matrix=matrix,
        q=2 * rng.normal(size=n),
        half=rng.uniform(0.5, 2, n),
        rows=rng.normal(size=(count, n)),
        room=rng.uniform(0.2, 1, count),
        own_rows=tuple(own_row(rng, int(w)) for w in widths),
        maximize=rng.random(widths.size) < 0.5,
        widths=widths,
    )


def draw_degenerate(rng):
    """Small integers: singular and zero own costs, missing bounds, repeated rows, no slack.

    Returns the game and a feasible point.
    """
    widths = rng.integers(1, 4, int(rng.integers(1, 5)))
    n = int(widths.sum())
    matrix = rng.integers(-2, 3, (n, n)).astype(float)
    ends = np.concatenate([[0], np.cumsum(widths)])
    for a, b in pairwise(ends):
        root = rng.integers(-1, 2, (b - a, int(rng.integers(0, b - a + 1))))
        matrix[a:b, a:b] = root @ root.T
    half = rng.choice([0.0, 1.0, 2.0, np.inf], n)
    point = np.clip(rng.integers(-2, 3, n), -half, half)
    rows = rng.integers(-1, 2, (int(rng.integers(0, 3)), n)).astype(float)
    rows = np.vstack([rows, rows[:1]])
    rows = rows[(rows != 0).sum(axis=1) > 1]  # on one coordinate a row is a bound
    drawn = Drawn(
        matrix=matrix,
        q=rng.integers(-2, 3, n).astype(float),
        half=half,
        rows=rows,
        room=rows @ point + rng.integers(0, 2, rows.shape[0]),
        own_rows=tuple(np.zeros(0) for _ in widths),
        maximize=rng.random(widths.size) < 0.5,
        widths=widths,
    )
    return drawn, point


def check(drawn, game, x):
    """The certificate at x against the matrices."""
    sure = eq.certify(game, x)
    players = range(drawn.widths.size)
    costs = np.array([drawn.cost(i, x) for i in players])
    gains = np.array([drawn.gain(i, x) for i in players])
    scales = np.maximum(1.0, np.abs(costs))
    found = np.array([sure.gains[f"p{i}"] for i in players])
    np.testing.assert_allclose(found, gains, rtol=1e-5, atol=2e-6)
    assert (found >= 0).all()
    assert sure.max_gain == found.max()
    assert sure.relative_gain == pytest.approx((found / scales).max(), rel=1e-9, abs=1e-15)
    assert sure.payoff_scale == pytest.approx(scales.max())
    assert sure.infeasibility == pytest.approx(drawn.infeasibility(x), abs=1e-12)
    assert sure.scope == "global"
    assert sure.second_order == "strict"
    assert sure.bound is None
    shared = drawn.room.size > 0
    assert (sure.variational_residual is None) == (sure.multiplier_spread is None) == (not shared)
    assert sure.holds(1e-6) == (sure.relative_gain <= 1e-6 and sure.infeasibility <= 1e-6)
    return sure


@pytest.mark.parametrize("block", BLOCKS)
def test_random_linear_quadratic_games(block):
    rng = np.random.default_rng(block)
    for _ in range(GAMES):
        drawn = draw(rng)
        game = drawn.declare()
        away = drawn.feasible_point(rng)
        sure = check(drawn, game, away)
        # Inside every limit no multiplier helps: what is left is the pseudo-gradient.
        assert sure.kkt_residual == pytest.approx(np.abs(drawn.matrix @ away + drawn.q).max())
        assert sure.max_gain > 1e-4
        assert not sure.holds(1e-6)
        found = eq.solve(game)
        sure = check(drawn, game, found.vector)
        assert sure.relative_gain < 1e-9
        assert sure.kkt_residual < 1e-7
        assert sure.kind == ("variational" if drawn.room.size else "Nash")
        # On the way from the equilibrium to the feasible point, still feasible.
        check(drawn, game, found.vector + rng.choice([1e-2, 0.3]) * (away - found.vector))


# Without slack the reference's solver may warn; its answers are compared all the same.
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate:UserWarning")
@pytest.mark.parametrize("block", range(4))
def test_degenerate_games(block):
    """Unbounded players gain without bound; everybody else what cvxpy says."""
    rng = np.random.default_rng(block)
    unbounded = 0
    for _ in range(15):
        drawn, point = draw_degenerate(rng)
        sure = eq.certify(drawn.declare(), point)
        for i in range(drawn.widths.size):
            expected = drawn.gain(i, point)
            unbounded += expected == np.inf
            assert sure.gains[f"p{i}"] == pytest.approx(expected, rel=1e-5, abs=5e-6)
        assert sure.infeasibility == 0.0
        assert sure.scope == "global"
    assert unbounded


@pytest.mark.parametrize("seed", range(10))
def test_infeasible_points_are_measured_and_never_hold(seed):
    rng = np.random.default_rng(seed)
    drawn = draw(rng)
    game = drawn.declare()
    x = 3 * drawn.half * rng.choice([-1, 1], drawn.q.size)
    sure = eq.certify(game, x)
    assert sure.infeasibility == pytest.approx(drawn.infeasibility(x))
    assert not sure.holds(1e-3)


def test_equalities_are_broken_either_way():
    x, y = cp.Variable(2, name="x"), cp.Variable(name="y")
    players = [
        eq.Player("a", cp.Minimize(cp.sum_squares(x)), [x], [x[0] - x[1] == 0]),
        eq.Player("b", cp.Minimize(cp.square(y)), [y]),
    ]
    game = eq.Game(players, [cp.sum(x) + y == 1])
    for point, broken in (([0, 0, 0], 1), ([1, 1, 1], 2), ([0, 3, -2], 3), ([3, 0, -2], 3)):
        assert eq.certify(game, point).infeasibility == pytest.approx(broken)


def test_a_player_left_without_any_feasible_answer_gains_without_bound():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    players = [
        eq.Player("a", cp.Minimize(cp.square(x)), [x]),
        eq.Player("b", cp.Minimize(cp.square(y)), [y]),
    ]
    sure = eq.certify(eq.Game(players, [x + y <= 1]), [0.0, 2.0])
    assert sure.gains["a"] == np.inf  # no x >= 0 meets x + 2 <= 1
    assert sure.gains["b"] == pytest.approx(4.0)
    assert sure.infeasibility == 1.0


def test_an_unbounded_player_gains_without_bound():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    game = eq.Game([eq.Player("a", cp.Maximize(x), [x]), eq.Player("b", cp.Minimize(y**2), [y])])
    sure = eq.certify(game, [0.0, 0.0])
    assert sure.max_gain == sure.relative_gain == np.inf
    assert not sure.holds(1e6)


def test_scope_is_local_where_somebody_is_not_convex():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    hill = eq.Player("hill", cp.Minimize(cp.square(cp.square(x) - 1)), [x], [x >= -2, x <= 2])
    bowl = eq.Player("bowl", cp.Minimize(cp.square(y - x)), [y])
    sure = eq.certify(eq.Game([hill, bowl]), [1.0, 1.0])
    assert (sure.scope, sure.second_order) == ("local", "strict")
    assert sure.max_gain == pytest.approx(0, abs=1e-9)
    top = eq.certify(eq.Game([hill, bowl]), [0.0, 0.0])
    assert top.kkt_residual == 0.0
    assert top.second_order == "violated"
    assert top.gains == pytest.approx({"hill": 1.0, "bowl": 0.0}, abs=1e-8)


def test_kinds_of_generalized_equilibria():
    # Costs (x - 1)^2 and (y - 1/2)^2, x + y <= 1: equilibria are (a, 1 - a), 1/2 <= a <= 1
    # (Facchinei and Kanzow 2007, example 1), with multipliers 2 (1 - a) and 2 a - 1.
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    players = [
        eq.Player("a", cp.Minimize(cp.square(x - 1)), [x]),
        eq.Player("b", cp.Minimize(cp.square(y - 0.5)), [y]),
    ]
    game = eq.Game(players, [x + y <= 1])
    for a in np.linspace(0.5, 1, 11):
        sure = eq.certify(game, [a, 1 - a])
        multipliers = 2 * (1 - a), 2 * a - 1
        assert sure.holds(1e-9)
        assert sure.kind == ("variational" if a == 0.75 else "generalized")
        assert sure.multiplier_spread == pytest.approx(
            abs(multipliers[0] - multipliers[1]), abs=1e-6
        )
        if 0.5 < a < 1:
            weights = {"a": 1.0, "b": multipliers[0] / multipliers[1]}
            concept = eq.VariationalEquilibrium(weights=weights)
            named = eq.certify(game, [a, 1 - a], concept).kind
            assert named == ("variational" if a == 0.75 else "normalized")
    for a in (0.4, 1.1):
        assert not eq.certify(game, [a, 1 - a]).holds(1e-6)


def test_points_as_vectors_and_by_player():
    rng = np.random.default_rng(3)
    drawn = draw(rng)
    game, x = drawn.declare(), drawn.feasible_point(rng)
    assert eq.certify(game, x) == eq.certify(game, game.unpack(x))
    with pytest.raises(eq.NotAGame, match="numbers"):
        eq.certify(game, x[:-1])
    with pytest.raises(eq.NotAGame, match="nan"):
        eq.certify(game, np.full(x.size, np.nan))


def test_a_changed_parameter_is_noticed():
    x, level = cp.Variable(name="x"), cp.Parameter(value=1.0, name="level")
    game = eq.Game([eq.Player("a", cp.Minimize(cp.square(x - level)), [x])])
    assert eq.certify(game, [3.0]).max_gain == pytest.approx(4.0)
    level.value = 2.0
    with pytest.raises(eq.EqsolveError, match="Player 'a'.*declare the game anew"):
        eq.certify(game, [3.0])


def test_certifying_leaves_the_variables_values_alone():
    x = cp.Variable(name="x")
    game = eq.Game([eq.Player("a", cp.Minimize(cp.square(x)), [x])])
    x.value = 7.0
    eq.certify(game, [3.0])
    assert x.value == 7.0


def test_commitments_are_certified_by_followers_and_leader():
    # Cournot with P = 100 - Q, costs 5 and 2; the first firm leads: q = (46, 26) exactly
    # (leader's profit (95 - q2(q1) - q1) q1 with q2 = (98 - q1) / 2).
    q = [cp.Variable(nonneg=True, name=f"q{i}") for i in (1, 2)]
    price = 100 - q[0] - q[1]
    players = [
        eq.Player(name, cp.Maximize(own * (price - c)), [own], [own <= 90])
        for name, own, c in zip(("first", "second"), q, (5, 2), strict=True)
    ]
    game, concept = eq.Game(players), eq.Stackelberg("first")
    best = eq.certify(game, [46.0, 26.0], concept)
    assert best.kind == "Stackelberg"
    assert best.max_gain == pytest.approx(0, abs=1e-6)
    nash = eq.certify(game, [92 / 3, 101 / 3], concept)
    assert nash.gains["second"] == pytest.approx(0, abs=1e-9)
    # The leader's moves are tried at a few lengths: never more than the optimum gives.
    assert 1 < nash.gains["first"] <= 1058 - (92 / 3) ** 2
    assert nash.scope == "local"


def curved_cost(i, z, others, weights):
    """Convex in z (2,), coupled to what the others play; works on expressions and numbers."""
    shapes = (
        lambda: cp.sum(cp.exp(z)),
        lambda: -cp.sum(cp.log(z + 3)),
        lambda: cp.norm1(z - 0.3) + 0.5 * cp.sum_squares(z),
        lambda: cp.max(z) + cp.sum_squares(z - 0.5),
        lambda: cp.sum(cp.power(z + 2.5, 1.5)),
        lambda: cp.huber(z[0], 0.5) + cp.square(z[1]) + cp.sum(cp.logistic(z)),
    )
    return shapes[i % len(shapes)]() + z @ (weights[i] @ others)


def curved_limits(z):
    return [z >= -1.5, z <= 1.5, cp.sum_squares(z) <= 2]


def curved_joint(total):
    return [cp.square(total[0]) + total[1] <= 1]


@pytest.mark.parametrize("seed", range(12))
def test_curved_costs_and_limits(seed):
    """The same for costs and constraints that are convex but not quadratic, kinks included."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 5))
    kinds = rng.permutation(6)[:count]
    weights = rng.normal(size=(6, 2, 2))
    shared = bool(rng.random() < 0.5)
    xs = [cp.Variable(2, name=f"x{i}") for i in range(count)]

    def rivals(i, values):
        return sum(values[j] for j in range(count) if j != i)

    players = [
        eq.Player(
            f"p{i}",
            cp.Minimize(curved_cost(kinds[i], x, rivals(i, xs), weights)),
            [x],
            curved_limits(x),
        )
        for i, x in enumerate(xs)
    ]
    game = eq.Game(players, curved_joint(sum(xs)) if shared else [])

    def gains(point):
        out = []
        for i in range(count):
            z, others = cp.Variable(2), rivals(i, point)
            limits = curved_limits(z) + (curved_joint(z + others) if shared else [])
            problem = cp.Problem(cp.Minimize(curved_cost(kinds[i], z, others, weights)), limits)
            problem.solve(solver=cp.CLARABEL)
            now = curved_cost(kinds[i], cp.Constant(point[i]), others, weights).value
            out.append(float(now) - problem.value)
        return out

    point = 0.3 * rng.uniform(-1, 1, (count, 2)) / count
    away = eq.certify(game, point.ravel())
    np.testing.assert_allclose(list(away.gains.values()), gains(point), atol=2e-6)
    assert (away.infeasibility, away.scope) == (0.0, "global")
    assert not away.holds(1e-4)
    # Concave games on compact sets have an equilibrium (Rosen 1965, theorem 1).
    found = eq.solve(game)
    assert found.certificate.holds(1e-6)
    assert max(gains(found.vector.reshape(count, 2))) < 2e-6
