"""Model files: TOML data that name a model, its arguments, their source and the answer.

    model = "cournot"                       # a function of eqsolve.models
    title = "..."

    [source]                                # free text: authors, year, title, where
    [arguments]                             # the function's keyword arguments
    demand = {kind = "linear", intercept = 100, slope = 1}
    costs = {north = 5, south = {kind = "quadratic", marginal = 2, slope = 1}}

    [published]                             # optional: the known answer
    status = "published"                    # or "derived" (algebra), "computed"
    concept = "Nash"                        # or "variational", or "Stackelberg" with leader
    tolerance = 5e-3                        # of the strategies, absolute
    strategies = {north = 20.0, south = 26.0}

The answer of an experiment has the concept "design"; see `_published_design`.

Demand and costs name their family by `kind`; a `graph` is a table of `nodes` and `edges`,
and under `firms` a table with a `node` is a plant.
"""

from __future__ import annotations

import difflib
import inspect
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Nash, Stackelberg, VariationalEquilibrium
from eqsolve.errors import EqsolveError
from eqsolve.models._published_design import PublishedDesign, published_design
from eqsolve.models.costs import COSTS
from eqsolve.models.demand import DEMANDS

Array = NDArray[np.float64]

SECTIONS = {"model", "title", "source", "arguments", "published"}
STATUSES = ("published", "derived", "computed")
CONCEPTS = ("Nash", "variational", "generalized", "Stackelberg", "local")
ANSWER = {
    "status", "concept", "tolerance", "strategies", "payoffs", "multipliers",
    "quantities", "others", "note", "leader",
}  # fmt: skip


@dataclass(frozen=True)
class PublishedAnswer:
    """The known answer to an instance, and where it is from.

    Attributes
    ----------
    name, title, model : str
        Of the instance; `model` is the function that builds the game.
    source : dict of str to str
        Authors, year, title, place.
    status : str
        "published" (printed in the source), "derived" (algebra on the stated model) or
        "computed" (from the stated data by two independent routes).
    concept : str
        "Nash", "variational" where shared constraints leave many equilibria, "Stackelberg",
        or "local" for games whose critical points are what is known.
    strategies : dict of str to ndarray
        Player name to strategy; empty when only other quantities are determined.
    tolerance : float
        Absolute, for the strategies: half a unit of the last digit printed, or what the
        note explains.
    payoffs : dict of str to float
        In the declared sense.
    multipliers : tuple of float
        Of the shared constraints, in order.
    quantities : dict of str to list of float
        Further known figures, such as prices.
    others : tuple of dict of str to ndarray
        Further equilibria of the same game.
    leader : str
        Who moves first in a Stackelberg equilibrium.
    note : str
        What to know, such as which printed figure is wrong.
    """

    name: str
    title: str
    model: str
    source: Mapping[str, str]
    status: str
    concept: str
    strategies: Mapping[str, Array]
    tolerance: float
    payoffs: Mapping[str, float] = field(default_factory=dict)
    multipliers: tuple[float, ...] = ()
    quantities: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[Mapping[str, Array], ...] = ()
    leader: str = ""
    note: str = ""

    @property
    def asked(self) -> Nash | VariationalEquilibrium | Stackelberg:
        """The concept to give `eq.solve`."""
        if self.concept == "Stackelberg":
            return Stackelberg(self.leader)
        return VariationalEquilibrium() if self.concept == "variational" else Nash()

    def __repr__(self) -> str:
        cited = ", ".join(str(self.source[k]) for k in ("authors", "year") if k in self.source)
        lines = [f"{self.title} ({self.status}; {cited})"]
        lines += [f"  {name}: {value.tolist()}" for name, value in self.strategies.items()]
        return "\n".join([*lines, *([f"  Note: {self.note}"] if self.note else [])])


@cache
def instance_names() -> tuple[str, ...]:
    """Names of all instances that come with the package, sorted."""
    folder = resources.files("eqsolve.models") / "instances"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def read(name_or_path: str | Path) -> tuple[str, dict[str, Any]]:
    """Name and contents of an instance, or of a TOML file, with the sections checked.

    Raises
    ------
    EqsolveError
        When nothing of the name exists, the file is not TOML, or a section is wrong.
    """
    text = str(name_or_path)
    if text in instance_names():
        name = text
        content = (resources.files("eqsolve.models") / "instances" / f"{text}.toml").read_bytes()
    else:
        path = Path(name_or_path)
        if not path.is_file():
            if path.suffix == ".toml":
                raise EqsolveError(f"There is no model file {text!r}.")
            near = difflib.get_close_matches(text, instance_names(), n=3)
            meant = f"; did you mean {' or '.join(near)}?" if near else "."
            raise EqsolveError(
                f"There is no instance {text!r}{meant} "
                f"Instances: {', '.join(instance_names())}; or give the path of a TOML file."
            )
        name, content = path.stem, path.read_bytes()
    try:
        data = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EqsolveError(f"{text}: this is not a TOML file: {error}.") from None
    unknown = set(data) - SECTIONS
    if unknown:
        raise EqsolveError(
            f"{name}: unknown key {sorted(unknown)[0]!r}; a model file holds "
            f"{', '.join(sorted(SECTIONS))}."
        )
    for key, kind in (("model", str), ("title", str)):
        if key in data and not isinstance(data[key], kind):
            raise EqsolveError(f"{name}: {key} must be text, not {data[key]!r}.")
    for key in ("source", "arguments", "published"):
        if not isinstance(data.get(key, {}), dict):
            raise EqsolveError(f"{name}: {key} must be a table.")
    if "model" not in data:
        raise EqsolveError(f"{name}: the key 'model' is missing; it names the function to call.")
    return name, data


def build(name: str, data: Mapping[str, Any], models: Mapping[str, Callable[..., Any]]) -> Any:
    """Call the model that the file names with the arguments that it holds."""
    if data["model"] not in models:
        near = difflib.get_close_matches(data["model"], models, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else "."
        raise EqsolveError(
            f"{name}: model {data['model']!r} does not exist{meant} Models: {', '.join(models)}."
        )
    model = models[data["model"]]
    arguments = {
        key: _value(value, f"{name}: arguments.{key}", key)
        for key, value in data.get("arguments", {}).items()
    }
    known = inspect.signature(model).parameters
    for key in arguments:
        if key not in known:
            raise EqsolveError(
                f"{name}: model {data['model']!r} takes no argument {key!r}; "
                f"it takes {', '.join(known) or 'none'}."
            )
    for key, parameter in known.items():
        if parameter.default is parameter.empty and key not in arguments:
            raise EqsolveError(f"{name}: the argument {key!r} of {data['model']!r} is missing.")
    try:
        return model(**arguments)
    except EqsolveError as error:
        raise EqsolveError(f"{name}: {error}") from None


def _value(value: Any, where: str, key: str) -> Any:
    """A TOML value as the argument it stands for."""
    if key == "demand":
        return _record(value, DEMANDS, where)
    if key == "costs":
        return _costs(value, where)
    if key == "graph":
        return _graph(value, where)
    if key == "firms" and isinstance(value, dict):
        return {firm: _plants(own, f"{where}.{firm}") for firm, own in value.items()}
    return value


def _record(value: Any, families: Mapping[str, Callable[..., Any]], where: str) -> Any:
    if not isinstance(value, dict) or value.get("kind") not in families:
        given = value.get("kind") if isinstance(value, dict) else value
        raise EqsolveError(
            f"{where}: kind must be one of {', '.join(map(repr, families))}, not {given!r}."
        )
    fields = {k: v for k, v in value.items() if k != "kind"}
    if "scenarios" in fields:
        fields["scenarios"] = _scenarios(fields["scenarios"], families, f"{where}.scenarios")
    return _made(families[value["kind"]], fields, where)


def _scenarios(value: Any, families: Mapping[str, Callable[..., Any]], where: str) -> Any:
    if not isinstance(value, list):
        raise EqsolveError(f"{where} must be a list of tables.")
    out = []
    for place, row in enumerate(value):
        if not isinstance(row, dict) or "probability" not in row:
            raise EqsolveError(f"{where}[{place}]: the key 'probability' is missing.")
        rest = {k: v for k, v in row.items() if k != "probability"}
        out.append((row["probability"], _record(rest, families, f"{where}[{place}]")))
    return out


def _costs(value: Any, where: str) -> Any:
    if isinstance(value, list):
        return [_costs(entry, f"{where}[{place}]") for place, entry in enumerate(value)]
    if isinstance(value, dict) and "kind" in value:
        return _record(value, COSTS, where)
    if isinstance(value, dict):
        return {firm: _costs(entry, f"{where}.{firm}") for firm, entry in value.items()}
    return value


def _plants(value: Any, where: str) -> Any:
    from eqsolve.models.networked_cournot import Plant

    if isinstance(value, list):
        return [_plants(entry, f"{where}[{place}]") for place, entry in enumerate(value)]
    if not isinstance(value, dict):
        raise EqsolveError(f"{where} must be a table with node, cost and capacity.")
    fields = dict(value)
    if "cost" in fields:
        fields["cost"] = _costs(fields["cost"], f"{where}.cost")
    return _made(Plant, fields, where)


def _graph(value: Any, where: str) -> Any:
    import networkx as nx

    if not isinstance(value, dict) or not {"nodes", "edges"} <= set(value):
        raise EqsolveError(f"{where} must be a table with nodes and edges.")
    unknown = set(value) - {"nodes", "edges", "directed"}
    if unknown:
        raise EqsolveError(f"{where}: unknown key {sorted(unknown)[0]!r}.")
    graph = nx.DiGraph() if value.get("directed", False) else nx.Graph()
    for place, node in enumerate(value["nodes"]):
        if "name" not in node:
            raise EqsolveError(f"{where}.nodes[{place}]: the key 'name' is missing.")
        graph.add_node(node["name"], **{k: v for k, v in node.items() if k != "name"})
    for place, edge in enumerate(value["edges"]):
        for end in ("from", "to"):
            if edge.get(end) not in graph:
                raise EqsolveError(
                    f"{where}.edges[{place}]: {end!r} must name a node, not {edge.get(end)!r}."
                )
        data = {k: v for k, v in edge.items() if k not in ("from", "to")}
        graph.add_edge(edge["from"], edge["to"], **data)
    return graph


def _made(factory: Callable[..., Any], fields: Mapping[str, Any], where: str) -> Any:
    known = inspect.signature(factory).parameters
    for key in fields:
        if key not in known:
            raise EqsolveError(f"{where}: unknown key {key!r}; known: {', '.join(known)}.")
    for key, parameter in known.items():
        if parameter.default is parameter.empty and key not in fields:
            raise EqsolveError(f"{where}: the key {key!r} is missing.")
    try:
        return factory(**fields)
    except EqsolveError as error:
        raise EqsolveError(f"{where}: {error}") from None


def is_experiment(data: Mapping[str, Any]) -> bool:
    """Whether the answer that a file holds is one of an experiment, not of a game."""
    table = data.get("published")
    return isinstance(table, Mapping) and table.get("concept") == "design"


def answer(name: str, data: Mapping[str, Any]) -> PublishedAnswer | PublishedDesign:
    """The section [published] as a record.

    Raises
    ------
    EqsolveError
        When the file has no answer, or one of its keys is wrong.
    """
    table = data.get("published")
    if not table:
        raise EqsolveError(f"{name}: the file gives no published answer.")
    if is_experiment(data):
        return published_design(name, data, STATUSES)
    unknown = set(table) - ANSWER
    if unknown:
        raise EqsolveError(f"{name}: unknown key published.{sorted(unknown)[0]}.")
    for key, allowed in (("status", STATUSES), ("concept", CONCEPTS)):
        if table.get(key) not in allowed:
            raise EqsolveError(
                f"{name}: published.{key} must be one of {', '.join(allowed)}, "
                f"not {table.get(key)!r}."
            )
    if (table["concept"] == "Stackelberg") != ("leader" in table):
        raise EqsolveError(f"{name}: published.leader goes with the concept Stackelberg.")
    return PublishedAnswer(
        name=name,
        title=str(data.get("title", name)),
        model=data["model"],
        source=dict(data.get("source", {})),
        status=table["status"],
        concept=table["concept"],
        strategies=_strategies(table.get("strategies", {}), f"{name}: published.strategies"),
        tolerance=float(table.get("tolerance", 1e-6)),
        payoffs={k: float(v) for k, v in table.get("payoffs", {}).items()},
        multipliers=tuple(float(v) for v in table.get("multipliers", ())),
        quantities=dict(table.get("quantities", {})),
        others=tuple(
            _strategies(other, f"{name}: published.others") for other in table.get("others", ())
        ),
        leader=str(table.get("leader", "")),
        note=str(table.get("note", "")),
    )


def _strategies(table: Any, where: str) -> dict[str, Array]:
    if not isinstance(table, Mapping):
        raise EqsolveError(f"{where} must be a table from player to numbers.")
    out = {}
    for player, value in table.items():
        listed: Sequence[Any] = value if isinstance(value, list) else [value]
        try:
            out[player] = np.array(listed, dtype=float)
        except (TypeError, ValueError):
            raise EqsolveError(f"{where}.{player} must be numbers, not {value!r}.") from None
    return out
