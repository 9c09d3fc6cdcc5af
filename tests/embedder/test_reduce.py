"""A projection fitted on the catalogue: a new embedder whose block is the principal components of the old
one's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.errors import UsageError
from data.records import CatalogueRow, PhotoRef, Product
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.reduce import Reduction, fit_projection
from embedder.registry import available, open_embedder
from tests.embedder.kit import drawn, jpeg


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop.create(tmp_path / "shop")
    photos = tmp_path / "photos"
    photos.mkdir()
    rows = []
    for i, picture in enumerate(drawn(40)):
        (photos / f"{i}.jpg").write_bytes(jpeg(picture) if i else b"broken")
        rows.append(CatalogueRow(i + 1, Product(f"p{i}"), (PhotoRef(f"{i}.jpg"),)))
    made.put_rows(rows, photos)
    return made


@pytest.mark.parametrize("whiten", [False, True])
def test_the_block_is_the_components_of_the_pooled_activations(
    shop: Shop, tiny: Embedder, whiten: bool
) -> None:
    fit_projection(shop, tiny, "small", Reduction(dims=6, whiten=whiten))
    small = open_embedder("small", shop.directory / "models", "torch")
    assert small.layout.dims == (6, *tiny.layout.dims[1:])
    assert {info.spec: info.kind for info in available(shop.directory / "models")}["small"] == "reduced"
    assert small.space != tiny.space
    sources = [shop.photo_path(shop.photos_of(f"p{i}")[0]) for i in range(1, 40)]
    photos = np.stack([tiny.prepare(source) for source in sources])
    pooled = tiny.runtime.encode(photos)[0]
    centred = pooled - pooled.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    block = small.encode(photos)[:, :6]
    if not whiten:
        wanted = centred @ directions[:6].T
        wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
        np.testing.assert_allclose(np.abs(block), np.abs(wanted), atol=2e-3)
    assert small.projections[0].matrix is not None
    scores = centred @ small.projections[0].matrix
    np.testing.assert_allclose(np.corrcoef(scores, rowvar=False), np.eye(6), atol=1e-2)
    assert "principal components" in (shop.directory / "models" / "small" / "card.md").read_text()


def test_a_reduction_of_a_reduction_composes(shop: Shop, tiny: Embedder) -> None:
    fit_projection(shop, tiny, "ten", Reduction(dims=10))
    ten = open_embedder("ten", shop.directory / "models", "torch")
    fit_projection(shop, ten, "four", Reduction(dims=4))
    fit_projection(shop, tiny, "direct", Reduction(dims=4))
    four, direct = (open_embedder(name, shop.directory / "models", "torch") for name in ("four", "direct"))
    np.testing.assert_allclose(
        np.abs(four.encode(drawn(5))[:, :4]), np.abs(direct.encode(drawn(5))[:, :4]), atol=2e-3
    )


def test_what_cannot_be_fitted(shop: Shop, tiny: Embedder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gives no aspect 'colour'"):
        fit_projection(shop, tiny, "x", Reduction(aspect="colour"))
    with pytest.raises(UsageError, match="too few"):
        fit_projection(shop, tiny, "x", Reduction(dims=39))
    with pytest.raises(UsageError, match="no photo that can be read"):
        fit_projection(Shop.create(tmp_path / "empty"), tiny, "x")
    assert not (shop.directory / "models" / "x").exists()
