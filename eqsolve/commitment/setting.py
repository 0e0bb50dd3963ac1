"""From the arguments of a Stackelberg POMDP to its setting, checked once at the door."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqsolve.commitment.batch_game import BatchGame, check_game
from eqsolve.commitment.bayesian_play import BayesianPlay
from eqsolve.commitment.episodes import ASKS, CRITICS, Setting
from eqsolve.commitment.normal_form_play import NormalFormPlay
from eqsolve.commitment.responses.protocol import Response
from eqsolve.errors import BadCommitment
from eqsolve.games.bayesian import BayesianGame
from eqsolve.games.finite import NormalFormGame


def as_batch_game(game: Any, leader: Any = None) -> BatchGame:
    """A game with a leader, from a finite game and who leads it, or as it is.

    Raises
    ------
    BadCommitment
        When it is none, or has a leader already.
    """
    if isinstance(game, NormalFormGame):
        return NormalFormPlay(game, 0 if leader is None else leader)
    if isinstance(game, BayesianGame):
        return BayesianPlay(game, 0 if leader is None else leader)
    check_game(game)
    if leader not in (None, 0, "leader"):
        raise BadCommitment(f"{game.name} has a leader already; leave out leader={leader!r}.")
    return game  # type: ignore[no-any-return]


def make_setting(
    game: Any,
    leader: Any,
    *,
    response: Any,
    response_plays: int | None,
    reward_plays: int,
    mixed: bool,
    hide_response: bool,
    critic: str,
    ask: str,
) -> Setting:
    """The setting, or the sentence that says what is wrong."""
    played = as_batch_game(game, leader)
    if not isinstance(response, Response):
        raise BadCommitment(
            f"response must be a policy-interactive response, such as MultiplicativeWeights(), "
            f"not {response!r}."
        )
    response.check(played)
    if response_plays is None:
        response_plays = response.horizon
        if response_plays is None:
            raise BadCommitment(
                f"{response!r} never finishes by itself; give response_plays=, the number of "
                "plays after which followers behave as learned."
            )
    for name, count in (("response_plays", response_plays), ("reward_plays", reward_plays)):
        if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
            raise BadCommitment(f"{name} must be a whole number, 1 or more, not {count!r}.")
    for name, word, words in (("critic", critic, CRITICS), ("ask", ask, ASKS)):
        if word not in words:
            raise BadCommitment(f"{name} must be one of {words}, not {word!r}.")
    if mixed and played.graph is None:
        raise BadCommitment(
            f"{played.name}: followers can be shown a mix only where plays can be listed; leave "
            "out mixed=True."
        )
    return Setting(
        played, response, int(response_plays), int(reward_plays), mixed, hide_response, critic, ask
    )
