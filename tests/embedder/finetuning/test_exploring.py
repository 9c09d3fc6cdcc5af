"""How a search goes, on planted values: what is tried, given up and kept, and that a stop changes nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from data.errors import Damaged, UsageError, VitrineError
from embedder.finetuning.exploring import PRUNED_FROM, Judge, Start, Watch, explore, grid_size
from embedder.finetuning.knobs import Value
from embedder.finetuning.space import Search, Varied
from embedder.finetuning.study import FAILED, FILE, FINISHED, PRUNED, KeptStudy, Trial, best_of

RATE = Varied("new-rate", 1e-4, 1e-1, log=True)
DROPOUT = Varied("dropout", 0.0, 0.5)
DIMS = Varied("dims", choices=(16, 32, 64))
SPACE = (RATE, DROPOUT, DIMS)
START = Start(seed=3, own=None, quiet=0)
ORDER = {"sampler": "any", "varied settings": [varied.as_json() for varied in SPACE]}


def silent(_: str) -> None:
    pass


def low_dropout(values: Mapping[str, Value], watch: Watch) -> float:
    """Dropout is all that counts; three epochs that rise to the value."""
    value = 1.0 - float(values["dropout"])
    for epoch in range(1, 4):
        watch(epoch, 3, value * epoch / 3)
    return value


def tried(
    folder: Path,
    wanted: Search,
    judge: Judge = low_dropout,
    start: Start = START,
    tell: Callable[[str], None] = silent,
    resume: bool = False,
) -> tuple[Trial, ...]:
    with KeptStudy.opened(folder, ORDER, resume) as kept:
        explore(kept, wanted, start, judge, tell)
        return kept.trials()


def essence(trials: tuple[Trial, ...]) -> list[tuple[object, ...]]:
    """All but the seconds."""
    return [(t.number, t.state, t.value, t.values, t.epochs, t.reason) for t in trials]


def test_the_best_is_the_highest_of_those_that_finished(tmp_path: Path) -> None:
    said: list[str] = []
    trials = tried(tmp_path / "s", Search(8, "random", space=SPACE), tell=said.append)
    assert [trial.number for trial in trials] == list(range(1, 9))
    best = best_of(trials)
    assert best is not None
    assert best.value == max(1.0 - float(trial.values["dropout"]) for trial in trials)
    assert f"best so far {best.value:.3f} (trial {best.number})" in said[-1]
    assert said[0].startswith("trial 1 of 8 finished: new-rate ")
    for trial in trials:
        assert RATE.holds(trial.values["new-rate"])
        assert trial.values["dims"] in DIMS.choices


def test_the_settings_as_they_are_come_first(tmp_path: Path) -> None:
    own: dict[str, Value] = {"new-rate": 3e-3, "dropout": 0.125, "dims": 32}
    first, second = tried(tmp_path / "s", Search(2, "tpe", space=SPACE), start=Start(3, own, 0))
    assert first.values == own
    assert second.values != own


def test_a_grid_is_tried_whole_each_point_once(tmp_path: Path) -> None:
    space = (DROPOUT, DIMS)
    trials = tried(tmp_path / "s", Search(99, "grid", space=space))
    assert grid_size(space) == 9
    points = [(trial.values["dropout"], trial.values["dims"]) for trial in trials]
    assert sorted(points) == [(d, n) for d in (0.0, 0.25, 0.5) for n in (16, 32, 64)]
    part = tried(tmp_path / "t", Search(4, "grid", space=space))
    assert essence(part) == essence(trials[:4])


def falling(bad: int, seen: list[int]) -> Judge:
    """Every trial's value is .5, but the ``bad`` one's, which is .1 from its first epoch on."""
    calls = [0]

    def judge(_: Mapping[str, Value], watch: Watch) -> float:
        calls[0] += 1
        value = 0.1 if calls[0] == bad else 0.5
        for epoch in range(1, 6):
            if calls[0] == bad:
                seen.append(epoch)
            watch(epoch, 5, value)
        return value

    return judge


@pytest.mark.parametrize(("quiet", "epochs"), [(0, [1]), (2, [1, 2, 3])])
def test_what_lies_below_the_median_is_given_up(tmp_path: Path, quiet: int, epochs: list[int]) -> None:
    seen: list[int] = []
    judge = falling(PRUNED_FROM + 1, seen)
    trials = tried(tmp_path / "s", Search(6, "random", space=SPACE), judge, Start(3, None, quiet))
    assert [trial.state for trial in trials] == [FINISHED] * 4 + [PRUNED, FINISHED]
    assert seen == epochs
    assert (trials[4].value, trials[4].epochs) == (0.1, len(epochs))
    best = best_of(trials)
    assert best is not None
    assert best.number == 1


def test_nothing_is_given_up_before_there_is_a_median_or_after_the_last_epoch(tmp_path: Path) -> None:
    early = tried(tmp_path / "s", Search(5, "random", space=SPACE), falling(PRUNED_FROM, []))
    assert {trial.state for trial in early} == {FINISHED}
    start = Start(3, None, quiet=4)
    late = tried(tmp_path / "t", Search(6, "random", space=SPACE), falling(PRUNED_FROM + 1, []), start)
    assert {trial.state for trial in late} == {FINISHED}


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_a_search_that_was_stopped_goes_on_as_if_it_was_not(tmp_path: Path, sampler: str) -> None:
    wanted = Search(14, sampler, space=SPACE)
    whole = tried(tmp_path / "whole", wanted)
    judged: list[Mapping[str, Value]] = []

    def stopped_at(last: int) -> Judge:
        def judge(values: Mapping[str, Value], watch: Watch) -> float:
            judged.append(values)
            if len(judged) == last:
                watch(1, 3, 0.5)
                raise KeyboardInterrupt
            return low_dropout(values, watch)

        return judge

    with pytest.raises(KeyboardInterrupt):
        tried(tmp_path / "part", wanted, stopped_at(12))
    trials = tried(tmp_path / "part", wanted, stopped_at(0), resume=True)
    assert essence(trials) == essence(whole)
    assert len(judged) == 15  # the one that was stopped once more, no other
    assert judged[11] == judged[12]
    more = tried(tmp_path / "part", Search(16, sampler, space=SPACE), resume=True)
    assert essence(more[:14]) == essence(whole)
    assert len(more) == 16


def test_the_same_seed_tries_the_same_and_another_does_not(tmp_path: Path) -> None:
    wanted = Search(3, "tpe", space=SPACE)
    first, again = (essence(tried(tmp_path / name, wanted)) for name in "ab")
    other = essence(tried(tmp_path / "c", wanted, start=Start(4, None, 0)))
    assert first == again
    assert first != other


def test_a_failed_trial_is_kept_with_its_reason_and_not_repeated(tmp_path: Path) -> None:
    calls: list[int] = []

    def judge(values: Mapping[str, Value], watch: Watch) -> float:
        calls.append(1)
        if len(calls) == 2:
            raise VitrineError("the loss is no number any more")
        return low_dropout(values, watch)

    said: list[str] = []
    trials = tried(tmp_path / "s", Search(3, "random", space=SPACE), judge, tell=said.append)
    assert [trial.state for trial in trials] == [FINISHED, FAILED, FINISHED]
    assert (trials[1].value, trials[1].reason) == (None, "the loss is no number any more")
    assert said[1].startswith("trial 2 of 3 failed (the loss is no number any more): new-rate ")
    assert essence(tried(tmp_path / "s", Search(3, space=SPACE), judge, resume=True)) == essence(trials)
    assert len(calls) == 3


def test_what_never_works_is_given_up(tmp_path: Path) -> None:
    def judge(_: Mapping[str, Value], __: Watch) -> float:
        raise VitrineError("no memory")

    with pytest.raises(
        VitrineError, match="none of the first 3 settings could be trained; the last: no memory"
    ):
        tried(tmp_path / "s", Search(9, "random", space=SPACE), judge)


def test_the_time_that_trials_took_counts_over_all_runs(tmp_path: Path) -> None:
    blink = Search(9, "random", minutes=1e-9, space=SPACE)
    assert len(tried(tmp_path / "s", blink)) == 1
    assert len(tried(tmp_path / "s", blink, resume=True)) == 1
    hour = Search(3, "random", minutes=60, space=SPACE)
    assert len(tried(tmp_path / "s", hour, resume=True)) == 3


@pytest.mark.parametrize(
    ("order", "resume", "message"),
    [
        (ORDER, False, "an unfinished search of this name lies in .*, 2 settings tried: go on with --resume"),
        (ORDER | {"sampler": "x", "split": "time"}, True, "begun with other sampler, split; give the same"),
    ],
)
def test_another_search_is_in_the_way(
    tmp_path: Path, order: dict[str, Any], resume: bool, message: str
) -> None:
    tried(tmp_path / "s", Search(2, "random", space=SPACE))
    with pytest.raises(UsageError, match=message):
        KeptStudy.opened(tmp_path / "s", order, resume)


def test_trials_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / FILE).write_bytes(b"this is no database" * 100)
    with pytest.raises(Damaged, match="delete that folder and begin anew"):
        KeptStudy.opened(tmp_path / "s", ORDER, True)


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "100 % wool? #1 ünï"
    tried(folder, Search(1, "random", space=SPACE))
    assert (folder / FILE).is_file()
    with KeptStudy.opened(folder, ORDER, True) as kept:
        assert len(kept.trials()) == 1
        kept.end()
    assert not folder.exists()


def test_what_matters_is_found_where_there_is_enough_to_tell(tmp_path: Path) -> None:
    def judge(values: Mapping[str, Value], _: Watch) -> float:
        return 1.0 - float(values["dropout"])

    with KeptStudy.opened(tmp_path / "s", ORDER, False) as kept:
        explore(kept, Search(7, "random", space=SPACE), START, judge, silent)
        early = kept.importances(SPACE, 0)
        assert (early.shares, early.text) == (None, "7 trials were finished; 8 are needed to tell")
        assert kept.importances((DROPOUT,), 0).text == "only one setting was varied"
        explore(kept, Search(24, "random", space=SPACE), START, judge, silent)
        found = kept.importances(SPACE, 0)
        assert found.shares is not None
        assert next(iter(found.shares)) == "dropout"
        assert found.shares["dropout"] > 0.9
        assert sum(found.shares.values()) == pytest.approx(1.0)
        assert found == kept.importances(SPACE, 0)


def test_nothing_matters_where_all_come_out_alike(tmp_path: Path) -> None:
    with KeptStudy.opened(tmp_path / "s", ORDER, False) as kept:
        explore(kept, Search(8, "random", space=SPACE), START, lambda *_: 0.5, silent)
        assert kept.importances(SPACE, 0).text == "all trials came out alike"


def test_nothing_is_printed_warned_of_or_sent(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("something is sent")

    monkeypatch.setattr("socket.socket.connect", refused)
    seen: list[int] = []
    tried(tmp_path / "s", Search(6, "tpe", space=SPACE), falling(5, seen))
    assert seen
    assert not recwarn.list
    assert capfd.readouterr() == ("", "")


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, embedder.finetuning.exploring, embedder.finetuning.space\n"
        "print([m for m in ('optuna', 'torch', 'sqlalchemy', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
