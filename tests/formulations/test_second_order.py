"""Curvature verdicts against the inertia of bordered Hessians, and against sampled moves.

With independent rows A, the Hessian H is positive definite on the null space of A iff the
bordered matrix [[H, A'], [A, 0]] has exactly as many negative eigenvalues as A has rows, and
none that is zero (Gould, Mathematical Programming 32, 1985).
"""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve.formulations.second_order import second_order

RANK = ("violated", "degenerate", "strict")  # from worst to best


def bordered_verdict(hessian, rows):
    """The verdict on one player, by inertia alone."""
    m = rows.shape[0]
    border = np.block([[hessian, rows.T], [rows, np.zeros((m, m))]])
    values = np.linalg.eigvalsh(border)
    flat = np.abs(values) < 1e-8
    if (values[~flat] < 0).sum() > m:
        return "violated"
    return "degenerate" if flat.any() else "strict"


def declared(hessians, own_rows, points, boxes, shared=None):
    """Player i: 1/2 x' H_i x with rows own_rows[i] x <= their value at the point; a box."""
    xs = [cp.Variable(p.size, name=f"x{i}") for i, p in enumerate(points)]
    players = []
    for i, x in enumerate(xs):
        limits = [x >= boxes[i][0], x <= boxes[i][1]]
        if own_rows[i].size:
            limits.append(own_rows[i] @ x <= own_rows[i] @ points[i])
        cost = 0.5 * (x @ (hessians[i] @ x))
        players.append(eq.Player(f"p{i}", cp.Minimize(cost), [x], limits))
    stacked = np.concatenate(points)
    rows = [] if shared is None else [shared @ cp.hstack(xs) <= shared @ stacked]
    return eq.Game(players, rows), stacked


def random_hessian(rng, width, kind):
    root = rng.normal(size=(width, width))
    if kind == "flat":
        root = root[:, : max(0, width - 2)]
    if kind == "indefinite":
        return (root + root.T) / 2
    return root @ root.T + (0.1 if kind == "convex" else 0.0) * np.eye(width)


@pytest.mark.parametrize("kind", ["convex", "indefinite", "flat"])
@pytest.mark.parametrize("seed", range(12))
def test_verdicts_on_random_players(kind, seed):
    rng = np.random.default_rng(seed)
    widths = rng.integers(2, 6, int(rng.integers(1, 4)))
    hessians, own_rows, points, boxes, verdicts = [], [], [], [], []
    shared = rng.normal(size=(1, widths.sum())) if seed % 2 else None
    ends = np.concatenate([[0], np.cumsum(widths)])
    for i, width in enumerate(widths):
        hessian = random_hessian(rng, width, kind)
        point = rng.choice([-1.0, 0.2, 0.3, 1.0], width)
        own = rng.normal(size=(int(rng.integers(0, 2)), width))
        free = np.abs(point) < 1
        every = own if shared is None else np.vstack([own, shared[:, ends[i] : ends[i + 1]]])
        if free.sum() > every.shape[0]:
            verdicts.append(bordered_verdict(hessian[np.ix_(free, free)], every[:, free]))
        # With no more free coordinates than active rows the player cannot move.
        hessians.append(hessian)
        own_rows.append(own)
        points.append(point)
        boxes.append((-1.0, 1.0))
    game, point = declared(hessians, own_rows, points, boxes, shared)
    expected = min(verdicts, key=RANK.index, default="strict")
    assert second_order(game, point) == expected


def test_all_three_verdicts_are_met():
    """The random players above must not all get the same answer."""
    line = np.array([[1.0, 1.0]])
    met = {}
    for name, curvature in (("strict", 0.5), ("degenerate", 1.0), ("violated", 1.5)):
        hessian = np.array([[1.0, curvature], [curvature, 1.0]])
        # On x1 + x2 = const the curvature is 2 - 2 c; on the whole plane c = 1 is flat too.
        game, point = declared([hessian], [line], [np.zeros(2)], [(-1, 1)])
        met[name] = second_order(game, point)
    assert met == {"strict": "strict", "degenerate": "degenerate", "violated": "violated"}


def test_violated_means_that_a_small_free_move_pays():
    rng = np.random.default_rng(0)
    checked = set()
    for _ in range(40):
        hessian = random_hessian(rng, 3, "indefinite")
        row = rng.normal(size=(1, 3))
        game, point = declared([hessian], [row], [np.zeros(3)], [(-1.0, 1.0)])
        moves = rng.normal(size=(4000, 3))
        moves -= np.outer(moves @ row[0], row[0]) / (row[0] @ row[0])
        moves /= np.linalg.norm(moves, axis=1)[:, None]
        least = np.einsum("ki,ij,kj->k", moves, hessian, moves).min()
        verdict = second_order(game, point)
        checked.add(verdict)
        assert verdict == ("strict" if least > 0 else "violated")
    assert checked == {"strict", "violated"}


def test_fixed_players_and_duplicate_rows():
    concave = -np.eye(2)
    fixed, point = declared([concave], [np.zeros((0, 2))], [np.zeros(2)], [(0.0, 0.0)])
    assert second_order(fixed, point) == "strict"
    line = np.array([[1.0, -1.0]])
    saddle = np.array([[0.0, 1.0], [1.0, 0.0]])  # curvature 1 along (1, 1), -1 across
    once, point = declared([saddle], [line], [np.zeros(2)], [(-1.0, 1.0)])
    thrice, _ = declared([saddle], [np.vstack([line] * 3)], [np.zeros(2)], [(-1.0, 1.0)])
    assert second_order(once, point) == second_order(thrice, point) == "strict"
    pinned, _ = declared([concave], [np.eye(2)], [np.zeros(2)], [(-1.0, 1.0)])
    assert second_order(pinned, point) == "strict"


def test_rows_count_only_where_they_are_active():
    saddle = np.array([[0.0, 1.0], [1.0, 0.0]])
    x = cp.Variable(2, name="x")
    cost = cp.Minimize(0.5 * (x @ (saddle @ x)))
    game = eq.Game([eq.Player("a", cost, [x], [x[0] - x[1] <= 1])])
    assert second_order(game, np.array([1.0, 0.0])) == "strict"
    assert second_order(game, np.array([0.5, 0.0])) == "violated"
    equal = eq.Game([eq.Player("a", cost, [x], [x[0] - x[1] == 1])])
    assert second_order(equal, np.array([1.0, 0.0])) == "strict"


def test_scalar_players_by_the_sign_of_their_second_derivative():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")

    def game(a, b):
        return eq.Game(
            [
                eq.Player("a", cp.Minimize(a * cp.square(x) + 5 * x * y), [x], [x >= -1]),
                eq.Player("b", cp.Maximize(-b * cp.square(y) + 5 * x * y), [y]),
            ]
        )

    inside, bound = np.zeros(2), np.array([-1.0, 0.0])
    assert second_order(game(1, 1), inside) == "strict"
    assert second_order(game(0, 1), inside) == "degenerate"
    assert second_order(game(-1, 1), inside) == "violated"
    assert second_order(game(-1, 1), bound) == "strict"  # at its bound a is not free
    assert second_order(game(1, -1), bound) == "violated"


def test_zero_objectives_are_degenerate():
    x, y = cp.Variable(name="x"), cp.Variable(2, name="y")
    idle = [
        eq.Player("a", cp.Minimize(0 * x), [x]),
        eq.Player("b", cp.Maximize(cp.sum(0 * y)), [y]),
    ]
    assert second_order(eq.Game(idle), np.zeros(3)) == "degenerate"
    assert second_order(eq.Game(idle, [x + cp.sum(y) <= 0]), np.zeros(3)) == "degenerate"


def test_curved_costs_change_verdict_along_the_line():
    # (x^2 - 1)^2 has second derivative 12 x^2 - 4: zero at 1 / sqrt(3).
    x = cp.Variable(name="x")
    game = eq.Game([eq.Player("a", cp.Minimize(cp.square(cp.square(x) - 1)), [x])])
    for point in np.linspace(-2, 2, 41):
        expected = "strict" if 12 * point**2 > 4 else "violated"
        assert second_order(game, np.array([point])) == expected


def test_nothing_is_said_of_kinks_and_curved_rows():
    x = cp.Variable(name="x")
    kink = eq.Game([eq.Player("a", cp.Minimize(cp.abs(x) + cp.square(x)), [x])])
    assert second_order(kink, np.array([1.0])) is None
    disk = eq.Game([eq.Player("a", cp.Minimize(x), [x], [cp.square(x) <= 1])])
    assert second_order(disk, np.array([-1.0])) is None
