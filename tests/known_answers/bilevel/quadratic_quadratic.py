"""Quadratic leader, linear or quadratic follower."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from . import BilevelProblem, two_level


def bard_1988_example_1():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    leader, follower = (x - 5) ** 2 + (2 * y + 1) ** 2, (y - 1) ** 2 - 1.5 * x * y
    lower = [-3 * x + y <= -3, x - 0.5 * y <= 4, x + y <= 7]
    return BilevelProblem(
        "bard_1988_example_1",
        two_level(leader, [x], [], follower, [y], lower),
        "leader",
        17.0,
        "Bard (1988), example 1; BASBLib b_1988_01, MacMPEC ex9.2.1, bard1",
    )


def bard_1988_example_2():
    x1, x2, x3, x4 = (
        cp.Variable(bounds=[0, upper], name=f"x{i + 1}") for i, upper in enumerate((10, 5, 15, 20))
    )
    y1, y2, y3, y4 = (
        cp.Variable(bounds=[0, upper], name=f"y{i + 1}") for i, upper in enumerate((20, 20, 40, 40))
    )
    leader = (y1 + y3) ** 2 - 200 * (y1 + y3) + (y2 + y4) ** 2 - 160 * (y2 + y4)
    follower = (y1 - 4) ** 2 + (y2 - 13) ** 2 + (y3 - 35) ** 2 + (y4 - 2) ** 2
    lower = [
        0.4 * y1 + 0.7 * y2 <= x1,
        0.6 * y1 + 0.3 * y2 <= x2,
        0.4 * y3 + 0.7 * y4 <= x3,
        0.6 * y3 + 0.3 * y4 <= x4,
    ]
    upper = [x1 + x2 + x3 + x4 <= 40]
    return BilevelProblem(
        "bard_1988_example_2",
        two_level(leader, [x1, x2, x3, x4], upper, follower, [y1, y2, y3, y4], lower),
        "leader",
        -6600.0,
        "Aiyoshi and Shimizu (1981), Bard (1988), example 2; BASBLib as_1981_01, MacMPEC bilevel2",
    )


def bard_1998_example_721():
    x, y = cp.Variable(2, bounds=[0, 1], name="x"), cp.Variable(bounds=[0, 1], name="y")
    leader = 0.5 * (x[0] - 0.8) ** 2 + 0.5 * (x[1] - 0.2) ** 2 + 0.5 * (y - 1) ** 2
    follower = 0.5 * y**2 - y - x[0] * y + 2 * x[1] * y
    return BilevelProblem(
        "bard_1998_example_721",
        two_level(leader, [x], [], follower, [y], []),
        "leader",
        0.0,
        "Bard (1998), example 7.2.1; BASBLib b_1998_02",
    )


def bard_1998_example_722():
    x, y = cp.Variable(2, bounds=[0, 1], name="x"), cp.Variable(bounds=[0, 1], name="y")
    leader = 0.5 * (x[0] - 1) ** 2 + 0.5 * (x[1] - 0.4) ** 2 + 0.5 * (y - 0.8) ** 2
    follower = 0.5 * y**2 - y - x[0] * y + 3 * x[1] * y
    return BilevelProblem(
        "bard_1998_example_722",
        two_level(leader, [x], [], follower, [y], []),
        "leader",
        0.0,
        "Bard (1998), example 7.2.2; BASBLib b_1998_03",
    )


def macal_hurter_1997():
    x, y = cp.Variable(bounds=[-100, 100], name="x"), cp.Variable(bounds=[-100, 100], name="y")
    follower = 0.5 * y**2 + 500 * y - 50 * x * y
    return BilevelProblem(
        "macal_hurter_1997",
        two_level((x - 1) ** 2 + (y - 1) ** 2, [x], [], follower, [y], []),
        "leader",
        451**2 / 2501,
        "Macal and Hurter (1997), Bard (1998), example 8.1.3; BASBLib b_1998_04",
        value_kind="refined",
    )


def macal_hurter_1997_nonnegative():
    x, y = cp.Variable(bounds=[-100, 100], name="x"), cp.Variable(bounds=[0, 100], name="y")
    follower = 0.5 * y**2 + 500 * y - 50 * x * y
    return BilevelProblem(
        "macal_hurter_1997_nonnegative",
        two_level((x - 1) ** 2 + (y - 1) ** 2, [x], [], follower, [y], []),
        "leader",
        1.0,
        "Bard (1998), example 8.1.3; BASBLib b_1998_05",
        note="an irrelevant bound changes the answer: independence of irrelevant constraints fails",
    )


def _bard_851():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    follower = (2 * y[0] - 4) ** 2 + (2 * y[1] - 1) ** 2 + x * y[0]
    lower = [
        4 * x + 5 * y[0] + 4 * y[1] <= 12,
        -4 * x - 5 * y[0] + 4 * y[1] <= -4,
        4 * x - 4 * y[0] + 5 * y[1] <= 4,
        -4 * x + 4 * y[0] + 5 * y[1] <= 4,
    ]
    return x, y, follower, lower


def bard_1998_example_851():
    x, y, follower, lower = _bard_851()
    return BilevelProblem(
        "bard_1998_example_851",
        two_level((x - 1) ** 2 + 2 * y[0] ** 2 - 2 * x, [x], [], follower, [y], lower),
        "leader",
        -1.41,
        "Bard (1998), example 8.5.1; BASBLib b_1998_07",
        value_kind="refined",
    )


def sinha_malo_deb_2014_tp6():
    x, y, follower, lower = _bard_851()
    return BilevelProblem(
        "sinha_malo_deb_2014_tp6",
        two_level((x - 1) ** 2 + 2 * y[0] - 2 * x, [x], [], follower, [y], lower),
        "leader",
        -1.2091,
        "Sinha, Malo and Deb (2014), TP6; BOLIB SinhaMaloDeb2014TP6",
        value_kind="refined",
    )


def calamai_vicente_1994a():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    lower = [x - y <= 1, x + y >= 1, x + y <= 1]
    return BilevelProblem(
        "calamai_vicente_1994a",
        two_level(0.5 * (x - 1) ** 2 + 0.5 * y**2, [x], [], 0.5 * y - x * y, [y], lower),
        "leader",
        0.0,
        "Calamai and Vicente (1994), rho = 1; BOLIB CalamaiVicente1994a",
        note="the follower's two rows leave one point",
    )


def calamai_vicente_1994b():
    x, y = cp.Variable(4, name="x"), cp.Variable(2, name="y")
    leader = 0.5 * cp.sum_squares(x - 1) + 0.5 * cp.sum_squares(y)
    follower = 0.5 * y[0] ** 2 - x[0] * y[0] + 0.5 * y[1] ** 2 - x[1] * y[1]
    lower = [x[:2] - y <= 1, x[:2] + y <= np.array([1.5, 3]), x[:2] + y >= 1]
    return BilevelProblem(
        "calamai_vicente_1994b",
        two_level(leader, [x], [], follower, [y], lower),
        "leader",
        0.3125,
        "Calamai and Vicente (1994); BOLIB CalamaiVicente1994b",
    )


def calamai_vicente_1994c():
    x, y = cp.Variable(4, name="x"), cp.Variable(2, name="y")
    A = np.array(
        [
            [197.2, 32.4, -129.6, -43.2],
            [32.4, 110.8, -43.2, -14.4],
            [-129.6, -43.2, 302.8, -32.4],
            [-43.2, -14.4, -32.4, 389.2],
        ]
    )
    a = np.array([-8.56, -9.52, -9.92, -16.64])
    C = np.array([[-132.4, -10.8], [-10.8, -103.6], [43.2, 14.4], [14.4, 4.8]])
    D = np.array([[13.24, 1.08, -4.32, -1.44], [1.08, 10.36, -1.44, -0.48]])
    leader = 0.5 * cp.quad_form(x, A) + 50 * cp.sum_squares(y) + a @ x + 2
    follower = 50 * cp.sum_squares(y) + cp.sum(cp.multiply(C.T @ x, y))
    lower = [
        D @ x - 10 * y <= 1,
        D @ x + 10 * y <= np.array([1.5, 3]),
        D @ x + 10 * y >= 1,
    ]
    return BilevelProblem(
        "calamai_vicente_1994c",
        two_level(leader, [x], [], follower, [y], lower),
        "leader",
        0.3125,
        "Calamai and Vicente (1994); BOLIB CalamaiVicente1994c",
        note="calamai_vicente_1994b in rotated and scaled variables",
    )


def clark_westerberg_1990a():
    x, y = cp.Variable(bounds=[0, 8], name="x"), cp.Variable(name="y")
    lower = [-2 * x + y <= 1, x - 2 * y <= -2, x + 2 * y <= 14]
    return BilevelProblem(
        "clark_westerberg_1990a",
        two_level((x - 3) ** 2 + (y - 2) ** 2, [x], [], (y - 5) ** 2, [y], lower),
        "leader",
        5.0,
        "Clark and Westerberg (1990), section 3.2; BASBLib cw_1990_02, BOLIB SahinCiric1998Ex2",
    )


def sahin_ciric_1998():
    x, y = cp.Variable(bounds=[0, 8], name="x"), cp.Variable(bounds=[0, 10], name="y")
    upper = [-2 * x + y <= 1, x - 2 * y <= -2, x + 2 * y <= 14]
    return BilevelProblem(
        "sahin_ciric_1998",
        two_level((x - 3) ** 2 + (y - 2) ** 2, [x], upper, (y - 5) ** 2, [y], []),
        "leader",
        9.0,
        "Sahin and Ciric (1998); BASBLib sc_1998_01, BOLIB GumusFloudas2001Ex4",
        note="as clark_westerberg_1990a with the rows at the upper level",
    )


def de_silva_1978():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(2, bounds=[0.5, 1.5], name="y")
    leader = cp.sum_squares(x) - 2 * cp.sum(x) + cp.sum_squares(y)
    return BilevelProblem(
        "de_silva_1978",
        two_level(leader, [x], [], cp.sum_squares(y - x), [y], []),
        "leader",
        -1.0,
        "De Silva (1978); BASBLib d_1978_01, BOLIB DeSilva1978, MacMPEC ex9.2.6",
    )


def falk_liu_1995():
    x, y = cp.Variable(2, name="x"), cp.Variable(2, bounds=[0.5, 1.5], name="y")
    leader = cp.sum_squares(x) - 3 * cp.sum(x) + cp.sum_squares(y)
    return BilevelProblem(
        "falk_liu_1995",
        two_level(leader, [x], [], cp.sum_squares(y - x), [y], []),
        "leader",
        -2.25,
        "Falk and Liu (1995); BOLIB FalkLiu1995",
        value_kind="corrected",
        note="-2.1962 at sqrt(3)/2 is printed; the optimum is at 3/4 throughout",
    )


def dempe_2000_example_56():
    x, y = cp.Variable(bounds=[-0.5, 10], name="x"), cp.Variable(bounds=[-10, 11], name="y")
    return BilevelProblem(
        "dempe_2000_example_56",
        two_level((-x + y + 1) ** 2, [x], [], x * y, [y], [-x - y <= 0, -x + y <= 1]),
        "leader",
        0.0,
        "Dempe (2000), example 5.6 with d = 1; BASBLib d_2000_01",
    )


def shimizu_aiyoshi_1981_example_1():
    x, y = cp.Variable(bounds=[0, 15], name="x"), cp.Variable(bounds=[0, 20], name="y")
    leader, follower = x**2 + (y - 10) ** 2, (x + 2 * y - 30) ** 2
    return BilevelProblem(
        "shimizu_aiyoshi_1981_example_1",
        two_level(leader, [x], [-x + y <= 0], follower, [y], [x + y <= 20]),
        "leader",
        100.0,
        "Shimizu and Aiyoshi (1981), example 1; BASBLib sa_1981_01, MacMPEC ex9.2.2",
    )


def gauvin_savard():
    x, y = cp.Variable(bounds=[0, 15], name="x"), cp.Variable(nonneg=True, name="y")
    leader, follower = x**2 + (y - 10) ** 2, (x + 2 * y - 30) ** 2
    return BilevelProblem(
        "gauvin_savard",
        two_level(leader, [x], [], follower, [y], [x + y <= 20]),
        "leader",
        20.0,
        "Gauvin and Savard; MacMPEC gauvin",
        note="as shimizu_aiyoshi_1981_example_1 without the row y <= x",
    )


def shimizu_aiyoshi_1981_example_2():
    x1, x2 = cp.Variable(bounds=[0, 25], name="x1"), cp.Variable(bounds=[0, 15], name="x2")
    y = cp.Variable(2, bounds=[0, 10], name="y")
    leader = (x1 - 30) ** 2 + (x2 - 20) ** 2 - 20 * y[0] + 20 * y[1]
    follower = (x1 - y[0]) ** 2 + (x2 - y[1]) ** 2
    upper = [x1 + 2 * x2 >= 30, x1 + x2 <= 25]
    return BilevelProblem(
        "shimizu_aiyoshi_1981_example_2",
        two_level(leader, [x1, x2], upper, follower, [y], []),
        "leader",
        225.0,
        "Shimizu and Aiyoshi (1981), example 2; BASBLib sa_1981_02, BOLIB ShimizuAiyoshi1981Ex2",
    )


def tuy_2007_example_1():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    lower = [3 * x + y <= 15, x + y <= 7, x + 3 * y <= 15]
    return BilevelProblem(
        "tuy_2007_example_1",
        two_level(x**2 + y**2, [x], [], -y, [y], lower),
        "leader",
        22.5,
        "Tuy, Migdalas and Hoai-Phuong (2007), example 1; BASBLib tmh_2007_01",
    )


def yezza_1996_example_31():
    x, y = cp.Variable(bounds=[0, 1], name="x"), cp.Variable(bounds=[0, 1], name="y")
    leader, follower = -(4 * x - 3) * y + 2 * x + 1, -(1 - 4 * x) * y - 2 * x - 2
    return BilevelProblem(
        "yezza_1996_example_31",
        two_level(leader, [x], [], follower, [y], []),
        "leader",
        1.5,
        "Yezza (1996), example 3.1; BASBLib y_1996_02, MacMPEC ex9.2.8",
    )


def yezza_1996_example_41():
    x, y = cp.Variable(name="x"), cp.Variable(nonneg=True, name="y")
    leader, follower = 0.5 * (y - 2) ** 2 + 0.5 * (x - y - 2) ** 2, 0.5 * y**2 + x - y
    return BilevelProblem(
        "yezza_1996_example_41",
        two_level(leader, [x], [], follower, [y], [y - x <= 0]),
        "leader",
        0.5,
        "Yezza (1996), example 4.1; BOLIB Yezza1996Ex41",
    )


def lucchetti_1987():
    x, y = cp.Variable(bounds=[0, 1], name="x"), cp.Variable(bounds=[0, 1], name="y")
    return BilevelProblem(
        "lucchetti_1987",
        two_level(0.5 * (1 - x) + x * y, [x], [], (x - 1) * y, [y], []),
        "leader",
        0.0,
        "Lucchetti, Mignanego and Pieri (1987), example 4.1; BASBLib lmp_1987_01",
        note="reached only where the follower is indifferent",
    )


def lampariello_sagratella_2017_example_31():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    return BilevelProblem(
        "lampariello_sagratella_2017_example_31",
        two_level(x**2 + y**2, [x], [x >= 1], y, [y], [x + y >= 1]),
        "leader",
        1.0,
        "Lampariello and Sagratella (2017), example 3.1; BOLIB LamparielloSagratella2017Ex31",
    )


def lampariello_sagratella_2017_example_32():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    return BilevelProblem(
        "lampariello_sagratella_2017_example_32",
        two_level(x**2 + y**2, [x], [], (x + y - 1) ** 2, [y], []),
        "leader",
        0.5,
        "Lampariello and Sagratella (2017), example 3.2; BOLIB LamparielloSagratella2017Ex32",
    )


def lampariello_sagratella_2017_example_33():
    x, y = cp.Variable(name="x"), cp.Variable(2, nonneg=True, name="y")
    leader, lower = x**2 + (y[0] + y[1]) ** 2, [x + y[0] + y[1] >= 1]
    return BilevelProblem(
        "lampariello_sagratella_2017_example_33",
        two_level(leader, [x], [x >= 0.5], y[0], [y], lower),
        "leader",
        0.5,
        "Lampariello and Sagratella (2017), example 3.3; BOLIB LamparielloSagratella2017Ex33",
        note="the follower is indifferent about y2",
    )


def lampariello_sagratella_2017_example_35():
    x, y = cp.Variable(bounds=[-1, 1], name="x"), cp.Variable(bounds=[0, 1], name="y")
    return BilevelProblem(
        "lampariello_sagratella_2017_example_35",
        two_level(x**2 + y**2, [x], [], -y, [y], [2 * x + y <= 2]),
        "leader",
        0.8,
        "Lampariello and Sagratella (2017), example 3.5; BOLIB LamparielloSagratella2017Ex35",
    )


def muu_quy_2003_example_1():
    x, y = cp.Variable(bounds=[0, 2], name="x"), cp.Variable(2, nonneg=True, name="y")
    follower = 0.5 * y[0] ** 2 + 0.5 * (y[0] + y[1]) ** 2 + (1 - 3 * x) * y[0] + (1 + x) * y[1]
    lower = [2 * y[0] + y[1] - 2 * x <= 1]
    return BilevelProblem(
        "muu_quy_2003_example_1",
        two_level(x**2 - 4 * x + cp.sum_squares(y), [x], [], follower, [y], lower),
        "leader",
        -2.0769,
        "Muu and Quy (2003), example 1; BOLIB MuuQuy2003Ex1",
        value_kind="refined",
    )


def muu_quy_2003_example_2():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(3, nonneg=True, name="y")
    leader = -7 * x[0] + 4 * x[1] + y[0] ** 2 + y[2] ** 2 - y[0] * y[2] - 4 * y[1]
    follower = 0.5 * y[0] ** 2 + 0.5 * (y[0] + y[1]) ** 2 + 0.5 * y[2] ** 2
    follower = follower + (1 - 3 * x[0]) * y[0] + (1 + x[1]) * y[1]
    lower = [2 * y[0] + y[1] - y[2] + x[0] - 2 * x[1] + 2 <= 0]
    return BilevelProblem(
        "muu_quy_2003_example_2",
        two_level(leader, [x], [x[0] + x[1] <= 1], follower, [y], lower),
        "leader",
        0.6426,
        "Muu and Quy (2003), example 2; BOLIB MuuQuy2003Ex2",
        value_kind="refined",
    )


def _outrata_rows(y):
    return [-0.333 * y[0] + y[1] <= 2, y[0] - 0.333 * y[1] <= 2]


def _outrata_1990_example_1(letter, weight, H, A, value, **more):
    x, y = cp.Variable(2, name="x"), cp.Variable(2, nonneg=True, name="y")
    leader = 0.5 * (y[0] - 3) ** 2 + 0.5 * (y[1] - 4) ** 2 - 12.5
    if weight:
        leader = leader + weight * cp.sum_squares(x)
    pull = A @ x
    follower = 0.5 * cp.quad_form(y, H) - pull[0] * y[0] - pull[1] * y[1]
    return BilevelProblem(
        f"outrata_1990_example_1{letter}",
        two_level(leader, [x], [], follower, [y], _outrata_rows(y)),
        "leader",
        value,
        f"Outrata (1990), example 1{letter}; BOLIB Outrata1990Ex1{letter}",
        **more,
    )


SOFT, STIFF = np.array([[1.0, -2.0], [-2.0, 5.0]]), np.array([[1.0, 3.0], [3.0, 10.0]])


def outrata_1990_example_1a():
    return _outrata_1990_example_1("a", 0.1, SOFT, np.eye(2), -8.92, value_kind="refined")


def outrata_1990_example_1b():
    return _outrata_1990_example_1("b", 1.0, SOFT, np.eye(2), -7.56, value_kind="refined")


def outrata_1990_example_1c():
    return _outrata_1990_example_1("c", 0.0, STIFF, np.eye(2), -12.0, value_kind="refined")


def outrata_1990_example_1d():
    return _outrata_1990_example_1("d", 0.1, STIFF, np.eye(2), -3.60, value_kind="refined")


def outrata_1990_example_1e():
    A = np.array([[-1.0, 2.0], [3.0, -3.0]])
    return _outrata_1990_example_1("e", 0.1, STIFF, A, -3.15, value_kind="refined")


def outrata_1990_example_2a():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    follower = 0.5 * cp.sum_squares(y) - (3 + 1.333 * x) * y[0] - x * y[1]
    return BilevelProblem(
        "outrata_1990_example_2a",
        two_level(
            0.5 * (y[0] - 3) ** 2 + 0.5 * (y[1] - 4) ** 2,
            [x],
            [],
            follower,
            [y],
            _outrata_rows(y),
        ),
        "leader",
        0.5,
        "Outrata (1990), example 2a; BOLIB Outrata1990Ex2a",
        value_kind="refined",
    )


def henderson_quandt_1958():
    x, y = cp.Variable(bounds=[0, 200], name="x"), cp.Variable(nonneg=True, name="y")
    leader, follower = (0.5 * (x + y) - 95) * x, (y + 0.5 * x - 100) * y
    return BilevelProblem(
        "henderson_quandt_1958",
        two_level(leader, [x], [], follower, [y], []),
        "leader",
        -9800 / 3,
        "Henderson and Quandt (1958); BOLIB HendersonQuandt1958, MacMPEC stackelberg1",
        value_kind="refined",
    )


def dempe_lohse_2011_example_31a():
    x, y = cp.Variable(2, name="x"), cp.Variable(2, nonneg=True, name="y")
    leader = (x[0] - 0.5) ** 2 + (x[1] - 0.5) ** 2 - 3 * y[0] - 3 * y[1]
    lower = [y[0] + y[1] <= 2, -y[0] + y[1] <= 0]
    return BilevelProblem(
        "dempe_lohse_2011_example_31a",
        two_level(leader, [x], [], x[0] * y[0] + x[1] * y[1], [y], lower),
        "leader",
        -5.5,
        "Dempe and Lohse (2011), example 3.1; BOLIB DempeLohse2011Ex31a",
        note="reached only where the follower is indifferent",
    )


def dempe_lohse_2011_example_31b():
    x, y = cp.Variable(3, name="x"), cp.Variable(3, nonneg=True, name="y")
    leader = (x[0] - 0.5) ** 2 + (x[1] - 0.5) ** 2 + x[2] ** 2
    leader = leader - 3 * y[0] - 3 * y[1] - 6 * y[2]
    follower = x[0] * y[0] + x[1] * y[1] + x[2] * y[2]
    lower = [y[0] + y[1] + y[2] <= 2, -y[0] + y[1] <= 0]
    return BilevelProblem(
        "dempe_lohse_2011_example_31b",
        two_level(leader, [x], [], follower, [y], lower),
        "leader",
        -12.0,
        "Dempe and Lohse (2011), example 3.1; BOLIB DempeLohse2011Ex31b",
    )


def dempe_franke_2011_example_41():
    x1, x2 = cp.Variable(bounds=[-1, 1], name="x1"), cp.Variable(bounds=[-1, -1], name="x2")
    y1, y2 = cp.Variable(name="y1"), cp.Variable(bounds=[0, 2], name="y2")
    lower = [-2 * y1 + y2 <= 0, y1 <= 2]
    return BilevelProblem(
        "dempe_franke_2011_example_41",
        two_level(x1 + y1**2 + y2**2, [x1, x2], [], x1 * y1 + x2 * y2, [y1, y2], lower),
        "leader",
        5.0,
        "Dempe and Franke (2011), example 4.1; BOLIB DempeFranke2011Ex41",
    )


def dempe_franke_2011_example_42():
    x1, x2 = cp.Variable(bounds=[-1, 1], name="x1"), cp.Variable(bounds=[-1, -1], name="x2")
    y = cp.Variable(2, name="y")
    leader = x1 + (y[0] - 1) ** 2 + y[1] ** 2
    lower = [-y[0] + y[1] <= 1, y[0] + y[1] <= 3.5, y[1] <= 2]
    return BilevelProblem(
        "dempe_franke_2011_example_42",
        two_level(leader, [x1, x2], [], x1 * y[0] + x2 * y[1], [y], lower),
        "leader",
        2.13,
        "Dempe and Franke (2011), example 4.2; BOLIB DempeFranke2011Ex42",
        value_kind="refined",
    )


def wan_wang_lv_2011():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(3, nonneg=True, name="y")
    leader = (1 + x[0] - x[1] + 2 * y[1]) * (8 - x[0] - 2 * y[0] + y[1] + 5 * y[2])
    lower = [
        -y[0] + y[1] + y[2] <= 1,
        2 * x[0] - y[0] + 2 * y[1] - 0.5 * y[2] <= 1,
        2 * x[1] + 2 * y[0] - y[1] - 0.5 * y[2] <= 1,
    ]
    return BilevelProblem(
        "wan_wang_lv_2011",
        two_level(leader, [x], [], 2 * y[0] - y[1] + y[2], [y], lower),
        "leader",
        10.625,
        "Wan, Wang and Lv (2011); BOLIB WanWangLv2011",
        value_kind="refined",
        note="the leader's cost is a product of two affine functions",
    )


def floudas_pardalos_924():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    leader = 0.5 * (y[0] - 2) ** 2 + 0.5 * (y[1] - 2) ** 2
    return BilevelProblem(
        "floudas_pardalos_924",
        two_level(leader, [x], [], 0.5 * y[0] ** 2 + y[1], [y], [y[0] + y[1] == x]),
        "leader",
        0.5,
        "Floudas and others (1999), example 9.2.4; MacMPEC ex9.2.4",
    )


def sl1():
    x = cp.Variable(3, bounds=[np.array([1, 0.01, 0]), np.array([100, 10, 1])], name="x")
    y = cp.Variable(2, name="y")
    lower = [10 * y[0] + y[1] >= 10 + x[0], y[0] >= 2 + x[1], y[1] >= 50 * x[2]]
    return BilevelProblem(
        "sl1",
        two_level((y[0] - 2) ** 2 + y[1] ** 2, [x], [], 0.01 * y[0] ** 2 + y[1] ** 2, [y], lower),
        "leader",
        1e-4,
        "MacMPEC sl1",
        note="the upper bound 1e10 on x1 is lowered to 100, which binds nowhere",
    )


PROBLEMS = (
    bard_1988_example_1,
    bard_1988_example_2,
    bard_1998_example_721,
    bard_1998_example_722,
    macal_hurter_1997,
    macal_hurter_1997_nonnegative,
    bard_1998_example_851,
    sinha_malo_deb_2014_tp6,
    calamai_vicente_1994a,
    calamai_vicente_1994b,
    calamai_vicente_1994c,
    clark_westerberg_1990a,
    sahin_ciric_1998,
    de_silva_1978,
    falk_liu_1995,
    dempe_2000_example_56,
    shimizu_aiyoshi_1981_example_1,
    gauvin_savard,
    shimizu_aiyoshi_1981_example_2,
    tuy_2007_example_1,
    yezza_1996_example_31,
    yezza_1996_example_41,
    lucchetti_1987,
    lampariello_sagratella_2017_example_31,
    lampariello_sagratella_2017_example_32,
    lampariello_sagratella_2017_example_33,
    lampariello_sagratella_2017_example_35,
    muu_quy_2003_example_1,
    muu_quy_2003_example_2,
    outrata_1990_example_1a,
    outrata_1990_example_1b,
    outrata_1990_example_1c,
    outrata_1990_example_1d,
    outrata_1990_example_1e,
    outrata_1990_example_2a,
    henderson_quandt_1958,
    dempe_lohse_2011_example_31a,
    dempe_lohse_2011_example_31b,
    dempe_franke_2011_example_41,
    dempe_franke_2011_example_42,
    wan_wang_lv_2011,
    floudas_pardalos_924,
    sl1,
)
