"""Tolls on arcs: the leader's revenue is bilinear, the follower routes by a linear program."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from . import BilevelProblem, two_level


def colson_toll_1():
    x, y = cp.Variable(3, nonneg=True, name="x"), cp.Variable(8, nonneg=True, name="y")
    A = np.array(
        [
            [1, 1, 1, 0, 0, 0, 0, 0],
            [-1, 0, 0, 1, 1, 0, 0, 0],
            [0, -1, 0, -1, 0, 1, 1, 0],
            [0, 0, 0, 0, -1, -1, 0, 1],
            [0, 0, 1, 0, 0, 0, 1, 1],
        ]
    )
    tolls = x[0] * y[2] + x[1] * y[3] + x[2] * y[7]
    follower = np.array([2, 6, 5, 0, 4, 2, 6, 0]) @ y + tolls
    return BilevelProblem(
        "colson_toll_1",
        two_level(-tolls, [x], [], follower, [y], [A @ y == np.array([1, 0, 0, 0, 1])]),
        "leader",
        -7.0,
        "Colson, Marcotte and Savard (2005); BOLIB TollSettingP1",
    )


COSTS = np.array([0, 0, 0, 0, 0, 0, 5, 7, 14, 7, 2, 4, 29, 20, 12, 8, 5, 2])


def _didi_biha(scale):
    """Two goods on three tolled arcs, the second `scale` units a vehicle."""
    s = scale
    rows = [
        [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1],
        [1, 0, 0, 0, 1, 0, -1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        [0, s, 0, 0, 0, s, 0, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 0],
        [-1, 0, 1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
        [0, -s, 0, s, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0],
        [0, 0, -1, 0, -1, 0, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, -s, 0, -s, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 1],
    ]
    x, y = cp.Variable(3, nonneg=True, name="x"), cp.Variable(18, nonneg=True, name="y")
    revenue = sum(x[k] * (y[2 * k] + s * y[2 * k + 1]) for k in range(3))
    lower = [np.array(rows) @ y == np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])]
    return two_level(-revenue, [x], [], COSTS @ y + 2 * revenue, [y], lower)


def didi_biha_toll_2():
    return BilevelProblem(
        "didi_biha_toll_2",
        _didi_biha(1),
        "leader",
        -4.5,
        "Didi-Biha, Marcotte and Savard (2006); BOLIB TollSettingP2",
    )


def didi_biha_toll_3():
    return BilevelProblem(
        "didi_biha_toll_3",
        _didi_biha(10),
        "leader",
        -3.5,
        "Didi-Biha, Marcotte and Savard (2006); BOLIB TollSettingP3",
    )


def two_pairs_toll_4():
    x, y = cp.Variable(2, name="x"), cp.Variable(4, nonneg=True, name="y")
    revenue = x[0] * y[1] + (x[0] + x[1]) * y[2]
    follower = np.array([8, 3, 3, 6]) @ y + 2 * revenue
    return BilevelProblem(
        "two_pairs_toll_4",
        two_level(-revenue, [x], [], follower, [y], [y[0] + y[1] == 1, y[2] + y[3] == 1]),
        "leader",
        -4.0,
        "BOLIB TollSettingP4",
        note="the second arc's toll is free in sign",
    )


def two_pairs_toll_5():
    x, y = cp.Variable(name="x"), cp.Variable(4, nonneg=True, name="y")
    revenue = x * y[1] + x * y[2]
    follower = np.array([8, 3, 4, 6]) @ y + 2 * revenue
    return BilevelProblem(
        "two_pairs_toll_5",
        two_level(-revenue, [x], [], follower, [y], [y[0] + y[1] == 1, y[2] + y[3] == 1]),
        "leader",
        -2.5,
        "BOLIB TollSettingP5",
    )


PROBLEMS = (
    colson_toll_1,
    didi_biha_toll_2,
    didi_biha_toll_3,
    two_pairs_toll_4,
    two_pairs_toll_5,
)
