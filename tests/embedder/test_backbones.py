"""One contract for every backbone: preprocessing from its own config, unit blocks, batches change nothing."""

from __future__ import annotations

import numpy as np
import pytest
import timm
import torch

from data.errors import UsageError
from embedder.aspect import AspectConfig
from embedder.backbone import FeatureNet, Output, build_model, pool
from embedder.config import EmbedderConfig, Preprocessing
from embedder.embedder import Embedder
from embedder.sources import ModelWeights
from tests.embedder.kit import TINY, cosines, drawn

# Architecture, smallest input that it allows here, width of its last map, width of stage 1.
CONTRACT = [
    ("resnet50", 32, 2048, 256),
    ("resnet101", 32, 2048, 256),
    ("vgg16", 32, 512, 128),
    ("vgg19", 32, 512, 128),
    ("inception_v3", 75, 2048, 192),
    ("inception_resnet_v2", 75, 1536, 192),
    ("mobilenetv2_100", 32, 1280, 24),
    ("mobilenetv3_large_100", 32, 960, 24),
    ("mobilenetv4_conv_small", 32, 960, 32),
    ("efficientnet_b0", 32, 1280, 24),
    ("convnext_tiny", 32, 768, 192),
]


def embedder_of(architecture: str, side: int) -> Embedder:
    """A network with random weights, its own preprocessing, a smaller input."""
    cfg = timm.get_pretrained_cfg(architecture).to_dict()
    text = {"architecture": architecture, "pretrained_cfg": cfg | {"input_size": (3, side, side)}}
    config = EmbedderConfig.from_json(text, architecture)
    torch.manual_seed(0)
    return Embedder(architecture, config, ModelWeights(lambda: build_model(config)), {}, "torch")


@pytest.mark.parametrize(("architecture", "side", "last", "early"), CONTRACT)
def test_contract(architecture: str, side: int, last: int, early: int) -> None:
    embedder = embedder_of(architecture, side)
    own = timm.get_pretrained_cfg(architecture)
    made = embedder.config.preprocessing
    assert (made.mean, made.std, made.interpolation) == (own.mean, own.std, own.interpolation)
    assert embedder.layout.dims == (last, 2 * early, len(embedder.palette or ()))
    photos = drawn(3, side)
    together = embedder.encode(photos)
    assert together.dtype == np.float32
    assert together.shape == (3, embedder.layout.d)
    for block in embedder.layout.slices:
        np.testing.assert_allclose(np.linalg.norm(together[:, block], axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embedder.layout.scale(together), axis=1), 1, atol=1e-5)
    one_by_one = np.concatenate([embedder.encode(photo[None]) for photo in photos])
    np.testing.assert_allclose(one_by_one, together, atol=2e-4)
    np.testing.assert_array_equal(embedder.encode(photos), together)
    assert cosines(together[:1], together[1:2])[0] < 0.99999


def test_input_size_comes_from_the_models_own_config() -> None:
    config = EmbedderConfig.from_json(
        {"architecture": "inception_v3", "pretrained_cfg": timm.get_pretrained_cfg("inception_v3").to_dict()},
        "x",
    )
    assert (config.preprocessing.width, config.preprocessing.height) == (299, 299)


def test_normalisation_is_the_configs() -> None:
    """The network sees (x / 255 - mean) / std: checked against timm's own transform of the same picture."""
    embedder = embedder_of("mobilenetv3_large_100", 32)
    photo = drawn(1, 32)
    size = embedder.config.preprocessing
    seen = (photo[0].astype(np.float32) / 255 - size.mean) / size.std
    with torch.inference_mode():
        wanted = embedder.network.build()(torch.from_numpy(seen.transpose(2, 0, 1)[None].astype(np.float32)))
    np.testing.assert_allclose(embedder.runtime.encode(photo)[0], wanted[0].numpy(), rtol=1e-4, atol=1e-5)


def maps() -> torch.Tensor:
    return torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, 4.0]]]])


def test_poolings_by_hand() -> None:
    assert pool(maps(), "avg").tolist() == [[3.0, 1.0]]
    assert pool(maps(), "max").tolist() == [[6.0, 4.0]]
    gem = [((1 + 8 + 27 + 216) / 4) ** (1 / 3), (64 / 4) ** (1 / 3)]
    np.testing.assert_allclose(pool(maps(), "gem").numpy()[0], gem, rtol=1e-5)
    spread = [np.std([1, 2, 3, 6]), np.std([0, 0, 0, 4])]
    np.testing.assert_allclose(pool(maps(), "meanstd").numpy()[0], [3, 1, *spread], rtol=1e-6)


def test_several_stages_are_concatenated() -> None:
    network = timm.create_model(TINY, pretrained=False, num_classes=0).eval()
    outputs = [
        Output((0, "final"), "avg", False),
        Output((2, 1), "max", True),
        Output(("head",), "avg", False),
    ]
    widths = [stage["num_chs"] for stage in network.feature_info]
    picture = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        both, normed, head = FeatureNet(network, outputs)(picture)
        early, late = FeatureNet(network, [Output((0,), "avg", False), Output(("final",), "avg", False)])(
            picture
        )
        own = network(picture)
    assert normed.shape == (2, widths[2] + widths[1])
    torch.testing.assert_close(both, torch.cat([early, late], 1))
    torch.testing.assert_close(normed[:, : widths[2]].norm(dim=1), torch.ones(2))
    torch.testing.assert_close(head, own)


def test_a_stage_that_does_not_exist() -> None:
    network = timm.create_model(TINY, pretrained=False, num_classes=0)
    with pytest.raises(UsageError, match="there is no 9"):
        FeatureNet(network, [Output((9,), "avg", False)])


def test_a_transformer_is_refused() -> None:
    network = timm.create_model("test_vit", pretrained=False, num_classes=0)
    net = FeatureNet(network, [Output(("final",), "avg", False)])
    with pytest.raises(UsageError, match="no convolutional network"):
        net(torch.zeros(1, 3, 160, 160))


def test_an_unknown_architecture_names_its_neighbours() -> None:
    config = EmbedderConfig(
        "resnet5O",
        Preprocessing(32, 32, (0, 0, 0), (1, 1, 1)),
        (AspectConfig("a", "deep", ("final",)),),
        (1.0,),
    )
    with pytest.raises(UsageError, match="resnet50"):
        build_model(config)
