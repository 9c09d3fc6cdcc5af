"""Names and places that grow: nobody's part ever changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.places import Names, Places

SAID = st.dictionaries(st.sampled_from("abcdefgh"), st.none() | st.integers(-1, 50), max_size=8)


@given(st.lists(st.tuples(st.integers(0, 30), SAID), max_size=40))
def test_every_holder_knows_what_was_said_up_to_it(steps: list[tuple[int, dict[str, int | None]]]) -> None:
    held: list[tuple[Places, dict[str, int]]] = [(Places({"a": 3, "z": -1}), {"a": 3, "z": -1})]
    for which, said in steps:
        older, known = held[which % len(held)]
        now = {product: place for product, place in (known | said).items() if place is not None}
        held.append((older.plus(said), now))
    for places, known in held:
        assert dict(places.items()) == known
        assert len(places) == len(known)
        assert [places.get(product) for product in "abcdefghz?"] == [known.get(p) for p in "abcdefghz?"]


@given(st.lists(st.tuples(st.integers(0, 30), st.lists(st.text(max_size=3), max_size=5)), max_size=30))
def test_every_holder_has_the_names_that_it_was_given(steps: list[tuple[int, list[str]]]) -> None:
    held: list[tuple[Names, list[str]]] = [(Names(["first"]), ["first"])]
    for which, more in steps:
        older, known = held[which % len(held)]
        held.append((older.plus(more), known + more))
    for names, known in held:
        assert list(names) == known
        assert [names[at] for at in range(-len(known), len(known))] == known + known
        assert names[1:] == known[1:]
        for others, those in held:
            assert names.begins(others) == (those[: len(known)] == known)


def test_what_goes_on_is_not_copied() -> None:
    first = Names(["one"])
    second = first.plus(["two"])
    assert second._names is first._names
    assert first.plus(["three"])._names is not first._names, "the place was taken"
    places = Places({"one": 1})
    assert places.plus({"one": 2})._last is places._last
    assert places.plus({"one": 3})._last is not places._last, "somebody went on from here before"


def test_what_is_said_again_takes_no_room() -> None:
    places = Places({"one": 1})
    for _ in range(5):
        places = places.plus({"one": 1, "never": None})
    assert len(places._said) == 1
