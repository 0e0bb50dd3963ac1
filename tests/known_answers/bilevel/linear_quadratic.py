"""Linear leader, quadratic follower (bilinear in the two levels' decisions included)."""

from __future__ import annotations

import cvxpy as cp

from . import BilevelProblem, two_level


def _aiyoshi_shimizu():
    x, y = cp.Variable(2, bounds=[0, 50], name="x"), cp.Variable(2, bounds=[-10, 20], name="y")
    leader = 2 * x[0] + 2 * x[1] - 3 * y[0] - 3 * y[1] - 60
    follower = (y[0] - x[0] + 20) ** 2 + (y[1] - x[1] + 20) ** 2
    shared = [x[0] + x[1] + y[0] - 2 * y[1] <= 40]
    return x, y, leader, follower, shared, [2 * y[0] - x[0] <= -10, 2 * y[1] - x[1] <= -10]


def aiyoshi_shimizu_1984_example_2():
    x, y, leader, follower, shared, lower = _aiyoshi_shimizu()
    return BilevelProblem(
        "aiyoshi_shimizu_1984_example_2",
        two_level(leader, [x], shared, follower, [y], lower),
        "leader",
        0.0,
        "Aiyoshi and Shimizu (1984), example 2; BASBLib as_1984_01, MacMPEC ex9.2.3, bilevel1",
        value_kind="corrected",
        note="5 at (25, 30, 5, 10) is printed, a local solution",
    )


def edmunds_bard_1991():
    x, y, leader, follower, shared, lower = _aiyoshi_shimizu()
    return BilevelProblem(
        "edmunds_bard_1991",
        two_level(leader, [x], [], follower, [y], lower + shared),
        "leader",
        0.0,
        "Edmunds and Bard (1991); BOLIB EdmundsBard1991 (also named FloudasEtal2013)",
        note="as aiyoshi_shimizu_1984_example_2 with the coupling row at the lower level",
    )


def bard_1991_example_1():
    x, y = cp.Variable(bounds=[2, 4], name="x"), cp.Variable(2, nonneg=True, name="y")
    return BilevelProblem(
        "bard_1991_example_1",
        two_level(x + y[1], [x], [], 2 * y[0] + x * y[1], [y], [x - y[0] - y[1] <= -4]),
        "leader",
        2.0,
        "Bard (1991), example 1; BASBLib b_1991_02, MacMPEC ex9.2.9",
        note="at x = 2 the follower is indifferent",
    )


def hatz_2013():
    x, y = cp.Variable(name="x"), cp.Variable(2, nonneg=True, name="y")
    return BilevelProblem(
        "hatz_2013",
        two_level(-x + 2 * y[0] + y[1], [x], [], (x - y[0]) ** 2 + y[1] ** 2, [y], []),
        "leader",
        0.0,
        "Hatz, Leyffer, Schloder and Bock (2013); BOLIB HatzEtal2013",
    )


def dempe_2012():
    x, y = cp.Variable(bounds=[-1, 1], name="x"), cp.Variable(bounds=[0, 1], name="y")
    return BilevelProblem(
        "dempe_2012",
        two_level(x, [x], [], x * y, [y], []),
        "leader",
        -1.0,
        "Dempe, Mordukhovich and Zemkoho (2012); BOLIB DempeEtal2012",
    )


def dempe_franke_2014_example_38():
    x1, x2 = cp.Variable(bounds=[-1, 1], name="x1"), cp.Variable(bounds=[-1, -0.75], name="x2")
    y1, y2 = cp.Variable(name="y1"), cp.Variable(bounds=[0, 2], name="y2")
    lower = [-2 * y1 + y2 <= 0, y1 <= 2]
    return BilevelProblem(
        "dempe_franke_2014_example_38",
        two_level(2 * x1 + x2 + 2 * y1 - y2, [x1, x2], [], x1 * y1 + x2 * y2, [y1, y2], lower),
        "leader",
        -1.0,
        "Dempe and Franke (2014), example 3.8; BOLIB DempeFranke2014Ex38",
    )


def morgan_patrone_2006a():
    x, y = cp.Variable(bounds=[-0.5, 0.5], name="x"), cp.Variable(bounds=[-1, 1], name="y")
    return BilevelProblem(
        "morgan_patrone_2006a",
        two_level(-x - y, [x], [], x * y, [y], []),
        "leader",
        -1.0,
        "Morgan and Patrone (2006); BOLIB MorganPatrone2006a",
        note="reached only where the follower is indifferent",
    )


def outrata_cervinka_2009():
    x1, x2 = cp.Variable(nonpos=True, name="x1"), cp.Variable(name="x2")
    y = cp.Variable(2, name="y")
    follower = (1 + x1) * y[0] + (x2 - 1) * y[1] + 0.5 * (y[0] ** 2 + y[1] ** 2)
    lower = [y[1] <= 0, -y[0] + y[1] <= 0, y[0] + y[1] <= 0]
    return BilevelProblem(
        "outrata_cervinka_2009",
        two_level(-2 * x1 - 0.5 * x2 - y[1], [x1, x2], [], follower, [y], lower),
        "leader",
        0.0,
        "Outrata and Cervinka (2009); BOLIB OutrataCervinka2009",
    )


PROBLEMS = (
    aiyoshi_shimizu_1984_example_2,
    edmunds_bard_1991,
    bard_1991_example_1,
    hatz_2013,
    dempe_2012,
    dempe_franke_2014_example_38,
    morgan_patrone_2006a,
    outrata_cervinka_2009,
)
