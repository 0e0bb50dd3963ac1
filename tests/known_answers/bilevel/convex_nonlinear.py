"""Followers with convex problems that are not quadratic programs."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

import eqsolve as eq

from . import BilevelProblem, two_level


def colson_2002_bipa1():
    x, y = cp.Variable(bounds=[0, 5], name="x"), cp.Variable(bounds=[0, 20], name="y")
    leader, follower = (10 - x) ** 3 + (10 - y) ** 3, (x + 2 * y - 15) ** 4
    return BilevelProblem(
        "colson_2002_bipa1",
        two_level(leader, [x], [-x + y <= 0], follower, [y], [x + y <= 20]),
        "leader",
        250.0,
        "Colson (2002), BIPA1; BOLIB Colson2002BIPA1",
        note="BASBLib lets x reach 15 and prints 227.691, within its follower tolerance",
    )


def colson_2002_bipa1_wide():
    x, y = cp.Variable(bounds=[0, 15], name="x"), cp.Variable(bounds=[0, 20], name="y")
    leader, follower = (10 - x) ** 3 + (10 - y) ** 3, (x + 2 * y - 15) ** 4
    return BilevelProblem(
        "colson_2002_bipa1_wide",
        two_level(leader, [x], [-x + y <= 0], follower, [y], [x + y <= 20]),
        "leader",
        230.2617,
        "Colson (2002), BIPA1; BASBLib c_2002_01",
        value_kind="corrected",
        note="227.691 at (6.082, 4.487) is printed, where (x + 2 y - 15)^4 is 1e-5 and not 0",
    )


def colson_2002_bipa2():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    leader, follower = (x - 5) ** 2 + (2 * y + 1) ** 2, (y - 1) ** 2 - 1.5 * x * y + x**3
    lower = [-3 * x + y <= -3, x - 0.5 * y <= 4, x + y <= 7]
    return BilevelProblem(
        "colson_2002_bipa2",
        two_level(leader, [x], [], follower, [y], lower),
        "leader",
        17.0,
        "Colson (2002), BIPA2; BASBLib c_2002_02",
        note="as bard_1988_example_1, with x^3 added to the follower's cost",
    )


def colson_2002_bipa3():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    leader = (x - 5) ** 4 + (2 * y + 1) ** 4
    follower = cp.exp(-x + y) + x**2 + 2 * x * y + y**2 + 2 * x + 6 * y
    return BilevelProblem(
        "colson_2002_bipa3",
        two_level(leader, [x], [x + y <= 4], follower, [y], [-x + y <= 2]),
        "leader",
        2.0,
        "Colson (2002), BIPA3; BASBLib c_2002_03",
    )


def colson_2002_bipa4():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    leader, follower = x**2 + (y - 10) ** 2, x**3 + 2 * y**3 + x - 2 * y - x**2
    return BilevelProblem(
        "colson_2002_bipa4",
        two_level(leader, [x], [x + 2 * y <= 6], follower, [y], [-x + 2 * y <= 3]),
        "leader",
        (10 - 3**-0.5) ** 2,
        "Colson (2002), BIPA4; BASBLib c_2002_04",
        value_kind="refined",
        note="88.79 and 88.754 are printed; the follower answers 1/sqrt(3) to x = 0",
    )


def colson_2002_bipa5():
    x, y1 = cp.Variable(nonneg=True, name="x"), cp.Variable(bounds=[0, 4], name="y1")
    y2 = cp.Variable(bounds=[0, 2], name="y2")
    leader = (x - y2) ** 4 + (y1 - 1) ** 2 + (y1 - y2) ** 2
    follower = 2 * x + cp.exp(y1) + y1**2 + 4 * y1 + 2 * y2**2 - 6 * y2
    lower = [6 * x + y1**2 + cp.exp(y2) <= 15, 5 * x + y1**4 - y2 <= 25]
    return BilevelProblem(
        "colson_2002_bipa5",
        two_level(leader, [x], [], follower, [y1, y2], lower),
        "leader",
        2.75,
        "Colson (2002), BIPA5; BASBLib c_2002_05",
        value_kind="refined",
    )


def gumus_floudas_2001_example_1():
    x, y = cp.Variable(bounds=[0, 12.5], name="x"), cp.Variable(bounds=[0, 50], name="y")
    leader, follower = 16 * x**2 + 9 * y**2, (x + y - 20) ** 4
    return BilevelProblem(
        "gumus_floudas_2001_example_1",
        two_level(leader, [x], [-4 * x + y <= 0], follower, [y], [4 * x + y <= 50]),
        "leader",
        2250.0,
        "Shimizu, Ishizuka and Bard (1997), example 15.3.1; BASBLib sib_1997_01",
        note="(7.2, 12.8) is a local solution",
    )


def bard_1988_example_3():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    leader = -(x[0] ** 2) - 3 * x[1] - 4 * y[0] + y[1] ** 2
    return BilevelProblem(
        "bard_1988_example_3",
        two_level(leader, [x], *_bard_1984_rest(x, y)),
        "leader",
        -12.6787,
        "Bard (1988), example 3; BOLIB Bard1988Ex3, MacMPEC bard3, bilevel3",
        value_kind="refined",
    )


def bard_1984_example_2():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    leader = -(x[0] ** 2) - 3 * x[1] ** 2 - 4 * y[0] + y[1] ** 2
    return BilevelProblem(
        "bard_1984_example_2",
        two_level(leader, [x], *_bard_1984_rest(x, y)),
        "leader",
        -18.6787,
        "Bard (1984), example 2; BASBLib b_1984_02, a_1999_01, BOLIB SinhaMaloDeb2014TP3",
        value_kind="refined",
    )


def _bard_1984_rest(x, y):
    """Upper rows, the follower's cost, its variable and its rows."""
    follower = 2 * x[0] ** 2 + y[0] ** 2 - 5 * y[1]
    lower = [
        -(x[0] ** 2) + 2 * x[0] - x[1] ** 2 + 2 * y[0] - y[1] <= 3,
        -x[1] - 3 * y[0] + 4 * y[1] <= -4,
    ]
    return [x[0] ** 2 + 2 * x[1] <= 4], follower, [y], lower


def allende_still_2013():
    x1, x2 = cp.Variable(bounds=[0, 2], name="x1"), cp.Variable(nonneg=True, name="x2")
    y = cp.Variable(2, name="y")
    leader = x1**2 - 2 * x1 + x2**2 - 2 * x2 + cp.sum_squares(y)
    follower = y[0] ** 2 - 2 * x1 * y[0] + y[1] ** 2 - 2 * x2 * y[1]
    lower = [(y[0] - 1) ** 2 <= 0.25, (y[1] - 1) ** 2 <= 0.25]
    return BilevelProblem(
        "allende_still_2013",
        two_level(leader, [x1, x2], [y >= 0], follower, [y], lower),
        "leader",
        -1.0,
        "Allende and Still (2013); BOLIB AllendeStill2013, MacMPEC desilva",
        value_kind="corrected",
        note="BOLIB prints 1 for -1",
    )


def dempe_1992b():
    x, y = cp.Variable(bounds=[1, 10], name="x"), cp.Variable(bounds=[1, 10], name="y")
    return BilevelProblem(
        "dempe_1992b",
        two_level((x - 3.5) ** 2 + (y + 4) ** 2, [x], [], (y - 3) ** 2, [y], [y**2 - x <= 0]),
        "leader",
        31.25,
        "Dempe (1992), example 4.1; BASBLib d_1992_01, BOLIB Dempe1992b",
        note="x = 1 leaves the follower one point",
        regular=False,
    )


def dempe_macmpec():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    return BilevelProblem(
        "dempe_macmpec",
        two_level((x - 3.5) ** 2 + (y + 4) ** 2, [x], [], (y - 3) ** 2, [y], [y**2 - x <= 0]),
        "leader",
        28.25,
        "Dempe (1992), example 4.1, without bounds; MacMPEC dempe",
        note="reached at x = 0, where the follower's one point y = 0 has no multiplier",
        regular=False,
    )


def dempe_dutta_2012_example_24():
    x, y = cp.Variable(bounds=[-10, 10], name="x"), cp.Variable(bounds=[-10, 10], name="y")
    return BilevelProblem(
        "dempe_dutta_2012_example_24",
        two_level((x - 1) ** 2 + y**2, [x], [], x**2 * y, [y], [y**2 <= 0]),
        "leader",
        0.0,
        "Dempe and Dutta (2012), example 2.4; BOLIB DempeDutta2012Ex24",
        note="first-order conditions hold at x = 0 only and give 1, which BASBLib prints",
        regular=False,
    )


def dempe_dutta_2012_example_31():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(2, name="y")
    follower = y[0] ** 2 + (y[1] + 1) ** 2
    lower = [
        (y[0] - x[0]) ** 2 + (y[1] - x[0] - 1) ** 2 <= 1,
        (y[0] + x[1]) ** 2 + (y[1] - x[1] - 1) ** 2 <= 1,
    ]
    return BilevelProblem(
        "dempe_dutta_2012_example_31",
        two_level(-y[1], [x], [y[0] * y[1] == 0], follower, [y], lower),
        "leader",
        -1.0,
        "Dempe and Dutta (2012), example 3.1; BASBLib dd_2012_02",
        note="at the optimum two circles touch: no Slater point for the follower",
        regular=False,
    )


def floudas_zlobec_1998():
    x, y1 = cp.Variable(bounds=[0, 1], name="x"), cp.Variable(bounds=[-1, 1], name="y1")
    y2 = cp.Variable(bounds=[0, 100], name="y2")
    lower = [x * y1 <= 10, y1**2 + x * y2 <= 1]
    return BilevelProblem(
        "floudas_zlobec_1998",
        two_level(x**3 * y1 + y2, [x], [], -y2, [y1, y2], lower),
        "leader",
        1.0,
        "Floudas and Zlobec (1998); BASBLib fz_1998_01, BOLIB FloudasZlobec1998",
    )


def ishizuka_aiyoshi_1992a():
    x, y = cp.Variable(name="x"), cp.Variable(2, name="y")
    lower = [x >= 0, y[0] >= -x, y[0] <= x, y[0] + y[1] >= -1.5, y[0] + y[1] <= 1.5]
    return BilevelProblem(
        "ishizuka_aiyoshi_1992a",
        two_level(x * y[1] ** 2, [x], [x >= -1.5], y[0], [y], lower),
        "leader",
        0.0,
        "Ishizuka and Aiyoshi (1992), M = 1.5; BOLIB IshizukaAiyoshi1992a",
        note="the leader's cost is cubic; x >= 0 stands at the lower level",
    )


def mitsos_barton_2007_example_38():
    x, y = cp.Variable(bounds=[-1, 1], name="x"), cp.Variable(bounds=[-1, 1], name="y")
    return BilevelProblem(
        "mitsos_barton_2007_example_38",
        two_level(y**2, [x], [y >= -0.1, y <= 0.1], x * y + cp.exp(x) * y, [y], []),
        "leader",
        0.0,
        "Mitsos and Barton (2007), example 3.8; BASBLib mb_2007_08",
        note="reached only where x + exp(x) = 0; bounds on y alone stand at both levels",
    )


def zlobec_2001a():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    return BilevelProblem(
        "zlobec_2001a",
        two_level(-y[0] / x, [x], [], -y[0] - y[1], [y], [y[0] + x * y[1] <= 1]),
        "leader",
        -1.0,
        "Zlobec (2001); BOLIB Zlobec2001a",
    )


def _outrata_leader(y):
    return 0.5 * (y[0] - 3) ** 2 + 0.5 * (y[1] - 4) ** 2


def _outrata(name, x, y, hessian, lower, value, source):
    follower = 0.5 * hessian[0] * y[0] ** 2 + 0.5 * hessian[1] * y[1] ** 2
    follower = follower - (3 + 1.333 * x) * y[0] - x * y[1]
    return BilevelProblem(
        name,
        two_level(_outrata_leader(y), [x], [], follower, [y], lower),
        "leader",
        value,
        source,
        value_kind="refined",
    )


def _fixed(y):
    return [-0.333 * y[0] + y[1] <= 2, y[0] - 0.333 * y[1] <= 2]


def _moving(x, y):
    return [
        -0.333 * y[0] + 0.1 * x * y[0] + y[1] <= x,
        y[0] - 0.333 * y[1] - 0.1 * x * y[1] <= 2,
    ]


def outrata_1990_example_2b():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    source = "Outrata (1990), example 2b; BOLIB Outrata1990Ex2b"
    return _outrata("outrata_1990_example_2b", x, y, (1 + x, 0), _fixed(y), 0.5, source)


def outrata_1990_example_2c():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    source = "Outrata (1990), example 2c; BOLIB Outrata1990Ex2c"
    hessian = (1 + x, 1 + 0.1 * x)
    return _outrata("outrata_1990_example_2c", x, y, hessian, _fixed(y), 1.860, source)


def outrata_1990_example_2d():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    source = "Outrata (1990), example 2d; BOLIB Outrata1990Ex2d"
    return _outrata("outrata_1990_example_2d", x, y, (1, 1), _moving(x, y), 0.92, source)


def outrata_1990_example_2e():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    source = "Outrata (1990), example 2e; BOLIB Outrata1990Ex2e"
    return _outrata("outrata_1990_example_2e", x, y, (1 + x, 1), _moving(x, y), 0.90, source)


def outrata_1993_example_31():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    lower = [
        -0.333 * y[0] + 0.1 * x * y[0] + y[1] + 0.1 * x <= 2,
        y[0] - 0.333 * y[1] - 0.1 * x * y[1] + 0.1 * x <= 2,
    ]
    source = "Outrata (1993), example 3.1; BOLIB Outrata1993Ex31"
    hessian = (1 + 0.2 * x, 1 + 0.1 * x)
    return _outrata("outrata_1993_example_31", x, y, hessian, lower, 1.56, source)


def outrata_1994_example_31():
    x, y = cp.Variable(bounds=[0, 10], name="x"), cp.Variable(2, nonneg=True, name="y")
    lower = [-0.333 * y[0] + y[1] + 0.1 * x <= 1, y[0] ** 2 + y[1] ** 2 - 0.1 * x <= 9]
    source = "Outrata (1994), example 3.1; BOLIB Outrata1994Ex31, MacMPEC outrata31"
    hessian = (1 + 0.2 * x, 1 + 0.1 * x)
    return _outrata("outrata_1994_example_31", x, y, hessian, lower, 3.2077, source)


def df1():
    x, y = cp.Variable(bounds=[-1, 2], name="x"), cp.Variable(nonneg=True, name="y")
    upper = [x**2 <= 2, (x - 1) ** 2 + (y - 1) ** 2 <= 3]
    return BilevelProblem(
        "df1",
        two_level((x - 1 - y) ** 2, [x], upper, 0.5 * y**2 + (1 - x**2) * y, [y], []),
        "leader",
        0.0,
        "Dirkse and Ferris; MacMPEC df1",
    )


def _design_centring_rows(y):
    """A region whose three walls the follower's three points press against."""
    pressed = y[0] + y[1] ** 2 - y[2] / 4 - y[3] + y[5]
    return [y[0] + y[1] ** 2 >= 0, y[2] / 4 + y[3] <= 0.75, y[5] >= -1], pressed


def design_centring_circle():
    x, r = cp.Variable(2, name="x"), cp.Variable(nonneg=True, name="r")
    y = cp.Variable(6, name="y")
    upper, follower = _design_centring_rows(y)
    lower = [(y[2 * k] - x[0]) ** 2 + (y[2 * k + 1] - x[1]) ** 2 - r**2 <= 0 for k in range(3)]
    return BilevelProblem(
        "design_centring_circle",
        two_level(-np.pi * r**2, [x, r], upper, follower, [y], lower),
        "leader",
        -1.86065,
        "Stein and Still (2003); MacMPEC design-cent-1, BOLIB DesignCentringP1",
        value_kind="refined",
        note="the largest circle in a region; a semi-infinite program",
    )


def design_centring_box():
    high, low = cp.Variable(2, name="high"), cp.Variable(2, name="low")
    y = cp.Variable(6, name="y")
    upper, follower = _design_centring_rows(y)
    lower = [
        row for k in range(3) for row in (y[2 * k : 2 * k + 2] <= high, y[2 * k : 2 * k + 2] >= low)
    ]
    leader = -(high[0] - low[0]) * (high[1] - low[1])
    return BilevelProblem(
        "design_centring_box",
        two_level(leader, [high, low], upper, follower, [y], lower),
        "leader",
        -3.0792,
        "Stein and Still (2003); MacMPEC design-cent-4, BOLIB DesignCentringP4",
        value_kind="refined",
        note="the largest box in a region; a semi-infinite program",
    )


def _oligopoly(exponent, quantity, profit):
    """Firm 1 of Murphy, Sherali and Soyster leads; the other four play Cournot."""
    c, beta = (10, 8, 6, 4, 2), (1.2, 1.1, 1.0, 0.9, 0.8)
    q = [cp.Variable(bounds=[0, 150], name=f"q{k + 1}") for k in range(5)]
    for quantity_of_firm in q:
        quantity_of_firm.value = 10.0
    price = cp.power(sum(q) / 5000, -1 / exponent)
    names = ("leader", "firm 2", "firm 3", "firm 4", "firm 5")
    players = []
    for k, name in enumerate(names):
        b = beta[k]
        cost = c[k] * q[k] + b / (1 + b) * 5 ** (-1 / b) * cp.power(q[k], (1 + b) / b)
        players.append(eq.Player(name, cp.Minimize(cost - q[k] * price), [q[k]]))
    return BilevelProblem(
        "oligopoly_with_leader",
        eq.Game(players),
        "leader",
        -profit,
        "Murphy, Sherali and Soyster (1982); Outrata and Zowe (1995), L = 150",
        note=f"the leader's quantity is {quantity}; four followers",
    )


def oligopoly_with_leader():
    return _oligopoly(1.1, 42.5382, 203.155)


PROBLEMS = (
    colson_2002_bipa1,
    colson_2002_bipa1_wide,
    colson_2002_bipa2,
    colson_2002_bipa3,
    colson_2002_bipa4,
    colson_2002_bipa5,
    gumus_floudas_2001_example_1,
    bard_1988_example_3,
    bard_1984_example_2,
    allende_still_2013,
    dempe_1992b,
    dempe_macmpec,
    dempe_dutta_2012_example_24,
    dempe_dutta_2012_example_31,
    floudas_zlobec_1998,
    ishizuka_aiyoshi_1992a,
    mitsos_barton_2007_example_38,
    zlobec_2001a,
    outrata_1990_example_2b,
    outrata_1990_example_2c,
    outrata_1990_example_2d,
    outrata_1990_example_2e,
    outrata_1993_example_31,
    outrata_1994_example_31,
    df1,
    design_centring_circle,
    design_centring_box,
    oligopoly_with_leader,
)
