"""Leaders who commit to rules, followers who learn: the Stackelberg POMDP and its parts.

Where to begin reading: `game` and `batch_game` (the games), `policy` (commitments),
`responses.protocol` (how followers answer), `episodes` (whole episodes at once), `pomdp` (one
question to the leader at a time, a gymnasium environment).
"""

from __future__ import annotations

from eqsolve.commitment.actor_critic import ActorCritic
from eqsolve.commitment.admissible import check_admissible
from eqsolve.commitment.batch_game import BatchGame
from eqsolve.commitment.bayesian_play import from_bayesian
from eqsolve.commitment.commitment_env import CommitmentEnv
from eqsolve.commitment.comparison import PolicyComparison, compare_policies
from eqsolve.commitment.episodes import Episodes, play_episodes
from eqsolve.commitment.game import PartiallyObservableMarkovGame
from eqsolve.commitment.gap import GapPath, coarse_correlated_path
from eqsolve.commitment.interval import ResponseInterval, response_interval
from eqsolve.commitment.normal_form_play import from_normal_form
from eqsolve.commitment.optimum import CommitmentOptimum, CommittedPolicy
from eqsolve.commitment.pettingzoo import from_pettingzoo, to_pettingzoo
from eqsolve.commitment.plans import in_plans
from eqsolve.commitment.policy import (
    Commitment,
    LeaderPolicy,
    MixedCommitment,
    TabularPolicy,
    as_commitment,
)
from eqsolve.commitment.pomdp import StackelbergPOMDP
from eqsolve.commitment.ppo import PPO
from eqsolve.commitment.responses import (
    Behaviour,
    BestResponse,
    Certified,
    MultiplicativeWeights,
    OptimisticMultiplicativeWeights,
    Outcome,
    Path,
    PolicyInteractiveResponse,
    QLearning,
    RegretMatchingPlus,
    Response,
)
from eqsolve.commitment.setting import Setting, as_batch_game
from eqsolve.commitment.subgame import Subgame
from eqsolve.commitment.trained import TrainedLeader
from eqsolve.commitment.vector_pomdp import VectorStackelbergPOMDP

__all__ = [
    "PPO",
    "ActorCritic",
    "BatchGame",
    "Behaviour",
    "BestResponse",
    "Certified",
    "Commitment",
    "CommitmentEnv",
    "CommitmentOptimum",
    "CommittedPolicy",
    "Episodes",
    "GapPath",
    "LeaderPolicy",
    "MixedCommitment",
    "MultiplicativeWeights",
    "OptimisticMultiplicativeWeights",
    "Outcome",
    "PartiallyObservableMarkovGame",
    "Path",
    "PolicyComparison",
    "PolicyInteractiveResponse",
    "QLearning",
    "RegretMatchingPlus",
    "Response",
    "ResponseInterval",
    "Setting",
    "StackelbergPOMDP",
    "Subgame",
    "TabularPolicy",
    "TrainedLeader",
    "VectorStackelbergPOMDP",
    "as_batch_game",
    "as_commitment",
    "check_admissible",
    "coarse_correlated_path",
    "compare_policies",
    "from_bayesian",
    "from_normal_form",
    "from_pettingzoo",
    "in_plans",
    "play_episodes",
    "response_interval",
    "to_pettingzoo",
]
