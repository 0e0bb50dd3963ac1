"""Expected payoffs of multilinear games: the others' mixes are summed out, player by player.

What player i gets from action b is

    sum over the others' actions of  U_i(b, a_-i) product over j != i of x_j(a_j).

Coordinates come first and profiles last in here, so that every sum runs over contiguous
memory: one matrix product for the last of the others, elementwise sums for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def own_first(payoffs: Array, players: int) -> tuple[Array, ...]:
    """Each player's tensor with its own actions as the first axis.

    Parameters
    ----------
    payoffs : ndarray (players, actions_1, ..., actions_n) or with further axes at the end
    players : int
    """
    return tuple(np.ascontiguousarray(np.moveaxis(payoffs[k], k, 0)) for k in range(players))


def deviation_payoffs(tensors: Sequence[Array], profile: Array, blocks: Sequence[slice]) -> Array:
    """What each player gets from each of its actions against the others, (..., n).

    Parameters
    ----------
    tensors : sequence of ndarray
        One a player, own actions first, as `own_first` gives them.
    profile : ndarray (..., n)
    blocks : sequence of slice
        Where each player's mix stands in a profile.

    Returns
    -------
    ndarray (..., n)
        In the memory order of `profile`.
    """
    columns = profile.reshape(-1, profile.shape[-1]).T  # no copy for one profile or a batch
    out = np.empty(columns.shape)
    for own, tensor in enumerate(tensors):
        others = [columns[block] for k, block in enumerate(blocks) if k != own]
        if not others:
            out[blocks[own]] = tensor[:, None]
            continue
        if len(others) == 1:
            np.matmul(tensor, others[0], out=out[blocks[own]])
            continue
        last = others.pop()
        left = (tensor.reshape(-1, last.shape[0]) @ last).reshape(*tensor.shape[:-1], -1)
        while others:
            left = (left * others.pop()).sum(axis=-2)
        out[blocks[own]] = left
    if profile.ndim == 2 and profile.flags.f_contiguous:
        return out.T
    return np.ascontiguousarray(out.T).reshape(profile.shape)


def deviation_payoffs_of_batch(
    tensors: Sequence[Array], profile: Array, blocks: Sequence[slice]
) -> Array:
    """The same where every profile of the last but one axis plays a game of its own.

    Parameters
    ----------
    tensors : sequence of ndarray
        One a player, own actions first, games last.
    profile : ndarray (..., games, n)
    blocks : sequence of slice
    """
    games, n = profile.shape[-2:]
    columns = np.moveaxis(profile, -1, 0).reshape(n, -1, games)
    out = np.empty(columns.shape)
    for own, tensor in enumerate(tensors):
        others = [columns[block] for k, block in enumerate(blocks) if k != own]
        if not others:
            out[blocks[own]] = tensor[:, None]
            continue
        left = tensor[..., None, :]
        while others:
            left = (left * others.pop()).sum(axis=-3)
        out[blocks[own]] = left
    return np.moveaxis(out.reshape(n, *profile.shape[:-1]), 0, -1)


def deviation_slopes(tensors: Sequence[Array], vector: Array, blocks: Sequence[slice]) -> Array:
    """Derivative of `deviation_payoffs` at one profile (n,), as (n, n).

    Row (i, b), column (j, c): what player i gets from b when j plays c for sure and everybody
    else mixes. Zero where i = j.
    """
    out = np.zeros((vector.size, vector.size))
    for own, tensor in enumerate(tensors):
        others = [k for k in range(len(blocks)) if k != own]
        for kept in others:
            left = np.moveaxis(tensor, 1 + others.index(kept), 1)
            # Summed out from the last axis on, so that the axes before keep their places.
            for k in reversed([k for k in others if k != kept]):
                left = left @ vector[blocks[k]]
            out[blocks[own], blocks[kept]] = left
    return out
