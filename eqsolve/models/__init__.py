"""Ready-made games, and data files with published answers.

Every function below that is named like its module is a model: call it for a `Game`. A new
one takes part by being there. `load("river_basin")` builds a published instance or a game
from your own TOML file; `published("river_basin")` is its known answer.

>>> import eqsolve as eq
>>> sorted(eq.models.catalogue())[:3]
['bilinear_zero_sum', 'cournot', 'covariance_gan']
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

from eqsolve.games import Game
from eqsolve.models._instances import PublishedAnswer, answer, build, instance_names, read
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
    from eqsolve.models.cournot import cournot as cournot
    from eqsolve.models.covariance_gan import covariance_gan as covariance_gan
    from eqsolve.models.internet_switching import internet_switching as internet_switching
    from eqsolve.models.matrix_design import matrix_design as matrix_design
    from eqsolve.models.message_sequential_price import (
        message_sequential_price as message_sequential_price,
    )
    from eqsolve.models.murphy_sherali_soyster import (
        murphy_sherali_soyster as murphy_sherali_soyster,
    )
    from eqsolve.models.networked_cournot import networked_cournot as networked_cournot
    from eqsolve.models.oligopoly_with_leader import oligopoly_with_leader as oligopoly_with_leader
    from eqsolve.models.polynomial_zero_sum import polynomial_zero_sum as polynomial_zero_sum
    from eqsolve.models.quadratic_game import quadratic_game as quadratic_game
    from eqsolve.models.quadratic_zero_sum import quadratic_zero_sum as quadratic_zero_sum
    from eqsolve.models.repeated_game import repeated_game as repeated_game
    from eqsolve.models.river_basin import river_basin as river_basin
    from eqsolve.models.simple_allocation import simple_allocation as simple_allocation
    from eqsolve.models.softmax_bimatrix import softmax_bimatrix as softmax_bimatrix
    from eqsolve.models.stackelberg_duopoly import stackelberg_duopoly as stackelberg_duopoly
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
    "QuadraticCost",
    "UncertainDemand",
    "catalogue",
    "instances",
    "load",
    "published",
]


def _discover() -> dict[str, Callable[..., Game]]:
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


def catalogue() -> dict[str, Callable[..., Game]]:
    """Every model by name.

    Returns
    -------
    dict of str to function
        Each returns a `Game` (or another declaration) from its arguments.

    Examples
    --------
    >>> "cournot" in catalogue()
    True
    """
    return dict(_MODELS)


def instances() -> tuple[str, ...]:
    """Names that `load` and `published` accept.

    Examples
    --------
    >>> "murphy_sherali_soyster" in instances()
    True
    """
    return instance_names()


def load(name_or_path: str | Path) -> Any:
    """The game of a published instance, or of a TOML file.

    Parameters
    ----------
    name_or_path : str or Path
        A name from `instances()`, or a path to a file of the same form (see
        `eqsolve/models/_instances.py` and the files in `eqsolve/models/instances`).

    Returns
    -------
    Game

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


def published(name_or_path: str | Path) -> PublishedAnswer:
    """The known answer of an instance, with its source.

    Parameters
    ----------
    name_or_path : str or Path
        As for `load`.

    Returns
    -------
    PublishedAnswer

    Raises
    ------
    EqsolveError
        When the file holds no answer, or naming the key at fault.

    Examples
    --------
    >>> published("murphy_sherali_soyster").strategies["firm1"].tolist()
    [36.93]
    """
    return answer(*read(name_or_path))
