"""TOML files of users: read into games, or refused with the key at fault."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import eqsolve as eq

m = eq.models


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_users_market(write):
    path = write("""
        model = "cournot"
        title = "Mine"
        [arguments]
        capacities = {north = 4, south = inf}
        [arguments.costs]
        north = 5
        south = {kind = "quadratic", marginal = 2, slope = 1}
        [arguments.demand]
        kind = "linear"
        intercept = 100
        slope = 1
    """)
    for given in (path, str(path)):
        nash = eq.solve(m.load(given))
        assert nash["north"] == pytest.approx([4.0])
        assert nash["south"] == pytest.approx([94 / 3])


def test_a_model_without_arguments(write):
    assert m.load(write('model = "river_basin"')).n == 3


def test_a_directed_road_with_two_plants(write):
    path = write("""
        model = "networked_cournot"
        [arguments]
        [arguments.graph]
        directed = true
        nodes = [{name = "a"}, {name = "b", intercept = 10.0, slope = 1.0}]
        edges = [{from = "a", to = "b", cost = 2.0}]
        [arguments.firms]
        solo = [{node = "a", cost = 0.0, capacity = 9.0}, {node = "b", cost = 8.0, capacity = 9.0}]
    """)
    nash = eq.solve(m.load(path))
    assert nash["solo"] == pytest.approx([4.0, 0.0], abs=1e-9)


def test_published_answers_of_users_files(write):
    path = write("""
        model = "two_player_gnep"
        [source]
        authors = "me"
        year = 2024
        [published]
        status = "derived"
        concept = "variational"
        strategies = {x = 0.75, y = [0.25]}
        note = "Known by heart."
    """)
    known = m.published(path)
    assert known.name == "mine"
    assert known.tolerance == 1e-6
    assert np.array_equal(known.strategies["y"], [0.25])
    assert "me, 2024" in repr(known)
    assert "Note: Known by heart." in repr(known)


def test_a_file_in_the_working_folder_never_hides_an_instance(tmp_path, monkeypatch):
    (tmp_path / "duopoly").write_text("nonsense", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert m.load("duopoly").n == 2


LINEAR = 'demand = {kind = "linear", intercept = 9, slope = 1}'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("model = ", "this is not a TOML file"),
        ('title = "x"', "mine: the key 'model' is missing"),
        ("model = 3", "mine: model must be text, not 3"),
        ('model = "cornot"', "model 'cornot' does not exist; did you mean 'cournot'"),
        ('model = "river_basin"\narguments = 3', "mine: arguments must be a table"),
        ('model = "river_basin"\nextra = 3', "mine: unknown key 'extra'"),
        (
            'model = "river_basin"\n[arguments]\nfirms = 3',
            "takes no argument 'firms'; it takes none",
        ),
        (
            'model = "cournot"\n[arguments]\n' + LINEAR,
            "the argument 'costs' of 'cournot' is missing",
        ),
        (
            'model = "cournot"\n[arguments]\ncosts = [1]\ndemand = {kind = "straight"}',
            "arguments.demand: kind must be one of 'linear'.*not 'straight'",
        ),
        (
            'model = "cournot"\n[arguments]\ncosts = [1]\ndemand = 3',
            "arguments.demand: kind must be one of",
        ),
        (
            'model = "cournot"\n[arguments]\ncosts = [1]\ndemand = {kind = "linear", slope = 1}',
            "arguments.demand: the key 'intercept' is missing",
        ),
        (
            'model = "cournot"\n[arguments]\ncosts = [1]\n'
            'demand = {kind = "linear", intercept = 1, slope = 1, floor = 0}',
            "arguments.demand: unknown key 'floor'; known: intercept, slope",
        ),
        (
            'model = "cournot"\n[arguments]\ncosts = [1]\n'
            'demand = {kind = "linear", intercept = -1, slope = 1}',
            "arguments.demand: LinearDemand: intercept must be a positive number",
        ),
        (
            'model = "cournot"\n[arguments]\ncosts = [1]\n'
            'demand = {kind = "uncertain", scenarios = [{kind = "linear"}]}',
            r"scenarios\[0\]: the key 'probability' is missing",
        ),
        (
            'model = "cournot"\n[arguments]\ncosts = [1]\n'
            'demand = {kind = "uncertain", scenarios = 3}',
            "scenarios must be a list",
        ),
        (
            'model = "cournot"\n[arguments]\ncosts = {a = {kind = "cubic"}}\n' + LINEAR,
            "arguments.costs.a: kind must be one of 'linear', 'quadratic', 'power', not 'cubic'",
        ),
        (
            'model = "cournot"\n[arguments]\ncosts = [1]\ncapacities = [1, 2]\n' + LINEAR,
            "mine: capacities: 2 entries for 1 firms",
        ),
        (
            'model = "cournot"\n[arguments]\ncosts = [1]\ntaxes = "high"\n' + LINEAR,
            "mine: Firm 'firm1': the tax must be a number, not 'high'",
        ),
        (
            'model = "networked_cournot"\n[arguments]\ngraph = 3\nfirms = {}',
            "arguments.graph must be a table with nodes and edges",
        ),
        (
            'model = "networked_cournot"\n[arguments]\nfirms = {}\n'
            "graph = {nodes = [], edges = [], colour = 1}",
            "arguments.graph: unknown key 'colour'",
        ),
        (
            'model = "networked_cournot"\n[arguments]\nfirms = {}\n'
            "graph = {nodes = [{intercept = 1}], edges = []}",
            r"graph.nodes\[0\]: the key 'name' is missing",
        ),
        (
            'model = "networked_cournot"\n[arguments]\nfirms = {}\n'
            'graph = {nodes = [{name = "a"}], edges = [{from = "a", to = "z"}]}',
            r"graph.edges\[0\]: 'to' must name a node, not 'z'",
        ),
        (
            'model = "networked_cournot"\n[arguments]\nfirms = {f = {cost = 1}}\n'
            'graph = {nodes = [{name = "a"}], edges = []}',
            "arguments.firms.f: the key 'node' is missing",
        ),
        (
            'model = "networked_cournot"\n[arguments]\nfirms = {f = 1}\n'
            'graph = {nodes = [{name = "a"}], edges = []}',
            "arguments.firms.f must be a table",
        ),
    ],
)
def test_what_is_wrong_is_named(write, text, says):
    with pytest.raises(eq.EqsolveError, match=says):
        m.load(write(text))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "gives no published answer"),
        ('[published]\nstatus = "rumour"', "published.status must be one of published, derived"),
        ('[published]\nstatus = "derived"\nconcept = "best"', "published.concept must be one of"),
        ("[published]\ncolour = 1", "unknown key published.colour"),
        (
            '[published]\nstatus = "derived"\nconcept = "Nash"\nstrategies = 3',
            "published.strategies must be a table",
        ),
        (
            '[published]\nstatus = "derived"\nconcept = "Nash"\nstrategies = {x = "much"}',
            "published.strategies.x must be numbers, not 'much'",
        ),
    ],
)
def test_what_is_wrong_in_an_answer_is_named(write, table, says):
    with pytest.raises(eq.EqsolveError, match=says):
        m.published(write('model = "two_player_gnep"\n' + table))


def test_unknown_names_say_what_there_is():
    with pytest.raises(eq.EqsolveError, match="no instance 'river_basn'; did you mean river_basin"):
        m.load("river_basn")
    with pytest.raises(eq.EqsolveError, match=r"no model file 'absent.toml'"):
        m.load(Path("absent.toml"))
    with pytest.raises(eq.EqsolveError, match=r"Instances: .*duopoly"):
        m.published("zzz")
