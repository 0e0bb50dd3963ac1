"""Ready-made games and experiments, and data files with published answers.

Every function below that is named like its module is a model: call it for a `Game` or a
`MarkovExperiment`. A new one takes part by being there. `load("river_basin")` builds a
published instance, or what your own TOML file declares; `published("river_basin")` is its known
answer.

>>> import eqsolve as eq
>>> sorted(eq.models.catalogue())[:3]
['bilinear_zero_sum', 'bimatrix', 'birth_death_pair']
>>> eq.models.load("duopoly").player_names
('firm1', 'firm2')
"""

from __future__ import annotations

if __name__ != "eqsolve.models":
    raise ImportError(
        f"This is eqsolve.models, and importing it as {__name__!r} would make a second copy; "
        "write `import eqsolve.models`."
    )

import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqsolve.errors import EqsolveError
from eqsolve.models._instances import (
    PublishedAnswer,
    answer,
    build,
    instance_names,
    read,
)
from eqsolve.models._published_design import PublishedDesign
from eqsolve.models._published_finite import KINDS, PublishedFinite, kind_of, published_finite
from eqsolve.models.costs import LinearCost, PowerCost, QuadraticCost
from eqsolve.models.demand import (
    ConcavePowerDemand,
    ExponentialDemand,
    IsoelasticDemand,
    LinearDemand,
    UncertainDemand,
)
from eqsolve.models.grid import Grid
from eqsolve.models.networked_cournot import Plant

if TYPE_CHECKING:
    from eqsolve.models.bilinear_zero_sum import bilinear_zero_sum as bilinear_zero_sum
    from eqsolve.models.bimatrix import bimatrix as bimatrix
    from eqsolve.models.birth_death_pair import birth_death_pair as birth_death_pair
    from eqsolve.models.congestion_game import congestion_game as congestion_game
    from eqsolve.models.cournot import cournot as cournot
    from eqsolve.models.covariance_gan import covariance_gan as covariance_gan
    from eqsolve.models.graph_game import graph_game as graph_game
    from eqsolve.models.internet_switching import internet_switching as internet_switching
    from eqsolve.models.inventory_pair import inventory_pair as inventory_pair
    from eqsolve.models.matrix_design import matrix_design as matrix_design
    from eqsolve.models.message_sequential_price import (
        message_sequential_price as message_sequential_price,
    )
    from eqsolve.models.murphy_sherali_soyster import (
        murphy_sherali_soyster as murphy_sherali_soyster,
    )
    from eqsolve.models.networked_cournot import networked_cournot as networked_cournot
    from eqsolve.models.oligopoly_with_leader import oligopoly_with_leader as oligopoly_with_leader
    from eqsolve.models.opposite_cycles import opposite_cycles as opposite_cycles
    from eqsolve.models.platform_pricing import platform_pricing as platform_pricing
    from eqsolve.models.polynomial_zero_sum import polynomial_zero_sum as polynomial_zero_sum
    from eqsolve.models.quadratic_game import quadratic_game as quadratic_game
    from eqsolve.models.quadratic_zero_sum import quadratic_zero_sum as quadratic_zero_sum
    from eqsolve.models.queue_pair import queue_pair as queue_pair
    from eqsolve.models.random_game import random_game as random_game
    from eqsolve.models.random_sparse_pair import random_sparse_pair as random_sparse_pair
    from eqsolve.models.repeated_game import repeated_game as repeated_game
    from eqsolve.models.ride_hailing_pair import ride_hailing_pair as ride_hailing_pair
    from eqsolve.models.river_basin import river_basin as river_basin
    from eqsolve.models.routing_game import routing_game as routing_game
    from eqsolve.models.security_game import security_game as security_game
    from eqsolve.models.simple_allocation import simple_allocation as simple_allocation
    from eqsolve.models.softmax_bimatrix import softmax_bimatrix as softmax_bimatrix
    from eqsolve.models.stackelberg_duopoly import stackelberg_duopoly as stackelberg_duopoly
    from eqsolve.models.three_state_pair import three_state_pair as three_state_pair
    from eqsolve.models.toll_setting import toll_setting as toll_setting
    from eqsolve.models.torus_location import torus_location as torus_location
    from eqsolve.models.two_player_gnep import two_player_gnep as two_player_gnep

__all__ = [
    "ConcavePowerDemand",
    "ExponentialDemand",
    "Grid",
    "IsoelasticDemand",
    "LinearCost",
    "LinearDemand",
    "Plant",
    "PowerCost",
    "PublishedAnswer",
    "PublishedDesign",
    "PublishedFinite",
    "QuadraticCost",
    "UncertainDemand",
    "catalogue",
    "instances",
    "load",
    "published",
]


def _discover() -> dict[str, Callable[..., Any]]:
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            model = getattr(import_module(f"{__name__}.{module.name}"), module.name, None)
            if callable(model):
                found[module.name] = model
    return found


_MODELS = _discover()
# Bound after import, so that `eqsolve.models.cournot` is the function, not its module.
globals().update(_MODELS)


def catalogue() -> dict[str, Callable[..., Any]]:
    """Every model by name.

    Returns
    -------
    dict of str to function
        Each returns a `Game` or a `MarkovExperiment` from its arguments.

    Examples
    --------
    >>> "cournot" in catalogue()
    True
    """
    return dict(_MODELS)


def instances(kind: str | None = None) -> tuple[str, ...]:
    """Names that `load` and `published` accept.

    Parameters
    ----------
    kind : "game", "finite", "experiment" or None
        Continuous games, finite games, or experiments; default all.

    Raises
    ------
    EqsolveError
        For another kind.

    Examples
    --------
    >>> "murphy_sherali_soyster" in instances("game")
    True
    >>> "three_state_pair" in instances("game"), "three_state_pair" in instances("experiment")
    (False, True)
    >>> "escape" in instances("game"), "escape" in instances("finite")
    (False, True)
    """
    if kind is not None and kind not in KINDS:
        known = f"{', '.join(map(repr, KINDS[:-1]))} or {KINDS[-1]!r}"
        raise EqsolveError(f"kind must be {known}, not {kind!r}.")
    names = instance_names()
    if kind is None:
        return names
    return tuple(name for name in names if kind_of(read(name)[1]) == kind)


def load(name_or_path: str | Path) -> Any:
    """The game or experiment of a published instance, or of a TOML file.

    Parameters
    ----------
    name_or_path : str or Path
        A name from `instances()`, or a path to a file of the same form (see
        `eqsolve/models/_instances.py` and the files in `eqsolve/models/instances`).

    Returns
    -------
    Game or MarkovExperiment

    Raises
    ------
    EqsolveError
        Naming the file and key at fault.

    Examples
    --------
    >>> load("river_basin").n
    3
    """
    name, data = read(name_or_path)
    return build(name, data, _MODELS)


def published(name_or_path: str | Path) -> Any:
    """The known answer of an instance, with its source.

    Parameters
    ----------
    name_or_path : str or Path
        As for `load`.

    Returns
    -------
    PublishedAnswer, or PublishedDesign for an experiment

    Raises
    ------
    EqsolveError
        When the file holds no answer, or naming the key at fault.

    Examples
    --------
    >>> published("murphy_sherali_soyster").strategies["firm1"].tolist()
    [36.93]
    """
    name, data = read(name_or_path)
    if kind_of(data) == "finite":
        return published_finite(name, data)
    return answer(name, data)
