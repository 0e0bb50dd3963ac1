"""Finite games on the command line, as a stranger types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import eqsolve as eq
from eqsolve.cli import main

ROOT = str(Path(__file__).parents[1])
CHICKEN = """NFG 1 R "Chicken" { "Ann" "Bob" } { { "swerve" "dare" } { "swerve" "dare" } }

6 6 7 2 2 7 0 0
"""


@pytest.fixture
def chicken(tmp_path):
    path = tmp_path / "chicken.nfg"
    path.write_text(CHICKEN, encoding="utf-8")
    return str(path)


@pytest.fixture
def run(monkeypatch, capsys):
    """Words to (exit code, output, errors)."""

    def runner(*words):
        monkeypatch.setattr(sys, "argv", ["eqsolve", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return runner


def solved(run, *words):
    code, out, err = run("solve", *words, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_file_in_a_process_of_its_own(chicken, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "eqsolve.cli", "solve", "chicken.nfg", "--concept", "correlated"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": ROOT}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for words in ("Ann", "objective: 10.5", "swerve", "0.5", "proven bound on the objective"):
        assert words in done.stdout
    assert "not express" not in done.stdout


def test_nash_is_the_default_of_a_file(run, chicken):
    found = solved(run, chicken)
    assert found["concept"] == "Nash"
    assert set(found["strategies"]) == {"Ann", "Bob"}
    assert found["certificate"]["max_gain"] == 0


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (("--concept", "nash", "--objective", "Bob"), 7),
        (("--concept", "nash", "--objective", "welfare", "--sense", "max"), 28 / 3),
        (("--objective", "1", "--sense", "min"), 2),
        (("--concept", "correlated"), 10.5),
        (("--concept", "correlated", "--objective", "Ann", "--sense", "max"), 7),
        (("--concept", "correlated", "--objective", "egalitarian"), 5.25),
        (("--concept", "coarse", "--sense", "min"), 7.2),
        (("--concept", "coarse", "--objective", "0", "--sense", "min"), 2),
    ],
)
def test_objectives_and_senses(run, chicken, words, value):
    found = solved(run, chicken, *words)
    assert found["value"] == pytest.approx(value)
    if "nash" not in words and found["concept"] != "Nash":
        assert np.sum(found["distribution"]) == pytest.approx(1)


def test_entropy_spreads_play(run, chicken):
    found = solved(run, chicken, "--concept", "coarse", "--objective", "entropy")
    assert np.min(found["distribution"]) > 0


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("maintain", (), 27.5),
        ("maintain", ("--commitment", "pure"), 20),
        ("conitzer", ("--leader", "0"), 2.5),
        ("inspection", ("--leader", "principal"), 1.5),
        ("inspection", ("--leader", "1"), 2.5),
        ("inspection", ("--commitment", "correlated"), 1.5),
        ("two_checkpoints", (), -0.75),
        ("two_roads", ("--response", "coarse", "--commitment", "pure"), -50 / 3),
    ],
)
def test_commitment(run, name, words, value):
    found = solved(run, name, "--concept", "commitment", *words)
    assert found["concept"] == "Stackelberg"
    assert found["value"] == pytest.approx(value, abs=1e-6)
    assert found["certificate"]["bound"] == pytest.approx(value, abs=1e-3)


def test_a_leader_alone_means_commitment(run):
    assert solved(run, "escape", "--leader", "0")["value"] == pytest.approx(30)


def test_an_instance_is_solved_for_what_its_answer_answers(run):
    assert solved(run, "two_checkpoints")["concept"] == "Stackelberg"
    assert solved(run, "escape")["concept"] == "Nash"


def test_pessimism_and_quantal_response(run):
    words = ("--concept", "commitment", "--stance", "pessimistic")
    assert solved(run, "conitzer", *words)["value"] == pytest.approx(2.5, abs=1e-5)
    even = solved(run, "chicken", "--concept", "quantal", "--precision", "0")
    assert even["strategies"]["0"] == pytest.approx([0.5, 0.5])


def test_models_lists_finite_games(run):
    _, out, _ = run("models")
    assert all(name in out for name in eq.models.instances("finite"))
    assert "random_game" in out


def test_solve_help_says_what_finite_games_take(run):
    _, out, _ = run("solve", "--help")
    for word in ("correlated", "coarse", "commitment", "--objective", "--sense", ".nfg"):
        assert word in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("absent.nfg",), "There is no game file 'absent.nfg'."),
        (("escpae",), "did you mean escape"),
        (("escape", "--concept", "correlate"), "Finite games have no concept called 'correlate'"),
        (("escape", "--concept", "coarse", "--leader", "0"), "--leader does not go with --concept coa"),
        (("escape", "--concept", "commitment", "--sense", "min"), "it goes with --concept nash or"),
        (("escape", "--concept", "commitment", "--leader", "7"), "the leader 7 is no player"),
        (("escape", "--concept", "commitment", "--commitment", "firm"), "commitment must be one of"),
        (("escape", "--concept", "coarse", "--objective", "wealth"), "'wealth' is not known"),
        (("escape", "--concept", "coarse", "--sense", "best"), "sense must be one of"),
        (("escape", "--formulation", "potential"), "games with continuous variables"),
        (("duopoly", "--objective", "welfare"), "--objective is an option of finite games"),
        (("duopoly", "--stance", "optimistic"), "--stance goes with --leader NAME"),
        (("duopoly", "--concept", "commitment"), "--concept commitment needs --leader NAME"),
    ],
)  # fmt: skip
def test_errors_are_one_sentence(run, words, sentence):
    code, out, err = run("solve", *words)
    assert code == 1
    assert sentence in err
    assert err.startswith("eqsolve: ")
    assert out == ""


def test_only_formulations_that_could_have_been_used_are_listed(run):
    code, _, err = run("solve", "two_roads", "--concept", "commitment")
    assert code == 1
    assert "multiple-linear-programs: it takes one leader and one follower" in err
    assert "not express" not in err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('NFG 1 R "t" { "a" "b" } { 2 2 }\n1 1 2 2\n3 3', "line 3"),
        ('NFG 1 R "t" { "a" "b" } { 2 2 }\n1 1 2 x', "line 2"),
        ('NFG 1 R "t" { "a" "b" } { 2 0 }\n', "line 1"),
        ("hello", "line 1"),
    ],
)
def test_the_line_of_a_malformed_file_is_named(run, tmp_path, content, sentence):
    path = tmp_path / "wrong.nfg"
    path.write_text(content, encoding="utf-8")
    code, _, err = run("solve", str(path))
    assert code == 1
    assert sentence in err
    assert "wrong.nfg" in err
