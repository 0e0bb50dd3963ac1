"""Followers whose problems are not convex: first-order conditions hold too much."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from . import BilevelProblem, two_level


def _unit(leader, follower, upper=(), x_bounds=(-1, 1), y_bounds=(-1, 1), lower=()):
    """One decision each, in boxes; costs and rows as functions of (x, y)."""
    x = cp.Variable(bounds=list(x_bounds), name="x")
    y = cp.Variable(bounds=list(y_bounds), name="y")
    return two_level(
        leader(x, y),
        [x],
        [row(x, y) for row in upper],
        follower(x, y),
        [y],
        [row(x, y) for row in lower],
    )


def _mitsos_barton(number, game, value, **more):
    return BilevelProblem(
        f"mitsos_barton_2007_example_{number}",
        game,
        "leader",
        value,
        f"Mitsos and Barton (2007), example 3.{number[1:]}",
        follower="nonconvex",
        **more,
    )


def mitsos_barton_2007_example_39():
    game = _unit(
        lambda x, y: x, lambda x, y: y**3, upper=[lambda x, y: y - x <= 0], x_bounds=(-10, 10)
    )
    return _mitsos_barton("39", game, -1.0)


def _double_well(x, y):
    return x * (16 * y**4 + 2 * y**3 - 8 * y**2 - 1.5 * y + 0.5)


def mitsos_barton_2007_example_310():
    game = _unit(lambda x, y: y + 0 * x, _double_well, x_bounds=(0.1, 1))
    return _mitsos_barton("310", game, 0.5, note="any x is optimal")


def mitsos_barton_2007_example_311():
    game = _unit(lambda x, y: y + 0 * x, _double_well, y_bounds=(-0.8, 1))
    return _mitsos_barton("311", game, -0.8, note="reached only at x = 0, where y is free")


def mitsos_barton_2007_example_312():
    game = _unit(lambda x, y: -x + x * y + 10 * y**2, lambda x, y: -x * y**2 + 0.5 * y**4)
    return _mitsos_barton("312", game, 0.0)


def mitsos_barton_2007_example_313():
    game = _unit(lambda x, y: x - y, lambda x, y: 0.5 * x * y**2 - x**3 * y)
    return _mitsos_barton("313", game, -1.0, note="reached only at x = 0, where y is free")


def mitsos_barton_2007_example_313_variant():
    return BilevelProblem(
        "mitsos_barton_2007_example_313_variant",
        _unit(lambda x, y: x + y, lambda x, y: 0.5 * x * y**2 - x**3 * y),
        "leader",
        -2.0,
        "Paulavicius and Adjiman (2019); BASBLib mb_2007_13v, BOLIB PaulaviciusAdjiman2017b",
        follower="nonconvex",
    )


def mitsos_barton_2007_example_314():
    game = _unit(lambda x, y: (x - 0.25) ** 2 + y**2, lambda x, y: y**3 / 3 - x * y)
    return _mitsos_barton("314", game, 0.25)


def mitsos_barton_2007_example_315():
    game = _unit(lambda x, y: x + y, lambda x, y: 0.5 * x * y**2 - y**3 / 3)
    return _mitsos_barton("315", game, 0.0)


def mitsos_barton_2007_example_316():
    game = _unit(lambda x, y: 2 * x + y, lambda x, y: -0.5 * x * y**2 - 0.25 * y**4)
    return _mitsos_barton("316", game, -2.0, note="at (-1, 0) and at (-0.5, -1)")


def mitsos_barton_2007_example_317():
    game = _unit(
        lambda x, y: (x + 0.5) ** 2 + 0.5 * y**2, lambda x, y: 0.5 * x * y**2 + 0.25 * y**4
    )
    return _mitsos_barton("317", game, 3 / 16)


def mitsos_barton_2007_example_318():
    game = _unit(lambda x, y: -(x**2) + y**2, lambda x, y: x * y**2 - 0.5 * y**4)
    return _mitsos_barton(
        "318",
        game,
        -1.0,
        value_kind="corrected",
        note="BOLIB prints -1/4, at x = 1/2; x = 1 is best",
    )


def mitsos_barton_2007_example_318_variant():
    return BilevelProblem(
        "mitsos_barton_2007_example_318_variant",
        _unit(lambda x, y: x**2 + y**2, lambda x, y: x * y**2 - 0.5 * y**4),
        "leader",
        0.25,
        "Paulavicius and Adjiman (2019); BASBLib mb_2007_18v, BOLIB PaulaviciusAdjiman2017a",
        follower="nonconvex",
    )


def mitsos_barton_2007_example_319():
    game = _unit(lambda x, y: x * y - y + 0.5 * y**2, lambda x, y: -x * y**2 + 0.5 * y**4)
    return _mitsos_barton("319", game, -0.258, value_kind="refined")


def mitsos_barton_2007_example_320():
    game = _unit(lambda x, y: (x - 0.25) ** 2 + y**2, lambda x, y: y**3 / 3 - x**2 * y)
    return _mitsos_barton("320", game, 0.3125)


def _quartic(x, y):
    return (
        y**4
        + (4 / 30) * (1 - x) * y**3
        + (-0.02 * x**2 + 0.16 * x - 0.4) * y**2
        + (0.004 * x**3 - 0.036 * x**2 + 0.08 * x) * y
    )


def mitsos_barton_2007_example_321():
    game = _unit(lambda x, y: (x + 0.6) ** 2 + y**2, _quartic)
    return _mitsos_barton("321", game, 0.2095, value_kind="refined")


def mitsos_barton_2007_example_322():
    game = _unit(
        lambda x, y: (x + 0.6) ** 2 + y**2,
        _quartic,
        lower=[lambda x, y: 0.01 * (1 + x**2) <= y**2],
    )
    return _mitsos_barton("322", game, 0.2095, value_kind="refined")


def mitsos_barton_2007_example_323():
    game = _unit(
        lambda x, y: x**2,
        lambda x, y: y,
        upper=[lambda x, y: 1 + x - 9 * x**2 - y <= 0],
        lower=[lambda x, y: y**2 * (x - 0.5) <= 0],
    )
    return _mitsos_barton("323", game, 0.176, value_kind="refined")


def mitsos_barton_2007_example_324():
    game = _unit(
        lambda x, y: x**2 - y,
        lambda x, y: ((y - 1 - 0.1 * x) ** 2 - 0.5 - 0.5 * x) ** 2,
        x_bounds=(0, 1),
        y_bounds=(0, 3),
    )
    return _mitsos_barton("324", game, -1.755, value_kind="refined")


def mitsos_barton_2007_example_325():
    x, y = cp.Variable(2, bounds=[-1, 1], name="x"), cp.Variable(3, bounds=[-1, 1], name="y")
    leader = x[0] * y[0] + x[1] * y[0] ** 2 - x[0] * x[1] * y[2]
    follower = x[0] * y[0] ** 2 + x[1] * y[1] * y[2]
    upper = [0.1 * y[0] * y[1] <= x[0] ** 2, x[1] * y[0] ** 2 <= 0]
    lower = [
        y[0] ** 2 - y[1] * y[2] <= 0,
        y[1] ** 2 * y[2] - y[0] * x[0] <= 0,
        -(y[2] ** 2) + 0.1 <= 0,
    ]
    return _mitsos_barton("325", two_level(leader, [x], upper, follower, [y], lower), -1.0)


def mitsos_barton_2007_example_326():
    x, y = cp.Variable(2, bounds=[-1, 1], name="x"), cp.Variable(3, bounds=[-1, 1], name="y")
    leader = x[0] * y[0] + x[1] * y[1] ** 2 + x[0] * x[1] * y[2] ** 3
    follower = x[0] * y[0] ** 2 + x[1] * y[1] ** 2 + (x[0] - x[1]) * y[2] ** 2
    norm = y[0] ** 2 + y[1] ** 2 + y[2] ** 2
    upper = [x[0] ** 2 >= 0.1, norm >= 1.5, norm <= 2.5]
    return _mitsos_barton(
        "326",
        two_level(leader, [x], upper, follower, [y], []),
        -2 - 0.5**1.5,
        value_kind="refined",
    )


def _five_by_five(sign, lower_rows):
    x, y = cp.Variable(5, bounds=[-1, 1], name="x"), cp.Variable(5, bounds=[-1, 1], name="y")
    leader = sign * (cp.sum_squares(x) + cp.sum_squares(y))
    follower = (
        y[0] ** 3
        + (x[0] + x[1]) * y[1] ** 2
        + 0.1 * y[2]
        + (y[3] ** 2 + y[4] ** 2) * x[2] * x[3] * x[4]
    )
    upper = [y[0] * y[1] <= x[0], x[0] + y[2] - cp.exp(x[1]) <= 0, x[1] * y[0] ** 2 <= 0]
    return two_level(leader, [x], upper, follower, [y], lower_rows(x, y))


def _three_rows(x, y):
    return [
        y[0] * y[1] <= 0.3,
        x[0] - 0.2 - y[2] ** 2 <= 0,
        -cp.exp(y[2]) + y[3] * y[4] - 0.1 <= 0,
    ]


def mitsos_barton_2007_example_327():
    return _mitsos_barton("327", _five_by_five(1, _three_rows), 2.0)


def mitsos_barton_2007_example_328():
    return _mitsos_barton("328", _five_by_five(-1, _three_rows), -10.0)


def kleniati_adjiman_2014_example_3():
    return BilevelProblem(
        "kleniati_adjiman_2014_example_3",
        _unit(lambda x, y: x - y, lambda x, y: 0.5 * x * y**2 - x * y**3),
        "leader",
        -1.0,
        "Kleniati and Adjiman (2014), example 3; BASBLib ka_2014_01",
        follower="nonconvex",
        note="reached only at x = 0, where y is free",
    )


def kleniati_adjiman_2014_example_4():
    return BilevelProblem(
        "kleniati_adjiman_2014_example_4",
        _five_by_five(-1, lambda x, y: [x[0] - y[2] ** 2 <= 0.2]),
        "leader",
        -10.0,
        "Kleniati and Adjiman (2014), example 4; BASBLib ka_2014_02",
        follower="nonconvex",
    )


def _ye_zhu(name, leader, value, source):
    x, y = cp.Variable(bounds=[-3, 2], name="x"), cp.Variable(bounds=[-10, 10], name="y")
    return BilevelProblem(
        name,
        two_level(leader(x, y), [x], [], y**3 - 3 * y, [y], [x - y <= 0]),
        "leader",
        value,
        source,
        follower="nonconvex",
    )


def ye_zhu_2010_example_42():
    return _ye_zhu(
        "ye_zhu_2010_example_42",
        lambda x, y: (x - 1) ** 2 + y**2,
        1.0,
        "Ye and Zhu (2010), example 4.2; BASBLib yz_2010_01",
    )


def ye_zhu_2010_example_43():
    return _ye_zhu(
        "ye_zhu_2010_example_43",
        lambda x, y: (x - 0.5) ** 2 + (y - 2) ** 2,
        1.25,
        "Ye and Zhu (2010), example 4.3; BOLIB YeZhu2010Ex43",
    )


def vogel_2012():
    return _ye_zhu("vogel_2012", lambda x, y: (y + 1) ** 2, 1.0, "Vogel (2012); BOLIB Vogel2012")


def mirrlees_1999():
    x, y = cp.Variable(bounds=[-10, 10], name="x"), cp.Variable(bounds=[-2, 2], name="y")
    follower = -x * cp.exp(-((y + 1) ** 2)) - cp.exp(-((y - 1) ** 2))
    return BilevelProblem(
        "mirrlees_1999",
        two_level((x - 2) ** 2 + (y - 1) ** 2, [x], [], follower, [y], []),
        "leader",
        1.002,
        "Mirrlees (1999); BOLIB Mirrlees1999",
        follower="nonconvex",
        value_kind="refined",
        note="bounds -10 <= x <= 10 are added; first-order conditions alone allow 0.79 at x = 0.895",
    )


def lampariello_sagratella_2017_example_23():
    x, y = cp.Variable(bounds=[-1, 1], name="x"), cp.Variable(2, name="y")
    follower = (x - y[0]) ** 2 + (y[1] + 1) ** 2
    return BilevelProblem(
        "lampariello_sagratella_2017_example_23",
        two_level(x, [x], [], follower, [y], [y[0] ** 3 - y[1] <= 0, y[1] >= 0]),
        "leader",
        -1.0,
        "Lampariello and Sagratella (2017), example 2.3; BOLIB LamparielloSagratella2017Ex23",
        follower="nonconvex",
    )


def an_2009():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(2, name="y")
    H = np.array(
        [[-3.8, 4.4, 1.2, -2.2], [4.4, -2.2, 0.6, 1.8], [1.2, 0.6, 0.0, 0.4], [-2.2, 1.8, 0.4, 0.0]]
    )
    c = np.array([935.74474, 87.53654, 121.96196, 299.24825])
    A = np.array([[0.00000, 3.88889], [-2.00000, 8.77778]])
    B = np.array([[4.88889, 7.44444], [-5.11111, 0.88889]])
    d = np.array([61.57778, 0.80000])
    P = np.array([[-17.85000, 6.57500], [30.32500, 30.32500]])
    Q = np.array([[21.10204, 11.81633], [11.81633, -14.44898]])
    q = np.array([-18.21053, 13.05263])
    D = np.array([[5.0, 7.44444], [-8.33333, 3.0], [-8.66667, -8.55556], [6.44444, -5.11111]])
    E = np.array([[3.88889, 1.77778], [6.88889, 6.11111], [-5.33333, -7.0], [1.44444, 4.44444]])
    b = np.array([39.62222, 60.0, -72.37778, 17.28889])
    z = [x[0], x[1], y[0], y[1]]
    leader = c[:2] @ x + c[2:] @ y
    leader = leader + 0.5 * sum(H[i, j] * z[i] * z[j] for i in range(4) for j in range(4))
    pull = P @ x + q
    follower = pull[0] * y[0] + pull[1] * y[1]
    follower = follower + 0.5 * sum(Q[i, j] * y[i] * y[j] for i in range(2) for j in range(2))
    upper = [y >= 0, A @ x + B @ y <= d]
    return BilevelProblem(
        "an_2009",
        two_level(leader, [x], upper, follower, [y], [D @ x + E @ y <= b]),
        "leader",
        2251.55,
        "An, Tao, Nguyen Canh and Nguyen Van (2009); BOLIB AnEtal2009",
        follower="nonconvex",
        value_kind="refined",
    )


def calvete_gale_1999():
    x, y = cp.Variable(2, bounds=[0, 2], name="x"), cp.Variable(3, bounds=[0, 2], name="y")
    leader = -8 * x[0] - 4 * x[1] + 4 * y[0] - 40 * y[1] - 4 * y[2]
    numerator = 1 + x[0] + x[1] + 2 * y[0] - y[1] + y[2]
    denominator = 6 + 2 * x[0] + y[0] + y[1] - 3 * y[2]
    lower = [
        -y[0] + y[1] + y[2] <= 1,
        2 * x[0] - y[0] + 2 * y[1] - 0.5 * y[2] <= 1,
        2 * x[1] + 2 * y[0] - y[1] - 0.5 * y[2] <= 1,
    ]
    return BilevelProblem(
        "calvete_gale_1999",
        two_level(leader, [x], [], numerator / denominator, [y], lower),
        "leader",
        -29.2,
        "Calvete and Gale (1999); BASBLib cg_1999_01, BOLIB GumusFloudas2001Ex3",
        follower="nonconvex",
        note="a ratio of affine functions: pseudoconvex, so first-order conditions suffice",
    )


def gumus_floudas_2001_example_5():
    x, y = cp.Variable(bounds=[0.1, 10], name="x"), cp.Variable(2, bounds=[0.1, 10], name="y")
    lower = [
        0.0332333 * cp.power(y[1], -1) + 0.1 * y[0] <= 1,
        4 * x + 2 * cp.power(x, -0.71) + 0.0332333 * cp.power(x, -1.3) * y[1] <= y[1],
    ]
    return BilevelProblem(
        "gumus_floudas_2001_example_5",
        two_level(x, [x], [], -y[0] + 0.5864 * cp.power(y[0], 0.67), [y], lower),
        "leader",
        0.193616,
        "Gumus and Floudas (2001), example 5; BASBLib gf_2001_01",
        follower="nonconvex",
        value_kind="refined",
        note="the second row is multiplied by y2 > 0",
    )


def nie_wang_ye_2017_example_34():
    x, y = cp.Variable(bounds=[2, 3], name="x"), cp.Variable(2, bounds=[0, 10], name="y")
    norm = y[0] ** 2 + y[1] ** 2
    return BilevelProblem(
        "nie_wang_ye_2017_example_34",
        two_level(
            x + y[0] + y[1],
            [x],
            [],
            x * (y[0] + y[1]),
            [y],
            [-(y[0] ** 2) + y[1] ** 2 + norm**2 <= 0],
        ),
        "leader",
        2.0,
        "Nie, Wang and Ye (2017), example 3.4; BASBLib nwj_2017_01",
        follower="nonconvex",
    )


def nie_wang_ye_2017_example_52():
    x, y = cp.Variable(2, bounds=[-1, 1], name="x"), cp.Variable(3, name="y")
    leader = x[0] * y[0] + x[1] * y[1] + x[0] * x[1] * y[0] * y[1] * y[2]
    follower = x[0] * y[0] ** 2 + x[1] ** 2 * y[1] * y[2] - y[0] * y[2] ** 2
    norm = y[0] ** 2 + y[1] ** 2 + y[2] ** 2
    return BilevelProblem(
        "nie_wang_ye_2017_example_52",
        two_level(leader, [x], [y[0] * y[1] <= x[0] ** 2], follower, [y], [norm >= 1, norm <= 2]),
        "leader",
        -1.710,
        "Nie, Wang and Ye (2017), example 5.2; BASBLib nwj_2016_02",
        follower="nonconvex",
        value_kind="refined",
    )


def nie_wang_ye_2017_example_57():
    x, y = cp.Variable(2, bounds=[-1, 1], name="x"), cp.Variable(3, name="y")
    leader = 0.5 * x[0] ** 2 * y[0] + x[1] * y[1] ** 2 - (x[0] + x[1] ** 2) * y[2]
    follower = x[1] * (y[0] * y[1] * y[2] + y[1] ** 2 - y[2] ** 3)
    norm = y[0] ** 2 + y[1] ** 2 + y[2] ** 2
    upper = [-x[0] - x[1] + x[0] ** 2 + norm <= 0]
    lower = [norm - x[0] <= 0, 2 * y[1] * y[2] <= 1]
    return BilevelProblem(
        "nie_wang_ye_2017_example_57",
        two_level(leader, [x], upper, follower, [y], lower),
        "leader",
        -2.0,
        "Nie, Wang and Ye (2017), example 5.7; BASBLib nwj_2016_04",
        follower="nonconvex",
    )


def nie_wang_ye_2017_example_61():
    x, y = cp.Variable(2, bounds=[-1, 1], name="x"), cp.Variable(2, name="y")
    leader = y[0] ** 3 * (x[0] ** 2 - 3 * x[0] * x[1]) - y[0] ** 2 * y[1] + y[1] * x[1] ** 3
    follower = y[0] * y[1] ** 2 - y[1] ** 3 - y[0] ** 2 * (x[1] - x[0] ** 2)
    upper = [-y[1] - y[0] * (1 - x[0] ** 2) <= 0]
    return BilevelProblem(
        "nie_wang_ye_2017_example_61",
        two_level(leader, [x], upper, follower, [y], [y[0] ** 2 + y[1] ** 2 <= 1]),
        "leader",
        -1.022,
        "Nie, Wang and Ye (2017), example 6.1; BOLIB NieWangYe2017Ex61",
        follower="nonconvex",
        value_kind="refined",
    )


def sinha_malo_deb_2014_tp7():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    ratio = (x[0] + y[0]) * (x[1] + y[1]) / (1 + x[0] * y[0] + x[1] * y[1])
    upper = [x[0] ** 2 + x[1] ** 2 <= 100, x[0] - x[1] <= 0]
    return BilevelProblem(
        "sinha_malo_deb_2014_tp7",
        two_level(-ratio, [x], upper, ratio, [y], [y[0] <= x[0], y[1] <= x[1]]),
        "leader",
        -1.96,
        "Sinha, Malo and Deb (2014), TP7",
        follower="nonconvex",
        value_kind="refined",
    )


PROBLEMS = (
    mitsos_barton_2007_example_39,
    mitsos_barton_2007_example_310,
    mitsos_barton_2007_example_311,
    mitsos_barton_2007_example_312,
    mitsos_barton_2007_example_313,
    mitsos_barton_2007_example_313_variant,
    mitsos_barton_2007_example_314,
    mitsos_barton_2007_example_315,
    mitsos_barton_2007_example_316,
    mitsos_barton_2007_example_317,
    mitsos_barton_2007_example_318,
    mitsos_barton_2007_example_318_variant,
    mitsos_barton_2007_example_319,
    mitsos_barton_2007_example_320,
    mitsos_barton_2007_example_321,
    mitsos_barton_2007_example_322,
    mitsos_barton_2007_example_323,
    mitsos_barton_2007_example_324,
    mitsos_barton_2007_example_325,
    mitsos_barton_2007_example_326,
    mitsos_barton_2007_example_327,
    mitsos_barton_2007_example_328,
    kleniati_adjiman_2014_example_3,
    kleniati_adjiman_2014_example_4,
    ye_zhu_2010_example_42,
    ye_zhu_2010_example_43,
    vogel_2012,
    mirrlees_1999,
    lampariello_sagratella_2017_example_23,
    an_2009,
    calvete_gale_1999,
    gumus_floudas_2001_example_5,
    nie_wang_ye_2017_example_34,
    nie_wang_ye_2017_example_52,
    nie_wang_ye_2017_example_57,
    nie_wang_ye_2017_example_61,
    sinha_malo_deb_2014_tp7,
)
