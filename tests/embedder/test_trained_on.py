"""Which products an embedder learnt from, as its folder says it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import Damaged
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.export import Contents, save_embedder, write_embedder
from embedder.joining import Joining, fit_joined
from embedder.registry import open_embedder, open_folder
from embedder.souping import fit_soup
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


def test_what_it_is_measured_on_is_held_against_it() -> None:
    whole = TrainedOn(("a", "b"), None, 0.0)
    assert whole.caution("x", ["c", "c"]) is None
    assert whole.caution("x", "abbc") == "x learnt from 2 of the 3 products measured here"
    part = replace(whole, complete=False)
    assert part.caution("x", "bc") == "x learnt from at least 1 of the 2 products measured here"
    assert part.caution("x", "c") == "it is not known whether x learnt from the 1 products measured here"


def taught(folder: Path, base: Embedder, *products: str) -> Embedder:
    """A copy of an embedder whose folder says that it learnt from these products."""
    files = {TRAINED_ON_NAME: TrainedOn(products, 5.0, 9.0).as_bytes()}
    return open_folder(write_embedder(folder, replace(Contents.of(base, ""), files=files)))


def test_a_copy_an_average_and_a_join_name_what_their_members_learnt(tmp_path: Path, tiny: Embedder) -> None:
    one, other = taught(tmp_path / "one", tiny, "a", "b"), taught(tmp_path / "other", tiny, "b", "c")
    shop = Shop.create(tmp_path / "shop")
    assert read_trained_on(save_embedder(tmp_path / "copy", one, {}, "")) == TrainedOn(("a", "b"), 5.0, 9.0)
    soup = fit_soup(shop, [one, other], "soup").folder
    assert read_trained_on(soup) == TrainedOn(("a", "b", "c"), 5.0, 9.0)
    bundled = open_embedder("bundled")
    joined = fit_joined(shop, [one, bundled], "joined", Joining(dims=10_000))
    assert read_trained_on(joined) == TrainedOn(("a", "b"), 5.0, 9.0)
    tuned = TrainedOn.of(["d"], None, 10.0, open_folder(joined, "joined"))
    assert tuned == TrainedOn(("a", "b", "d"), 5.0, 10.0, complete=True)


def test_an_average_with_one_that_says_nothing_is_not_complete(tmp_path: Path, tiny: Embedder) -> None:
    one = taught(tmp_path / "one", tiny, "a")
    silent = open_folder(write_embedder(tmp_path / "silent", replace(Contents.of(tiny, ""), files={})))
    shop = Shop.create(tmp_path / "shop")
    found = read_trained_on(fit_soup(shop, [one, silent], "soup").folder)
    assert found == TrainedOn(("a",), 5.0, 9.0, complete=False)
    assert read_trained_on(save_embedder(tmp_path / "copy", silent, {}, "")) is None


def test_a_copy_of_the_bundled_embedder_learnt_from_no_product(tmp_path: Path) -> None:
    found = read_trained_on(save_embedder(tmp_path / "copy", open_embedder("bundled"), {}, ""))
    assert found is not None
    assert (found.products, found.complete) == ((), True)
