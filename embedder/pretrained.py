"""Pre-trained weights by timm's name: from timm's local cache, else by timm's own download.

Nothing is tried for long: where the hub cannot be reached within seconds, one error says what else there is.
"""

from __future__ import annotations

import logging
import os
import urllib.error
import urllib.request
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import UsageError, WeightsMissing
from embedder.config import EmbedderConfig
from embedder.remembered import recall, remember
from embedder.sources import ModelWeights

if TYPE_CHECKING:
    from torch import nn

SECONDS = 5.0
FILES = ("model.safetensors", "pytorch_model.bin")
HUB = "https://huggingface.co"
THREE_WAYS = (
    "there are three ways: --embedder bundled works offline; --embedder FOLDER takes a local folder in "
    "timm's hub format (config.json and model.safetensors); --embedder ARCHITECTURE@FILE takes a file, "
    ".safetensors or .pth"
)


def pretrained(name: str) -> tuple[EmbedderConfig, ModelWeights]:
    """The config and weights of a timm model by its name, e.g. ``resnet50`` or ``resnet50.a1_in1k``.

    Raises UsageError for a name that timm does not know, WeightsMissing where the weights are neither in the
    local cache nor to be had from the hub.
    """
    remembered = recall(name)
    if remembered is not None:
        config, digest = remembered
        return config, ModelWeights(lambda: _create(name, config, cached_file(name)), digest)
    cfg = _known(name)
    cached = cached_file(name)
    if cached is None:
        _check_reachable(name)
    config = EmbedderConfig.from_json(
        {"architecture": name.split(".")[0], "pretrained_cfg": cfg}, f"timm's {name}"
    )
    return config, ModelWeights(lambda: _create(name, config, cached), None, lambda d: _note(name, config, d))


def cached_file(name: str) -> Path | None:
    """The weights in the hub's local cache, or None."""
    import timm

    cfg = timm.get_pretrained_cfg(name)
    if cfg is None or not cfg.hf_hub_id:
        return None
    from huggingface_hub import try_to_load_from_cache

    for file in FILES:
        found = try_to_load_from_cache(cfg.hf_hub_id, file)
        if isinstance(found, str):
            return Path(found)
    return None


def timm_config(cfg: Any) -> dict[str, Any]:
    """A timm ``PretrainedCfg`` as the plain values that ``config.json`` holds."""
    return {key: value for key, value in asdict(cfg).items() if value is not None}


def _known(name: str) -> dict[str, Any]:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", str(int(SECONDS)))
    import timm

    if not timm.is_model(name.split(".")[0]):
        import difflib

        close = difflib.get_close_matches(name, timm.list_models(), n=3)
        near = f" Names near it: {', '.join(close)}." if close else ""
        raise UsageError(f"no embedder {name!r}: neither the shop nor timm has one of this name.{near}")
    cfg = timm.get_pretrained_cfg(name)
    if cfg is None or not cfg.has_weights:
        raise UsageError(f"timm has no pre-trained weights for {name!r}; {THREE_WAYS}")
    return timm_config(cfg)


def _check_reachable(name: str) -> None:
    """One short request, so that a machine without a network hears at once instead of after many retries."""
    hub = os.environ.get("HF_ENDPOINT", HUB)
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")
    try:
        if offline:
            raise OSError("HF_HUB_OFFLINE is set")
        if not hub.startswith(("https://", "http://")):
            raise ValueError(f"HF_ENDPOINT is no web address: {hub!r}")
        asked = urllib.request.Request(hub, method="HEAD")
        urllib.request.urlopen(asked, timeout=SECONDS).close()  # nosec B310 # a web address, as checked above
    except urllib.error.HTTPError:
        return  # an answer, whatever it says, shows that the hub can be reached
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise WeightsMissing(
            f"the pre-trained weights of {name!r} are not on this machine and cannot be fetched ({reason}); "
            f"{THREE_WAYS}"
        ) from None


def _note(name: str, config: EmbedderConfig, digest: str) -> None:
    file = cached_file(name)
    if file is not None:
        remember(name, config, digest, file)


def _create(name: str, config: EmbedderConfig, cached: Path | None) -> nn.Module:
    import timm

    from embedder.backbone import without_head

    overlay = {"file": str(cached)} if cached else None
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        model: nn.Module = timm.create_model(
            name, pretrained=True, num_classes=0, pretrained_cfg_overlay=overlay
        )
    except (OSError, RuntimeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsMissing(
            f"timm could not get the pre-trained weights of {name!r} ({first}); {THREE_WAYS}"
        ) from error
    return without_head(model, config)
