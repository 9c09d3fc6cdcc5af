"""mixup and CutMix: what a photo shows is what its labels say."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from embedder.finetuning.mixing import Mixer
from embedder.finetuning.settings import Augmentation, Settings, Transfer


@dataclass(frozen=True)
class Label:
    classes: tuple[str, ...]


CATEGORY, COLOUR = Label(("bag", "shirt", "shoe")), Label(("black", "red"))


def mixer(mixup: float = 0.0, cutmix: float = 0.0, seed: int = 7) -> Mixer:
    augmentation = Augmentation(mixup=mixup, cutmix=cutmix)
    return Mixer(Settings(transfer=Transfer(strategy="full"), augmentation=augmentation, seed=seed))


def flat(*levels: int) -> Tensor:
    """Photos of one grey each, uint8 (n, 3, 10, 10)."""
    return torch.tensor(levels, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 10, 10).contiguous()


def test_without_mixing_all_stays_as_it_is() -> None:
    photos, targets = flat(0, 100), [torch.tensor([0, 2])]
    seen, shares = mixer().mixed(photos, targets, (1, 0), [CATEGORY])
    assert seen is photos
    assert torch.equal(shares[0], targets[0])


@pytest.mark.parametrize("kind", [{"mixup": 0.8}, {"cutmix": 1.0}, {"mixup": 0.4, "cutmix": 1.0}])
def test_the_shares_are_what_the_photos_show(kind: dict[str, float]) -> None:
    photos = flat(0, 200)
    for number in range(12):
        seen, (shares,) = mixer(**kind).mixed(photos, [torch.tensor([0, 2])], (1, number), [CATEGORY])
        assert seen.dtype == torch.float32
        white = seen.mean(dim=(1, 2, 3)) / 200
        torch.testing.assert_close(shares[:, 2], white)
        torch.testing.assert_close(shares.sum(dim=1), torch.ones(2))
        assert not shares[:, 1].any()


def test_cutmix_cuts_and_mixup_blends() -> None:
    photos = flat(0, 200)
    levels = {kind: set() for kind in ("mixup", "cutmix")}
    for number in range(20):
        for kind in levels:
            seen, _ = mixer(**{kind: 1.0}).mixed(photos, [torch.tensor([0, 2])], (1, number), [CATEGORY])
            levels[kind] |= {round(level) for level in seen[0].unique().tolist()}
    assert levels["cutmix"] == {0, 200}
    assert len(levels["mixup"]) > 10


def test_where_both_are_asked_for_both_happen() -> None:
    kinds = set()
    for number in range(20):
        seen, _ = mixer(1.0, 1.0).mixed(flat(0, 200), [torch.tensor([0, 1])], (1, number), [COLOUR])
        kinds.add(bool(((seen == 0) | (seen == 200)).all()))
    assert kinds == {True, False}


def test_a_missing_value_adds_nothing_to_the_shares_of_its_label() -> None:
    targets = [torch.tensor([0, 2]), torch.tensor([-1, 1])]
    seen, (category, colour) = mixer(mixup=1.0).mixed(flat(0, 200), targets, (1, 0), [CATEGORY, COLOUR])
    white = seen.mean(dim=(1, 2, 3)) / 200
    torch.testing.assert_close(category.sum(dim=1), torch.ones(2))
    torch.testing.assert_close(colour, torch.stack([torch.zeros(2), white], dim=1))


def test_the_place_fixes_the_mixing_and_the_generator_is_left_alone() -> None:
    photos, targets = flat(0, 200), [torch.tensor([0, 2])]
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, _ = mixer(mixup=1.0).mixed(photos, targets, (2, 5), [CATEGORY])
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    again, _ = mixer(mixup=1.0).mixed(photos, targets, (2, 5), [CATEGORY])
    assert torch.equal(first, again)
    others = [
        mixer(mixup=1.0).mixed(photos, targets, (2, 6), [CATEGORY])[0],
        mixer(mixup=1.0).mixed(photos, targets, (3, 5), [CATEGORY])[0],
        mixer(mixup=1.0, seed=8).mixed(photos, targets, (2, 5), [CATEGORY])[0],
    ]
    assert not any(torch.equal(first, other) for other in others)
