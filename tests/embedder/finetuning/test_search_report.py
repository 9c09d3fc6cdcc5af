"""What a search says of itself: on the card, as JSON, as a picture."""

from __future__ import annotations

import io
import json

import numpy as np
from PIL import Image

from embedder.finetuning.search_picture import as_png
from embedder.finetuning.search_report import Found, card_section
from embedder.finetuning.space import Search, Varied
from embedder.finetuning.study import FAILED, FINISHED, PRUNED, Importances, Trial

TRIALS = (
    Trial(1, FINISHED, 0.25, {"dropout": 0.1}, 4, 2.0),
    Trial(2, FAILED, None, {"dropout": 0.2}, 0, 0.5, "no memory"),
    Trial(3, FINISHED, 0.75, {"dropout": 0.3}, 4, 2.0),
    Trial(4, PRUNED, 0.5, {"dropout": 0.4}, 2, 1.0),
)
SHARES = Importances({"dropout": 0.8, "dims": 0.2}, "by functional ANOVA over the 8 finished trials")
UNTOLD = Importances(None, "2 trials were finished; 8 are needed to tell")
WANTED = Search(4, "random", minutes=5.0, space=(Varied("dropout", 0.0, 0.5),))


def pixels(importances: Importances, trials: tuple[Trial, ...] = TRIALS) -> np.ndarray:
    with Image.open(io.BytesIO(as_png(trials, importances, "x"))) as image:
        return np.asarray(image.convert("RGB"))


def test_the_card_says_how_many_were_tried_on_what() -> None:
    text = card_section(Found(WANTED, TRIALS, TRIALS[2], SHARES))
    assert (
        "4 settings were tried (random: 2 finished, 1 failed, 1 pruned) and judged by mAP@R on the " in text
    )
    assert "on the validation photos alone, 0.750 for the best, trial 3 (dropout 0.3)" in text
    assert "the test photos were used once" in text
    assert "| `dropout` | 0.80 |\n| `dims` | 0.20 |" in text
    assert "Shares by functional ANOVA over the 8 finished trials." in text


def test_the_card_says_where_importances_cannot_be_told() -> None:
    text = card_section(Found(WANTED, TRIALS, TRIALS[2], UNTOLD))
    assert "What mattered most cannot be told: 2 trials were finished; 8 are needed to tell." in text


def test_all_trials_are_in_the_json() -> None:
    kept = json.loads(json.dumps(Found(WANTED, TRIALS, TRIALS[2], SHARES).as_json(), allow_nan=False))
    assert (kept["best"], kept["seconds"], kept["wanted"], kept["minutes"]) == (3, 5.5, 4, 5.0)
    assert kept["varied"] == [{"name": "dropout", "low": 0.0, "high": 0.5, "log": False}]
    assert kept["importances"] == {"dropout": 0.8, "dims": 0.2}
    assert kept["trials"][1] == {
        "number": 2,
        "state": "failed",
        "value": None,
        "values": {"dropout": 0.2},
        "epochs": 0,
        "seconds": 0.5,
        "reason": "no memory",
    }


def test_the_picture_shows_trials_on_the_left_and_importances_on_the_right() -> None:
    with_shares, untold, fewer = pixels(SHARES), pixels(UNTOLD), pixels(SHARES, TRIALS[:2])
    half = with_shares.shape[1] // 2
    blue = np.array([0x2B, 0x5D, 0x8A])
    bars = (with_shares == blue).all(axis=2)[:, half:].sum()
    assert bars > 10_000
    assert not (untold == blue).all(axis=2)[:, half:].any()
    assert (with_shares[:, :half] != fewer[:, :half]).any()
    assert with_shares.shape == untold.shape == fewer.shape


def test_a_search_whose_trials_all_failed_can_be_drawn() -> None:
    assert pixels(UNTOLD, (TRIALS[1],)).size
