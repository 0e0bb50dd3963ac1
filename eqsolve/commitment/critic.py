"""What a critic may see in training and the leader may not: phase, clock, followers.

The leader's actor sees its observation of the base game. The critic of an actor-critic learner
sees, besides, whether the reward phase runs, how much of the phase is over, what the response
algorithm knows, and the followers' types and actions in the play on the table. It is used in
training only, so that the policy remains a commitment.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.questions import Questions
from eqsolve.commitment.setting import Setting


def critic_names(setting: Setting) -> tuple[str, ...]:
    """What each entry is, in order."""
    if setting.critic == "none":
        return ()
    game = setting.game
    who = [str(name) for name in game.follower_names]
    return (
        "phase",
        "clock",
        *setting.response.feature_names(game),
        *(f"type of {name}" for name in who),
        *(f"action of {name}" for name in who),
    )


def critic_observations(setting: Setting, questions: Questions) -> NDArray[np.float32]:
    """Everything, (B, features): numbers near [0, 1]."""
    batch = questions.batch
    if setting.critic == "none":
        return np.zeros((batch, 0), dtype=np.float32)
    game = setting.game
    lengths = np.where(questions.rewarding, setting.reward_plays, setting.response_plays)
    types = questions.types / np.maximum(np.array(game.types) - 1, 1)
    actions = questions.actions / np.maximum(np.array(game.actions) - 1, 1)
    parts = [
        questions.rewarding[:, None],
        (questions.plays / lengths)[:, None],
        setting.response.features(game, questions.state),
        types,
        actions,
    ]
    return np.concatenate(parts, axis=1, dtype=np.float32)
