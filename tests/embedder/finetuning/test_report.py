"""What a model card says of the training itself."""

from __future__ import annotations

from embedder.finetuning.report import energy


def test_energy_is_estimated_from_what_may_have_been_busy() -> None:
    assert energy("cpu, 2 cores, Linux", 3600, cores=2).startswith(
        "about 20.0 Wh (not measured: 10 W a core,"
    )
    assert energy("cuda:0, 2 cores, Linux", 1800, cores=2).startswith("about 185.0 Wh")
