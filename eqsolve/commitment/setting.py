"""A leader's problem: the arguments of a Stackelberg POMDP, checked once at the door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eqsolve.commitment.batch_game import BatchGame, check_game
from eqsolve.commitment.bayesian_play import BayesianPlay
from eqsolve.commitment.normal_form_play import NormalFormPlay
from eqsolve.commitment.responses.protocol import Response
from eqsolve.errors import BadCommitment
from eqsolve.games.bayesian import BayesianGame
from eqsolve.games.finite import NormalFormGame

CRITICS = ("full", "none")
ASKS = ("play", "episode")


@dataclass(frozen=True, eq=False)
class Setting:
    """A leader's problem: the game, how followers respond, and for how long.

    Attributes
    ----------
    game : BatchGame
    response : Response
    response_plays : int
        E; the response may finish earlier.
    reward_plays : int
        R.
    mixed : bool
        The leader commits to mixes that followers see.
    hide_response : bool
        The leader's learner does not see the response phase (an ablation).
    critic : "full" or "none"
        What a critic sees beyond the leader's observation: everything or nothing.
    ask : "play" or "episode"
        How long the leader's answer at an observation stands: it is asked once a play, or once
        an episode.
    """

    game: BatchGame
    response: Response
    response_plays: int
    reward_plays: int
    mixed: bool = False
    hide_response: bool = False
    critic: str = "full"
    ask: str = "play"

    @property
    def forgiving(self) -> Setting:
        """The same, with followers who say that they have not finished, instead of raising."""
        response: Any = self.response
        if not response.demands_end:
            return self
        return replace(self, response=replace(response, unfinished="say"))


def as_batch_game(game: Any, leader: Any = None) -> BatchGame:
    """A game with a leader, from a finite game and who leads it, or as it is.

    Raises
    ------
    BadCommitment
        When it is none, or has a leader already.

    Examples
    --------
    >>> import eqsolve as eq
    >>> game = as_batch_game(eq.models.load("conitzer"))
    >>> game.leader_actions, game.actions
    (2, (2,))
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
    reward_plays: int = 1,
    mixed: bool = False,
    hide_response: bool = False,
    critic: str = "full",
    ask: str = "play",
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
    if played.graph is not None and not played.graph.depth:
        raise BadCommitment(
            f"{played.name} is an environment without a leader: it never has anything to decide."
        )
    if mixed and played.graph is None:
        raise BadCommitment(
            f"{played.name}: followers can be shown a mix only where plays can be listed; leave "
            "out mixed=True."
        )
    return Setting(
        played, response, int(response_plays), int(reward_plays), mixed, hide_response, critic, ask
    )
