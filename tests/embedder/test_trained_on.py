"""Which products an embedder learnt from, as its folder says it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.errors import Damaged
from embedder.embedder import Embedder
from embedder.export import Contents, write_embedder
from embedder.registry import open_embedder, open_folder
from embedder.trained_on import TRAINED_ON_NAME, TrainedOn, read_trained_on


def kept(folder: Path, what: TrainedOn) -> Path:
    folder.mkdir()
    (folder / TRAINED_ON_NAME).write_bytes(what.as_bytes())
    return folder


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    what = TrainedOn(("a", "ü"), 1_700_000_000.25, 1_800_000_000.0, complete=False)
    assert read_trained_on(kept(tmp_path / "one", what)) == what
    unknown = TrainedOn((), None, 1_800_000_000.0)
    assert read_trained_on(kept(tmp_path / "two", unknown)) == unknown
    assert read_trained_on(tmp_path) is None


def test_a_product_that_was_taken_out_is_noticed(tmp_path: Path) -> None:
    path = kept(tmp_path / "one", TrainedOn(("a", "b"), None, 0.0)) / TRAINED_ON_NAME
    told = json.loads(path.read_text())
    told["products"].remove("b")
    path.write_text(json.dumps(told))
    with pytest.raises(Damaged, match="does not match its checksum"):
        read_trained_on(path.parent)
    for text in ("[]", "{}", "no json", json.dumps({**told, "trained": "yesterday"})):
        path.write_text(text)
        with pytest.raises(Damaged, match="not readable"):
            read_trained_on(path.parent)


def test_what_the_base_had_learnt_counts_too(tmp_path: Path, tiny: Embedder) -> None:
    from_bundled = TrainedOn.of(["b", "a", "b"], 5.0, 9.0, open_embedder("bundled"))
    assert from_bundled == TrainedOn(("a", "b"), 5.0, 9.0, complete=True)
    files = {TRAINED_ON_NAME: from_bundled.as_bytes()}
    contents = Contents.of(tiny, "")
    base = Contents(contents.config, contents.tensors, contents.projections, contents.palette, "", files)
    tuned = open_folder(write_embedder(tmp_path / "tuned", base))
    assert TrainedOn.of(["c"], 4.0, 10.0, tuned) == TrainedOn(("a", "b", "c"), 5.0, 10.0, complete=True)
    silent = open_folder(write_embedder(tmp_path / "silent", contents))
    assert TrainedOn.of(["c"], None, 10.0, silent) == TrainedOn(("c",), None, 10.0, complete=False)
