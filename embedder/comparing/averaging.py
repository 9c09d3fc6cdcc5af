"""Several states of one learner averaged to one.

Of several trainings it is a model soup (Wortsman et al., 2022); of the ends of one training's cycles
(snapshots: Huang et al., 2017) an average of weights as by Izmailov et al., 2018.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from torch import Tensor

from data.errors import UsageError
from embedder.finetuning.freezing import keeps_statistics
from embedder.finetuning.learner import Head
from embedder.finetuning.settings import Transfer
from embedder.finetuning.subject import Subject
from embedder.projection import Projection
from embedder.soup import opened, soup_of, with_fresh_norms

State = Mapping[str, Tensor]
Rows = np.ndarray[tuple[int], np.dtype[np.int64]]
NORM_PHOTOS = 1024


def average_into(subject: Subject, states: Mapping[str, State], transfer: Transfer, rows: Rows) -> None:
    """Leaves the subject's learner with the average of several states of it, on the CPU.

    states: by name, which errors tell. transfer: that they were trained with: where batch norms moved, their
    statistics are recomputed on photos of ``rows``, as those of an average are not the average. Raises
    UsageError for states that cannot be averaged.
    """
    learner = subject.learner.cpu()
    members = []
    for name, state in states.items():
        learner.load_state_dict(state)
        members.append(opened(name, subject.contents(learner, "", {})))
    if learner.backbone is None:
        raise UsageError("heads without a backbone are not averaged")
    found = soup_of(members)
    if not keeps_statistics(transfer):
        some = np.sort(np.random.default_rng(0).permutation(rows)[:NORM_PHOTOS])
        photos = subject.feed.plain(some).permute(0, 2, 3, 1).numpy()
        found = replace(found, tensors=with_fresh_norms(found, photos))
    learner.backbone.load_state_dict(found.tensors)
    for head, name in zip(learner.heads, _learnt(subject), strict=True):
        _begin(cast("Head", head), found.projections[name])


def _learnt(subject: Subject) -> Sequence[str]:
    """The aspects that the heads make, in their order."""
    return list(dict.fromkeys(learnt for _, learnt in subject.aspects.values()))


def _begin(head: Head, projection: Projection) -> None:
    """Makes a head do what a projection does."""
    if projection.matrix is None:
        raise UsageError("a head without a matrix is not averaged")
    mean = projection.mean
    with torch.no_grad():
        head.matrix.copy_(torch.from_numpy(projection.matrix))
        head.mean.copy_(torch.zeros_like(head.mean) if mean is None else torch.from_numpy(mean))
