"""`eqsolve design` as a stranger types it: what it prints, writes, and refuses."""

import csv
import html.parser
import json
import os
import pkgutil
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import eqsolve as eq
from eqsolve import cli, report
from eqsolve.report import _design_command as command
from eqsolve.report._design_page import design_page


def run(*words, folder):
    """In a process of its own."""
    line = [sys.executable, "-W", "error::UserWarning", "-m", "eqsolve.cli", "design", *words]
    return subprocess.run(
        line, cwd=folder, env=os.environ | {"COLUMNS": "120"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


@pytest.fixture
def typed(monkeypatch, capsys):
    """The same in this process, which is quicker: exit code, what was printed, what was said."""

    def call(*words, folder):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["eqsolve", "design", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return ended.value.code or 0, shown.out, shown.err

    return call


def made(steps=4000, arms=2, seed=0):
    """A walk over pages and loads: states of two columns, names that HTML and CSV must escape."""
    rng = np.random.default_rng(seed)
    pages = np.array(['<b>"home"</b>', "list, sorted", "cart & pay"])
    moves = rng.dirichlet(np.ones(9), (arms, 9))
    names = np.array(["old", "new <i>rule</i>", "other"])[:arms]
    arm = rng.integers(0, arms, steps)
    state = [0]
    for chosen in arm[:-1]:
        state.append(int(rng.choice(9, p=moves[chosen, state[-1]])))
    state = np.array(state)
    return pd.DataFrame(
        {
            "page": pages[state % 3],
            "load": state // 3,
            "rule": names[arm],
            "gain": state / 4 + arm * (state > 5) + rng.normal(size=steps),
        }
    )


WORDS = ("log.csv", "--state", "page,load", "--arm", "rule", "--reward", "gain")
ARMS = ("--arms", "old,new <i>rule</i>")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("stranger")
    made().to_csv(place / "log.csv", index=False)
    return place


@pytest.fixture(scope="module")
def log(folder):
    return eq.TransitionLog.from_table(
        folder / "log.csv", state=["page", "load"], arm="rule", reward="gain",
        arms=["old", "new <i>rule</i>"],
    )  # fmt: skip


def test_the_whole_command(folder, log, tmp_path):
    policy, page = tmp_path / "policy.csv", tmp_path / "report.html"
    done = run(
        *WORDS, *ARMS, "--floor", "0.05", "--out", str(policy), "--report", str(page), folder=folder
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    shown = done.stdout
    found = log.estimate()
    assert shown.startswith("log.csv: 3,999 steps, 2 arms ('old', 'new <i>rule</i>'), 9 states")
    assert f"new <i>rule</i> earns {found.effect:.3f} more per step than old (95 %" in shown
    for words in ("naive difference", "Differences-in-Q", "Next policy", "Steps still needed for"):
        assert words in shown
    assert "half of the +-" in shown
    assert shown.rstrip().endswith(f"Policy: {policy}\nReport: {page}")
    with policy.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["page", "load", "old", "new <i>rule</i>"]
    design = log.next_design(floor=0.05)
    np.testing.assert_allclose(
        [[float(row[str(arm)]) for arm in log.arms] for row in rows], design.policy, atol=1e-7
    )
    assert {(row["page"], int(row["load"])) for row in rows} == set(log.states)
    assert min(float(row["old"]) for row in rows) >= 0.05 - 1e-9
    assert sorted(file.name for file in tmp_path.iterdir()) == ["policy.csv", "report.html"]


def test_json(folder, log, typed):
    words = (*WORDS, *ARMS, "--level", "0.9", "--half-width", "0.05", "--json")
    code, shown, _ = typed(*words, folder=folder)
    answer = json.loads(shown)
    assert code == 0
    found = log.estimate()
    (effect,) = answer["effects"]
    assert effect["effect"] == pytest.approx(found.effect)
    assert effect["interval"] == pytest.approx(list(found.interval(0.9)))
    assert effect["anytime_interval"] == pytest.approx(list(found.interval(0.9, "anytime")))
    assert answer["log"]["steps"] == 3999
    assert answer["design"]["relative_gap"] < 1e-8
    assert answer["design"]["steps"] == 3999
    assert np.sum(answer["policy"]["probabilities"], axis=1) == pytest.approx(np.ones(9))
    (needed,) = answer["steps_needed"]
    assert needed["half_width"] == 0.05
    assert 0 < needed["designed"] <= needed["as_logged"]
    assert answer["written"] == {}


class Page(html.parser.HTMLParser):
    """What a page holds, and whether its elements are closed in order."""

    EMPTY = frozenset({"meta", "br", "img", "use", "path", "rect", "image"})

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.attributes, self.names = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        self.names += [value for name, value in attrs if name == "id"]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += attrs
        self.names += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "title"):
            self.words.append(data)


@pytest.fixture(scope="module")
def text():
    """A report on three arms."""
    frame = made(arms=3)
    log = eq.TransitionLog.from_table(frame, state=["page", "load"], arm="rule", reward="gain")
    return design_page(command.find(log, contrast=None, over_time=True))


def test_the_page_stands_alone(text):
    page = Page(text)
    assert page.open == []
    said = " ".join(page.words)
    for heading in (
        "Estimators side by side", "As the log grew", "The next policy", "Where the run is",
        "How long it will take", "Diagnostics", "Certificate of the design", "How it was computed",
    ):  # fmt: skip
        assert heading in said
    assert "new <i>rule</i>" in said
    assert '<b>"home"</b>, 0' in said
    assert len(page.names) == len(set(page.names))
    drawn = [value for name, value in page.attributes if name == "aria-label"]
    assert len(drawn) == 5
    for name, value in page.attributes:
        if name in ("src", "href", "xlink:href"):
            assert value.startswith(("#", "data:image/png;base64,"))
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)
    assert "<script" not in text
    # Every reference within a figure is to something within it.
    inside = set(re.findall(r'(?:href="|url\()#([\w-]+)', text))
    assert inside <= set(page.names)


def test_the_page_takes_its_ink_from_its_style(text):
    """Neither black nor white is drawn, so that both grounds do."""
    figures = re.findall(r"<svg.*?</svg>", text, flags=re.S)
    assert len(figures) == 5
    for figure in figures:
        assert "var(--ink)" in figure
        assert not re.search(r"#000000|#ffffff|#010203", figure)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_many_states_are_drawn_together(monkeypatch):
    from eqsolve.report import _design_figures

    monkeypatch.setattr(_design_figures, "DRAWN", 30)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "level": np.abs(np.cumsum(rng.choice([-1, 1], 5000)) % 61),
            "arm": rng.choice(["a", "b"], 5000),
        }
    )
    frame["gain"] = frame["level"] + rng.normal(size=5000)
    log = eq.TransitionLog.from_table(frame, state="level", arm="arm", reward="gain")
    assert len(log.states) == 61
    found = command.find(log, contrast=None)
    assert found.over_time is None
    assert _design_figures._drawn(found.logged[0])[0].size == 30
    assert _design_figures._drawn(found.logged[0])[1].sum() == pytest.approx(found.logged[0].sum())
    for figure in (_design_figures.occupancy_figure(found), _design_figures.policy_figure(found)):
        assert figure.startswith('<svg role="img"')
    assert "... and 49 states less visited" in command.as_text(found)


def test_problems_are_said_and_nothing_is_warned(tmp_path, typed):
    frame = made()
    frame["load"] = frame["load"] + np.random.default_rng(0).random(len(frame)) * 0.9
    frame.to_parquet(tmp_path / "log.parquet")
    words = ("--state", "load", "--bins", "load=2", "--arm", "rule", "--reward", "gain")
    code, shown, said = typed("log.parquet", *words, folder=tmp_path)
    assert (code, said) == (0, "")
    assert "Other bins" in shown
    assert "What stands against it:" in shown


def test_an_effect_that_is_not_told_from_zero():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"s": rng.integers(0, 3, 900), "a": rng.choice(["x", "y"], 900)})
    frame["r"] = rng.normal(size=900)
    log = eq.TransitionLog.from_table(frame, state="s", arm="a", reward="r")
    found = command.find(log, contrast=None)
    text = command.as_text(found)
    assert text.splitlines()[2].startswith(
        "The log does not tell y from x: in the long run y earns"
    )
    assert len(found.needed) == 2
    assert "to tell the effect from zero with probability 0.8, were it" in text


def test_steps_needed_are_those_after_which_the_interval_is_as_narrow():
    """One state: the classical two-sample formula."""
    rng = np.random.default_rng(2)
    arm = rng.choice(["x", "y"], 4000, p=[0.8, 0.2])
    frame = pd.DataFrame(
        {"s": 0, "a": arm, "r": np.where(arm == "x", 1, 3) * rng.normal(size=4000)}
    )
    log = eq.TransitionLog.from_table(frame, state="s", arm="a", reward="r")
    found = command.find(log, contrast=None, half_width=0.06)
    needed = found.needed[0]
    visits, variances = log.counts.visits[:, 0], log.counts.reward_variances[:, 0]
    goal = (0.06 / 1.959964) ** 2
    for steps, share in (
        (needed.designed, found.design.policy[0]),
        (needed.coin_flipping, [0.5, 0.5]),
    ):
        after = (variances / (visits + steps * np.array(share))).sum()
        before = (variances / (visits + (steps - 1) * np.array(share))).sum()
        assert after <= goal * (1 + 1e-6)
        assert before >= goal * (1 - 1e-6)
    half = log.estimate().interval().half_width
    assert needed.as_logged == pytest.approx(log.length * ((half / 0.06) ** 2 - 1), abs=1)
    assert command.find(log, contrast=None, half_width=10.0).needed[0].designed == 0


def test_thin_corners_borrow_steps_for_the_design():
    """One arm was once in a corner that it was not seen to leave."""
    frame = made(3000)
    frame.loc[3000] = ["corner", 9, "old", 1.0]
    frame.loc[3001] = ["corner", 9, "old", 1.0]
    frame.loc[3002] = ["corner", 9, "new <i>rule</i>", 1.0]
    frame.loc[3003] = frame.loc[0]
    frame.loc[3004] = ["corner", 9, "old", 1.0]
    log = eq.TransitionLog.from_table(frame, state=["page", "load"], arm="rule", reward="gain")
    with pytest.raises(eq.BadExperiment, match="closed classes"):
        log.next_design(prior=0.0)
    design = log.next_design()
    assert any("lent one step" in note for note in design.notes)
    assert design.relative_gap < 1e-6


def test_the_report_is_no_system_to_reproduce():
    modules = [module.name for module in pkgutil.iter_modules(report.__path__)]
    assert [name for name in modules if "design" in name]
    assert all(name.startswith("_") for name in modules if "design" in name or "page" in name)


def test_several_files_and_a_pattern_of_them(tmp_path, typed):
    frame = made(600)
    for part in range(3):
        frame.iloc[part * 200 : part * 200 + 200].to_parquet(tmp_path / f"part-{part}.parquet")
    words = ("--state", "load", "--arm", "rule", "--reward", "gain", "--json")
    every = ("part-0.parquet", "part-1.parquet", "part-2.parquet")
    steps = [
        json.loads(typed(*given, *words, folder=tmp_path)[1])["log"]["steps"]
        for given in (every, ("part-*.parquet",))
    ]
    assert steps == [599, 599]


@pytest.mark.parametrize(("words", "sentence"), [
    (("absent.csv", *WORDS[1:]), "eqsolve: There is no file 'absent.csv'."),
    ((*WORDS[:-1], "gian"), "eqsolve: reward='gian': log.csv has no such column; did you mean 'gain'?"),
    ((*WORDS[:-1], "page"), "eqsolve: Column 'page', the reward, holds text, such as '<b>\"home\"</b>' in row 0; rewards are numbers."),
    ((*WORDS, "--arms", "old,older"), "eqsolve: Arm 'new <i>rule</i>' occurs in the log but is not among arms=['old', 'older']."),
    ((*WORDS, "--floor", "0.7"), "eqsolve: The floors of the arms allowed in state ('<b>\"home\"</b>', 0) sum to 1.4"),
])  # fmt: skip
def test_refusals_end_the_command_in_one_sentence(words, sentence, folder, tmp_path, typed):
    targets = ("--out", str(tmp_path / "policy.csv"), "--report", str(tmp_path / "report.html"))
    code, shown, said = typed(*words, *targets, folder=folder)
    assert (code, shown) == (1, "")
    assert said.startswith(sentence)
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("call", "sentence"), [
    (lambda log, at: command.check_options(95, None), "level=95: it is a probability between 0 and 1, such as 0.95."),
    (lambda log, at: command.check_options(0.9, -1.0), "--half-width -1: it must be positive."),
    (lambda log, at: command.check_options(0.9, None, at / "none" / "policy.csv"), "to write 'policy.csv' to."),
    (lambda log, at: command.check_options(0.9, None, None, at), "is a folder; name a file to write to."),
    (lambda log, at: command.parse_bins(["few"]), "--bins few: it is a number of bins, as in 10, or points to cut at, as in 0,5,20."),
    (lambda log, at: command.parse_bins(["3", "4"]), "--bins 3: with several, say of which column, as in queue=3."),
    (lambda log, at: command.parse_contrast("old=1,-1", log), "--contrast old=1,-1: give weights by name for all arms, or for none."),
    (lambda log, at: command.parse_contrast("olt=1", log), "--contrast olt=1: there is no arm 'olt'; the arms are old, new <i>rule</i>."),
    (lambda log, at: command.parse_contrast("old=one", log), "--contrast old=one: 'one' is no number; weights look like new=1,old=-1."),
    (lambda log, at: command.find(log, contrast="1,2,3"), "A contrast needs one weight for each of the 2 arms"),
    (lambda log, at: command.find(log, contrast=None, half_width=0.0), "half_width is 0.0; it must be positive."),
    (lambda log, at: command.find(log, contrast=None, steps=0), "steps is 0; it must be a whole number of at least 1."),
])  # fmt: skip
def test_sentences(call, sentence, log, tmp_path):
    with pytest.raises(eq.EqsolveError) as caught:
        call(log, tmp_path)
    assert sentence in str(caught.value)


def test_contrasts_and_bins_as_typed(log):
    assert command.parse_contrast("1,-1", log) == [1.0, -1.0]
    assert command.parse_contrast("old=0.5", log) == {"old": 0.5}
    assert command.parse_bins(["load=0,1.5"]) == {"load": [0.0, 1.5]}
    assert command.parse_bins(["2.5"]) == [2.5]
    found = command.find(log, contrast="old=1")
    assert found.effects[0].effect == pytest.approx(log.estimate({"old": 1.0}).effect)
    assert command.as_text(found).splitlines()[2].startswith("In the long run 1 old is ")
