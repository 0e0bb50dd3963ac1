"""Linear leader, linear follower."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from . import BilevelProblem, two_level


def anandalingam_white_1990():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    lower = [x + 2 * y >= 10, x - 2 * y <= 6, 2 * x - y <= 21, x + 2 * y <= 38, -x + 2 * y <= 18]
    return BilevelProblem(
        "anandalingam_white_1990",
        two_level(-x - 3 * y, [x], [], -x + 3 * y, [y], lower),
        "leader",
        -49.0,
        "Anandalingam and White (1990); BASBLib aw_1990_01",
        note="the follower's value is 17 (BOLIB prints 15)",
    )


def bard_1984a():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    lower = [x + 0.5 * y >= 2, -0.25 * x + y <= 2, x + 0.5 * y <= 8, x - 2 * y <= 4]
    return BilevelProblem(
        "bard_1984a",
        two_level(x + y, [x], [], -5 * x - y, [y], lower),
        "leader",
        28 / 9,
        "Bard (1984); BASBLib b_1984_01, BOLIB Bard1984a",
    )


def bard_1984b():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    lower = [x + 0.5 * y >= 2, -0.25 * x + y <= 2, x + 0.5 * y <= 8, x - 2 * y <= 4]
    return BilevelProblem(
        "bard_1984b",
        two_level(-5 * x - y, [x], [], y, [y], lower),
        "leader",
        -37.6,
        "Bard (1984); BOLIB Bard1984b",
    )


def bard_1991():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    lower = [x + y[0] <= 1, x + y[1] <= 1, y[0] + y[1] <= 1]
    return BilevelProblem(
        "bard_1991",
        two_level(-x + 10 * y[0] - y[1], [x], [], -y[0] - y[1], [y], lower),
        "leader",
        -1.0,
        "Bard (1991), example 2; BASBLib b_1991_01, MacMPEC ex9.1.5",
    )


def bard_1991_variant():
    x, y = cp.Variable(bounds=[0, 10], name="x"), cp.Variable(2, bounds=[0, 10], name="y")
    lower = [x + y[0] <= 1, x + y[1] <= 1, y[0] + y[1] <= 1]
    return BilevelProblem(
        "bard_1991_variant",
        two_level(-x + 10 * y[0] - 2 * y[1], [x], [], -y[0] - y[1], [y], lower),
        "leader",
        -2.0,
        "Paulavicius and Adjiman (2019); BASBLib b_1991_01v",
    )


def _candler_townsley_rows(x, y):
    return [
        -y[0] + y[1] + y[2] <= 1,
        2 * x[0] - y[0] + 2 * y[1] - 0.5 * y[2] <= 1,
        2 * x[1] + 2 * y[0] - y[1] - 0.5 * y[2] <= 1,
    ]


def bard_falk_1982a():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(3, nonneg=True, name="y")
    leader = -8 * x[0] - 4 * x[1] + 4 * y[0] - 40 * y[1] + 4 * y[2]
    follower = x[0] + 2 * x[1] + y[0] + y[1] + 2 * y[2]
    return BilevelProblem(
        "bard_falk_1982a",
        two_level(leader, [x], [], follower, [y], _candler_townsley_rows(x, y)),
        "leader",
        -26.0,
        "Bard and Falk (1982), example 1; BASBLib bf_1982_01, MacMPEC ex9.1.7",
    )


def bard_falk_1982b():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    lower = [-2 * x[0] + y[0] - y[1] <= -2.5, x[0] - 3 * x[1] + y[1] <= 2, x[0] + x[1] <= 2]
    follower = x[0] + x[1] - 4 * y[0] + y[1]
    return BilevelProblem(
        "bard_falk_1982b",
        two_level(-2 * x[0] + x[1] + 0.5 * y[0], [x], [], follower, [y], lower),
        "leader",
        -3.25,
        "Bard and Falk (1982), example 2; BASBLib bf_1982_02, MacMPEC ex9.1.8",
        note="the row x1 + x2 <= 2 mentions the leader only but stands at the lower level",
    )


def ben_ayed_blair_1990a():
    x, y = cp.Variable(bounds=[0, 1], name="x"), cp.Variable(2, nonneg=True, name="y")
    lower = [x + 3 * y[0] + y[1] <= 5, 2 * x + y[0] + 3 * y[1] <= 5]
    return BilevelProblem(
        "ben_ayed_blair_1990a",
        two_level(-1.5 * x - 6 * y[0] - y[1], [x], [], -y[0] - 5 * y[1], [y], lower),
        "leader",
        -2.5,
        "Ben-Ayed and Blair (1990); BOLIB BenAyedBlair1990a",
    )


def ben_ayed_blair_1990b():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    lower = [4 * x + 3 * y >= 19, x + 2 * y <= 11, 3 * x + y <= 13]
    return BilevelProblem(
        "ben_ayed_blair_1990b",
        two_level(-x - y, [x], [], y, [y], lower),
        "leader",
        -6.0,
        "Ben-Ayed and Blair (1990); BOLIB BenAyedBlair1990b",
    )


def bialas_karwan_1984a():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    lower = [
        x + y[0] + y[1] <= 3,
        -x - y[0] + y[1] <= -1,
        -x + y[0] + y[1] <= 1,
        x - y[0] + y[1] <= 1,
        y[1] <= 0.5,
    ]
    return BilevelProblem(
        "bialas_karwan_1984a",
        two_level(-x - y[1], [x], [], -y[1], [y], lower),
        "leader",
        -2.0,
        "Bialas and Karwan (1984); BOLIB BialasKarwan1984a",
    )


def bialas_karwan_1984b():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    lower = [x + 2 * y >= 10, x + 2 * y <= 38, -x + 2 * y <= 18, x - 2 * y <= 6, 2 * x - y <= 21]
    return BilevelProblem(
        "bialas_karwan_1984b",
        two_level(-y, [x], [], y, [y], lower),
        "leader",
        -11.0,
        "Bialas and Karwan (1984); BOLIB BialasKarwan1984b",
    )


def candler_townsley_1982():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(3, nonneg=True, name="y")
    leader = -8 * x[0] - 4 * x[1] + 4 * y[0] - 40 * y[1] - 4 * y[2]
    follower = x[0] + 2 * x[1] + y[0] + y[1] + 2 * y[2]
    return BilevelProblem(
        "candler_townsley_1982",
        two_level(leader, [x], [], follower, [y], _candler_townsley_rows(x, y)),
        "leader",
        -29.2,
        "Candler and Townsley (1982); BOLIB CandlerTownsley1982",
    )


def candler_townsley_1982_equalities():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(6, nonneg=True, name="y")
    leader = -8 * x[0] - 4 * x[1] + 4 * y[0] - 40 * y[1] - 4 * y[2]
    follower = x[0] + 2 * x[1] + y[0] + y[1] + 2 * y[2]
    lower = [
        -y[0] + y[1] + y[2] + y[3] == 1,
        2 * x[0] - y[0] + 2 * y[1] - 0.5 * y[2] + y[4] == 1,
        2 * x[1] + 2 * y[0] - y[1] - 0.5 * y[2] + y[5] == 1,
    ]
    return BilevelProblem(
        "candler_townsley_1982_equalities",
        two_level(leader, [x], [], follower, [y], lower),
        "leader",
        -29.2,
        "Candler and Townsley (1982); BASBLib ct_1982_01, MacMPEC ex9.1.3",
        note="the same in the paper's equality form",
    )


def clark_westerberg_1988():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    lower = [-2 * x + y <= 0, 2 * x + 5 * y <= 108, 2 * x - 3 * y <= -4]
    return BilevelProblem(
        "clark_westerberg_1988",
        two_level(x - 4 * y, [x], [], y, [y], lower),
        "leader",
        -37.0,
        "Clark and Westerberg (1988); BASBLib cw_1988_01, MacMPEC ex9.1.4",
    )


def clark_westerberg_1990b():
    x, y1 = cp.Variable(bounds=[0, 8], name="x"), cp.Variable(bounds=[0, 4], name="y1")
    y2 = cp.Variable(name="y2")
    lower = [
        -2 * x + y1 + 4 * y2 <= 16,
        8 * x + 3 * y1 - 2 * y2 <= 48,
        -2 * x + y1 - 3 * y2 <= -12,
    ]
    return BilevelProblem(
        "clark_westerberg_1990b",
        two_level(-x - 3 * y1 + 2 * y2, [x], [], -y1, [y1, y2], lower),
        "leader",
        -13.0,
        "Clark and Westerberg (1990), section 3.1; BASBLib cw_1990_01, MacMPEC ex9.1.1",
        note="the follower is indifferent about y2",
    )


def glackin_2009():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    lower = [x[0] + x[1] + y <= 4, 2 * x[0] + 2 * x[1] + y <= 6]
    return BilevelProblem(
        "glackin_2009",
        two_level(-2 * x[0] + 4 * x[1] + 3 * y, [x], [x[0] - x[1] <= -1], -y, [y], lower),
        "leader",
        6.0,
        "Glackin, Ecker and Kupferschmid (2009); BOLIB GlackinEtal2009",
    )


def haurie_savard_white_1990():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    lower = [-3 * x + 2 * y <= 6, 3 * x + 4 * y <= 48, 2 * x - 5 * y <= 9, x + y >= 8]
    return BilevelProblem(
        "haurie_savard_white_1990",
        two_level(x + 5 * y, [x], [], -y, [y], lower),
        "leader",
        27.0,
        "Haurie, Savard and White (1990); BOLIB HaurieSavardWhite1990",
    )


def hu_huang_zhang_2009():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    lower = [x + y[0] + y[1] <= 25 / 9, x + y[1] <= 2, y[0] + y[1] <= 8 / 9]
    return BilevelProblem(
        "hu_huang_zhang_2009",
        two_level(-4 * x - y[0] - y[1], [x], [], -x - 3 * y[0], [y], lower),
        "leader",
        -76 / 9,
        "Hu, Huang and Zhang (2009); BOLIB HuHuangZhang2009",
    )


def lan_wen_shih_lee_2007():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    lower = [
        x - 2 * y <= 4,
        2 * x - y <= 24,
        3 * x + 4 * y <= 96,
        x + 7 * y <= 126,
        -4 * x + 5 * y <= 65,
        x + 4 * y >= 8,
    ]
    return BilevelProblem(
        "lan_wen_shih_lee_2007",
        two_level(2 * x - 11 * y, [x], [], x + 3 * y, [y], lower),
        "leader",
        -936 / 11,
        "Lan, Wen, Shih and Lee (2007); BOLIB LanWenShihLee2007",
        value_kind="refined",
        note="a heuristic's -85.0855 is printed, at (17.4535, 10.908); the vertex is (192, 120)/11",
    )


def liu_hart_1994():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    lower = [-x + y <= 3, x + 2 * y <= 12, 4 * x - y <= 12]
    return BilevelProblem(
        "liu_hart_1994",
        two_level(-x - 3 * y, [x], [], y, [y], lower),
        "leader",
        -16.0,
        "Liu and Hart (1994); BASBLib lh_1994_01",
    )


def mersha_dempe_2006():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    upper = [-2 * x + 3 * y <= 12, x + y <= 14]
    lower = [-3 * x + y <= -3, 3 * x + y <= 30]
    return BilevelProblem(
        "mersha_dempe_2006",
        two_level(-x - 2 * y, [x], upper, -y, [y], lower),
        "leader",
        -20.0,
        "Mersha and Dempe (2006), example 2; BOLIB MershaDempe2006Ex2",
        note="rows that bind both are the leader's: the feasible set is not connected",
    )


def _savard_rows(x, y):
    return [
        -y[0] + y[1] + y[2] <= 1,
        4 * x[0] - 2 * y[0] + 4 * y[1] - y[2] <= 2,
        4 * x[1] + 4 * y[0] - 2 * y[1] - y[2] <= 2,
    ]


def savard_1989():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(3, nonneg=True, name="y")
    leader = -8 * x[0] - 4 * x[1] + 4 * y[0] - 40 * y[1] + 4 * y[2]
    upper = [x[0] + 2 * x[1] - y[2] <= 1.3]
    follower = 2 * y[0] + y[1] + 2 * y[2]
    return BilevelProblem(
        "savard_1989",
        two_level(leader, [x], upper, follower, [y], _savard_rows(x, y)),
        "leader",
        -14.6,
        "Savard (1989); BASBLib s_1989_01",
    )


def bilin():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(3, nonneg=True, name="y")
    leader = -8 * x[0] - 4 * x[1] + 4 * y[0] - 40 * y[1] - 4 * y[2]
    upper = [x[0] + 2 * x[1] - y[2] <= 1.3]
    follower = 2 * y[0] + y[1] + 2 * y[2]
    return BilevelProblem(
        "bilin",
        two_level(leader, [x], upper, follower, [y], _savard_rows(x, y)),
        "leader",
        -18.4,
        "Hansen, Jaumard and Savard (1992); MacMPEC bilin",
        note="as savard_1989 with the other sign of y3 for the leader",
    )


def shimizu_ishizuka_bard_1997():
    x, y = cp.Variable(bounds=[0, 10], name="x"), cp.Variable(bounds=[0, 10], name="y")
    lower = [x + y >= 3, -2 * x + y <= 0, 2 * x + y <= 12, -3 * x + 2 * y <= -4]
    return BilevelProblem(
        "shimizu_ishizuka_bard_1997",
        two_level(x - 4 * y, [x], [], y, [y], lower),
        "leader",
        -2.0,
        "Shimizu, Ishizuka and Bard (1997), example 16.1.1; BASBLib sib_1997_02",
        value_kind="corrected",
        note="the book's -12 at (4, 4) belongs to its figure, not to its formulas",
    )


def bard_1998_example_511():
    x, y = cp.Variable(bounds=[0, 10], name="x"), cp.Variable(bounds=[0, 10], name="y")
    lower = [x + y >= 3, -2 * x + y <= 0, 2 * x + y <= 12, 3 * x - 2 * y <= 4]
    return BilevelProblem(
        "bard_1998_example_511",
        two_level(x - 4 * y, [x], [], y, [y], lower),
        "leader",
        -12.0,
        "Bard (1998), example 5.1.1; BASBLib sib_1997_02v",
    )


def tuy_1993():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    lower = [-2 * x[0] + y[0] - y[1] <= -2.5, x[0] - 3 * x[1] + y[1] <= 2]
    leader, follower = -2 * x[0] + x[1] + 0.5 * y[0], -4 * y[0] + y[1]
    return BilevelProblem(
        "tuy_1993",
        two_level(leader, [x], [x[0] + x[1] <= 2], follower, [y], lower),
        "leader",
        -3.25,
        "Tuy, Migdalas and Varbrand (1993); BOLIB TuyEtal1993",
    )


def tuy_1994():
    x, y = cp.Variable(2, nonneg=True, name="x"), cp.Variable(2, nonneg=True, name="y")
    leader, follower = 3 * x[0] + 2 * x[1] + y[0] + y[1], 4 * y[0] + y[1]
    upper = [x[0] + x[1] + y[0] + y[1] <= 4]
    lower = [3 * x[0] + 5 * x[1] + 6 * y[0] + 2 * y[1] >= 15]
    return BilevelProblem(
        "tuy_1994",
        two_level(leader, [x], upper, follower, [y], lower),
        "leader",
        6.0,
        "Tuy, Migdalas and Varbrand (1994); BOLIB TuyEtal1994",
    )


def tuy_2007_example_3():
    """As transcribed the leader gains without bound; kept out of PROBLEMS, a test shows it."""
    x, y = cp.Variable(10, nonneg=True, name="x"), cp.Variable(6, nonneg=True, name="y")
    A = np.array([[2, 3, -14, 2, 9, -2, -1, 4, 0, -2], [-1, 7, -13, 0, 15, -2, 8, 4, -4, 7]])
    B = np.array([[3, -9, 2, 8, -1, 8], [6, 2, -6, -2, -8, 4]])
    C = np.array(
        [
            [5, -7, -4, 2, -3, 9, -9, 1, 3, -11],
            [-6, 5, 3, 2, -8, -5, -8, 3, -7, -3],
            [6, 4, -2, 0, 2, -3, 3, -2, -2, -4],
            [-5, -6, 0, 4, -3, 8, -1, 0, -2, 3],
            [-11, 11, -4, -5, 10, 6, -14, 7, 11, 3],
            [-9, 12, 4, 10, -2, -8, -5, 11, 4, -1],
            [-7, 2, 6, 0, 11, -1, 2, 2, 1, 2],
        ]
    )
    D = np.array(
        [
            [-10, 9, 6, -4, -6, 3],
            [5, 7, -1, -1, 6, -4],
            [-10, -5, -6, 4, -3, 1],
            [4, 3, 4, 4, -1, -1],
            [10, 7, -7, -7, -2, -7],
            [-2, 5, -10, -1, -4, -5],
            [5, 5, 6, 5, -1, 12],
        ]
    )
    leader = np.array([12, -1, -12, 13, 0, 2, 0, -5, 6, -11]) @ x
    leader = leader - np.array([5, 6, 4, 7, 0, 0]) @ y
    follower = np.array([3, -2, -3, -3, 1, 6]) @ y
    upper = [A @ x + B @ y >= np.array([-30, 134])]
    lower = [C @ x + D @ y >= np.array([-83, -92, -168, 96, 133, -89, 192])]
    return BilevelProblem(
        "tuy_2007_example_3",
        two_level(leader, [x], upper, follower, [y], lower),
        "leader",
        -467.4613,
        "Tuy, Migdalas and Hoai-Phuong (2007), example 3; BOLIB TuyEtal2007Ex3",
    )


def visweswaran_1996():
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    lower = [x + 0.5 * y >= 2, -0.25 * x + y <= 2, x + 0.5 * y <= 8, x - 2 * y <= 2]
    return BilevelProblem(
        "visweswaran_1996",
        two_level(x + y, [x], [], -5 * x - y, [y], lower),
        "leader",
        28 / 9,
        "Visweswaran, Floudas, Ierapetritou and Pistikopoulos (1996); MacMPEC ex9.1.9",
    )


def wang_jiao_li_2005():
    x, y = cp.Variable(bounds=[0, 1], name="x"), cp.Variable(2, name="y")
    lower = [x + y[0] - y[1] <= 1, y[0] + y[1] <= 1]
    return BilevelProblem(
        "wang_jiao_li_2005",
        two_level(-100 * x - 1000 * y[0], [x], [], -y[0] - y[1], [y], lower),
        "leader",
        -1000.0,
        "Wang, Jiao and Li (2005); BOLIB WangJiaoLi2005",
        note="the follower is indifferent along a whole edge",
    )


def allende_still_2013_example_31():
    x, y = cp.Variable(bounds=[-10, 10], name="x"), cp.Variable(bounds=[-10, 10], name="y")
    return BilevelProblem(
        "allende_still_2013_example_31",
        two_level(-x - y, [x], [], y, [y], [x - y <= 0, y <= 0]),
        "leader",
        0.0,
        "Allende and Still (2013), example 3.1; BASBLib as_2013_01",
    )


def dempe_2002_page_25():
    x, y = cp.Variable(bounds=[0, 8], name="x"), cp.Variable(name="y")
    lower = [x + y <= 8, x + 4 * y >= 8, x + 2 * y <= 13, -7 * x + 2 * y <= 0]
    return BilevelProblem(
        "dempe_2002_page_25",
        two_level(x + 3 * y, [x], [y <= 5], -y, [y], lower),
        "leader",
        92 / 15,
        "Dempe (2002), Foundations of Bilevel Programming, page 25; tests of BilevelJuMP",
        note="the bound on y is the leader's",
    )


def dempe_2002_page_32():
    x, y = cp.Variable(bounds=[0, 3], name="x"), cp.Variable(2, nonneg=True, name="y")
    lower = [100 * y[0] - y[1] <= 1, y[1] <= x]
    return BilevelProblem(
        "dempe_2002_page_32",
        two_level(2 * y[1] - x, [x], [], -y[0], [y], lower),
        "leader",
        0.0,
        "Dempe (2002), Foundations of Bilevel Programming, page 32; tests of BilevelJuMP",
    )


PROBLEMS = (
    anandalingam_white_1990,
    bard_1984a,
    bard_1984b,
    bard_1991,
    bard_1991_variant,
    bard_falk_1982a,
    bard_falk_1982b,
    ben_ayed_blair_1990a,
    ben_ayed_blair_1990b,
    bialas_karwan_1984a,
    bialas_karwan_1984b,
    candler_townsley_1982,
    candler_townsley_1982_equalities,
    clark_westerberg_1988,
    clark_westerberg_1990b,
    glackin_2009,
    haurie_savard_white_1990,
    hu_huang_zhang_2009,
    lan_wen_shih_lee_2007,
    liu_hart_1994,
    mersha_dempe_2006,
    savard_1989,
    bilin,
    shimizu_ishizuka_bard_1997,
    bard_1998_example_511,
    tuy_1993,
    tuy_1994,
    visweswaran_1996,
    wang_jiao_li_2005,
    allende_still_2013_example_31,
    dempe_2002_page_25,
    dempe_2002_page_32,
)
