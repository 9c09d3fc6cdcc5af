"""`vitrine finetune`: every setting of a fine-tuning is an option here, and none does anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from data.errors import UsageError
from service.cli.finetuned import show
from service.cli.options import JsonOption, SeedOption, ShopOption
from service.cli.output import emit, only_json
from service.cli.progress import progress
from service.cli.searched import search_of, show_search

AUGMENT = "standard-keep-colour"
FIXED_EPOCHS, FIXED_BATCH = 25, 256
EPOCHS, BATCH = 10, 64
FOLDS = 5

_TRANSFER = "What of the network learns"
_GOAL = "What it learns"
_COURSE = "How it learns"
_PHOTOS = "Photos"
_AGAINST = "Against over-fitting"
_SEARCH = "Search"
_MACHINE = "Machine"


def _option(name: str, text: str, panel: str) -> Any:
    return typer.Option(name, help=text, rich_help_panel=panel)


def finetune(
    shop: ShopOption,
    label: Annotated[
        list[str] | None,
        _option(
            "--label",
            "Column whose values photos shall be told apart by, or 'product' for the product itself "
            "(repeatable: "
            "several are learnt at once).",
            _GOAL,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the new embedder; default: finetuned-LABEL.")
    ] = None,
    embedder: Annotated[
        str | None, typer.Option("--embedder", help="What to start from; default: the shop's embedder.")
    ] = None,
    strategy: Annotated[
        str,
        _option(
            "--strategy",
            "fixed (features stay, a projection learns in seconds), partial, full, progressive, or scratch.",
            _TRANSFER,
        ),
    ] = "fixed",
    frozen_stages: Annotated[
        int | None,
        _option("--frozen-stages", "partial: so many stages from the input stay; default: half.", _TRANSFER),
    ] = None,
    layer_decay: Annotated[
        float,
        _option("--layer-decay", "Each stage learns at this share of the rate of the one above.", _TRANSFER),
    ] = 0.7,
    head_epochs: Annotated[
        int, _option("--head-epochs", "First epochs in which only new layers learn.", _TRANSFER)
    ] = 1,
    unfreeze_every: Annotated[
        int | None,
        _option("--unfreeze-every", "progressive: epochs between two stages; default: spread.", _TRANSFER),
    ] = None,
    learn_norms: Annotated[
        bool,
        _option("--learn-norm-statistics", "Batch norms take on the statistics of this shop.", _TRANSFER),
    ] = False,
    objective: Annotated[
        str,
        _option(
            "--objective",
            "normalised-softmax, cross-entropy, proxy-anchor, arcface, supervised-contrastive, "
            "multi-similarity, triplet-semihard or triplet-hard.",
            _GOAL,
        ),
    ] = "normalised-softmax",
    temperature: Annotated[
        float,
        _option("--temperature", "Of the softmax objectives, ArcFace and supervised-contrastive.", _GOAL),
    ] = 0.05,
    margin: Annotated[
        float | None, _option("--margin", "Of ArcFace (degrees), Proxy-Anchor and triplets.", _GOAL)
    ] = None,
    memory: Annotated[
        int, _option("--memory", "Photos remembered across batches by pairwise objectives.", _GOAL)
    ] = 0,
    task_weights: Annotated[
        str, _option("--task-weights", "Several labels: fixed, or learnt by uncertainty.", _GOAL)
    ] = "fixed",
    balance: Annotated[
        str, _option("--balance", "Rare values: none, sampling (more often) or weights (heavier).", _GOAL)
    ] = "none",
    aspect: Annotated[str, _option("--aspect", "Which aspect shall learn it.", _GOAL)] = "shape",
    own_aspects: Annotated[
        bool,
        _option(
            "--own-aspects", "Every label becomes an aspect of its own, to be weighed in searches.", _GOAL
        ),
    ] = False,
    dims: Annotated[int, _option("--dims", "Width of the learnt block, at most.", _GOAL)] = 256,
    epochs: Annotated[
        int | None,
        _option(
            "--epochs", f"Passes over the photos; default: {FIXED_EPOCHS} fixed, else {EPOCHS}.", _COURSE
        ),
    ] = None,
    batch: Annotated[
        int | None,
        _option(
            "--batch",
            f"Photos at a time, fewer in a small shop; default: {FIXED_BATCH} fixed, else {BATCH}.",
            _COURSE,
        ),
    ] = None,
    per_class: Annotated[
        int, _option("--per-class", "Pairwise objectives: photos of each class in a batch.", _COURSE)
    ] = 4,
    optimiser: Annotated[str, _option("--optimiser", "adamw, sgd or lamb.", _COURSE)] = "adamw",
    rate: Annotated[float, _option("--rate", "Peak learning rate of the top stage.", _COURSE)] = 3e-4,
    new_rate: Annotated[
        float, _option("--new-rate", "Peak learning rate of new layers and proxies.", _COURSE)
    ] = 3e-3,
    schedule: Annotated[
        str,
        _option("--schedule", "cosine, constant, step, one-cycle, cyclical or plateau.", _COURSE),
    ] = "cosine",
    warmup: Annotated[
        float, _option("--warmup", "Share of the steps that the rate rises in.", _COURSE)
    ] = 0.1,
    cycles: Annotated[
        int, _option("--cycles", "cyclical: how many; each one's end is kept as a snapshot.", _COURSE)
    ] = 3,
    clip: Annotated[float, _option("--clip", "Longest gradient of a step.", _COURSE)] = 5.0,
    split: Annotated[
        str,
        _option(
            "--split",
            "What is held out: stratified, class-disjoint or time (the latest); k-fold or leave-one-out: a "
            "training per fold, so that every photo is tested once, and one on all for what is kept.",
            _COURSE,
        ),
    ] = "stratified",
    folds: Annotated[int | None, _option("--folds", f"k-fold: how many; default: {FOLDS}.", _COURSE)] = None,
    augment: Annotated[
        str | None,
        _option(
            "--augment",
            f"none, light, standard, strong or street; each but none also with -keep-colour; default: "
            f"{AUGMENT}.",
            _PHOTOS,
        ),
    ] = None,
    mixup: Annotated[float, _option("--mixup", "Strength of blending photos (0: none).", _PHOTOS)] = 0.0,
    cutmix: Annotated[float, _option("--cutmix", "Strength of pasting photos together.", _PHOTOS)] = 0.0,
    erasing: Annotated[float, _option("--erasing", "Chance of erasing a rectangle.", _PHOTOS)] = 0.0,
    side: Annotated[
        int | None,
        _option(
            "--side", "Pixels of training photos, and of the embedder's input; default: its own.", _PHOTOS
        ),
    ] = None,
    show_augmentation: Annotated[
        Path | None,
        _option(
            "--show-augmentation", "Only draw what the augmentations do to photos of this shop.", _PHOTOS
        ),
    ] = None,
    weight_decay: Annotated[
        float, _option("--weight-decay", "Of all but norms and biases.", _AGAINST)
    ] = 1e-2,
    dropout: Annotated[float, _option("--dropout", "Share of pooled features dropped.", _AGAINST)] = 0.0,
    drop_path: Annotated[float, _option("--drop-path", "Stochastic depth.", _AGAINST)] = 0.0,
    label_smoothing: Annotated[
        float, _option("--label-smoothing", "Of the softmax objectives.", _AGAINST)
    ] = 0.0,
    l2sp: Annotated[float, _option("--l2sp", "Pull towards the pre-trained weights.", _AGAINST)] = 0.0,
    ema: Annotated[
        float, _option("--ema", "Decay of a moving average of weights, e.g. 0.99.", _AGAINST)
    ] = 0.0,
    swa: Annotated[bool, _option("--swa", "Average the weights of the last quarter.", _AGAINST)] = False,
    patience: Annotated[
        int | None, _option("--patience", "Stop after so many epochs without progress.", _AGAINST)
    ] = None,
    search: Annotated[
        int | None,
        _option(
            "--search",
            "Try so many settings, judged on validation only, then train the best; with k-fold nested: in "
            "each fold anew, on what it does not test.",
            _SEARCH,
        ),
    ] = None,
    sampler: Annotated[
        str | None, _option("--sampler", "How they are drawn: tpe (the default), random or grid.", _SEARCH)
    ] = None,
    vary: Annotated[
        list[str] | None,
        _option(
            "--vary",
            "A setting to vary (repeatable): rate, rate=1e-5:1e-3 or schedule=cosine,one-cycle; default: "
            "what usually matters.",
            _SEARCH,
        ),
    ] = None,
    search_minutes: Annotated[
        float | None,
        _option("--search-minutes", "After so long no further setting is tried.", _SEARCH),
    ] = None,
    accumulate: Annotated[int, _option("--accumulate", "Batches per step.", _MACHINE)] = 1,
    precision: Annotated[
        str, _option("--precision", "auto, float32, bfloat16 or float16.", _MACHINE)
    ] = "auto",
    checkpointing: Annotated[
        bool, _option("--checkpointing", "Less memory for about a third more time.", _MACHINE)
    ] = False,
    device: Annotated[
        str | None, _option("--device", "cpu or cuda; default: a GPU where there is one.", _MACHINE)
    ] = None,
    resume: Annotated[
        bool, _option("--resume", "Go on with an unfinished run of this name.", _MACHINE)
    ] = False,
    seed: SeedOption = 7,
    json: JsonOption = False,
) -> None:
    """Fine-tune the shop's embedder on a column of its catalogue, checked on products held out.

    Example: vitrine finetune --shop my-shop --label category --strategy partial --name by-category
    """
    from embedder.finetuning.settings import (
        Augmentation,
        Batches,
        Goal,
        Optimisation,
        Regularisation,
        Settings,
        Transfer,
    )
    from service.engine import Engine
    from service.finetune_request import FinetuneRequest

    fixed = strategy == "fixed"
    if show_augmentation is not None:
        wanted = Augmentation(augment or AUGMENT, erasing=erasing) if augment or erasing else None
        with only_json(json), Engine.open(shop) as engine:
            drawn = engine.show_augmentation(show_augmentation, wanted, seed)
        emit(drawn) if json else typer.echo(f"sheet: {drawn['sheet']}")
        return
    if fixed and augment not in (None, "none"):
        raise UsageError(
            "the strategy fixed learns from stored vectors, so --augment would do nothing; leave it out, or "
            "take "
            "partial, full or progressive"
        )
    augmentation = Augmentation(augment or ("none" if fixed else AUGMENT), mixup, cutmix, erasing)
    labels = tuple(label or ("category",))
    settings = Settings(
        transfer=Transfer(strategy, frozen_stages, layer_decay, not learn_norms, head_epochs, unfreeze_every),
        optimisation=Optimisation(
            optimiser=optimiser,
            rate=rate,
            new_rate=new_rate,
            weight_decay=weight_decay,
            schedule=schedule,
            warmup=warmup,
            cycles=cycles,
            clip=clip,
            accumulate=accumulate,
            precision=precision,
            checkpointing=checkpointing,
        ),
        goal=Goal(
            labels=labels,
            objective=objective,
            temperature=temperature,
            margin=margin,
            memory=memory,
            task_weights=task_weights,
            label_smoothing=label_smoothing,
            balance=balance,
            aspect=aspect,
            own_aspects=own_aspects,
            dims=dims,
        ),
        regularisation=Regularisation(dropout, drop_path, l2sp, ema, swa, patience),
        augmentation=augmentation,
        batches=Batches(
            photos=(FIXED_BATCH if fixed else BATCH) if batch is None else batch,
            per_class=per_class,
            epochs=(FIXED_EPOCHS if fixed else EPOCHS) if epochs is None else epochs,
            side=side,
        ),
        seed=seed,
    )
    request = FinetuneRequest(
        name=name or f"finetuned-{'-'.join(labels)}",
        settings=settings,
        embedder=embedder,
        split=split,
        folds=folds,
        resume=resume,
        device=device,
        search=search_of(search, sampler, vary, search_minutes, settings),
    )
    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        report = engine.finetune(request, tell)
    if report is None:  # another process of this run speaks
        return
    if json:
        emit(report)
        return
    if request.search is not None:
        show_search(report)
    show(report)
    typer.echo(f"fill and compare: vitrine index --shop {shop} --embedder {request.name}")
