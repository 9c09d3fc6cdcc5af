"""Command line of the recipe: ``python -m embedder.training distil|export|measure``."""

from __future__ import annotations

import argparse
import json
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from embedder.training.choose import JUDGED, Bench, trials, weight_trials
from embedder.training.distil import Phase, Trainer
from embedder.training.drawn import draw_masks, draw_pictures
from embedder.training.export import ExportOptions, export
from embedder.training.measure import as_markdown, measure
from embedder.training.networks import load_teacher, make_student
from embedder.training.photos import cached, decode_all, is_held_out, training_photos
from embedder.training.shopfront import draw_shop
from embedder.training.views import ViewMaker

PICTURE_SIDE = 160
SHOP_SEED = 90
"""Another shop than the one the demo draws."""


def say(line: str) -> None:
    """Writes a line to standard output at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m embedder.training", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    distil = commands.add_parser("distil", help="train a student from random initialisation")
    distil.add_argument("--photos", type=Path, nargs="+", required=True, help="clothing_cc0, grocery_mit")
    distil.add_argument("--teacher", type=Path, required=True, help="teacher folder in timm's hub format")
    distil.add_argument("--out", type=Path, required=True, help="folder for the state and the weights")
    distil.add_argument("--phase", choices=["blocks", "whole"], required=True)
    distil.add_argument("--start", type=Path, help="weights.safetensors of an earlier phase")
    distil.add_argument("--steps", type=int, required=True)
    distil.add_argument("--stop", type=int, help="end before the schedule does, after this many steps")
    distil.add_argument("--minutes", type=float, help="wall time after which the phase has run its schedule")
    distil.add_argument("--batch", type=int, default=96)
    distil.add_argument("--px", type=int, default=128)
    distil.add_argument("--rate", type=float, default=2e-3)
    distil.add_argument("--statistics", type=float, default=0.0)
    distil.add_argument("--apart", type=int, default=0, help="first units that learn by themselves (whole)")
    distil.add_argument("--echo", type=int, default=2)
    distil.add_argument("--front", type=int, default=0, help="train these first units only (blocks)")
    distil.add_argument("--seed", type=int, default=0)
    distil.add_argument("--drawn", type=int, default=3000, help="drawn pictures beside the photos")
    distil.add_argument("--shop", type=int, default=0, help="drawn products of the demo shop's kinds")
    distil.add_argument("--cache", type=Path, required=True, help="folder for decoded pictures")
    export_ = commands.add_parser("export", help="write the shipped folder from trained weights")
    export_.add_argument("--weights", type=Path, required=True, help="weights.safetensors of the last phase")
    export_.add_argument("--photos", type=Path, nargs="+", required=True, help="clothing_cc0, grocery_mit")
    export_.add_argument("--out", type=Path, required=True)
    export_.add_argument("--px", type=int, default=160)
    export_.add_argument("--shape-size", type=int, default=256)
    export_.add_argument("--texture-size", type=int, default=32)
    export_.add_argument("--shape-whitening", type=float, default=0.25)
    export_.add_argument("--texture-whitening", type=float, default=0.5)
    export_.add_argument("--aspects", type=float, nargs=3, default=[0.55, 0.1, 0.35],
                         metavar=("SHAPE", "TEXTURE", "COLOUR"), help="default weights")  # fmt: skip
    choose_ = commands.add_parser(
        "choose", help="measure sizes, whitening and aspect weights on allowed photos"
    )
    choose_.add_argument("--weights", type=Path, required=True, help="weights.safetensors of the last phase")
    choose_.add_argument("--photos", type=Path, nargs="+", required=True, help="clothing_cc0, grocery_mit")
    choose_.add_argument("--px", type=int, default=160)
    choose_.add_argument("--drawn", type=int, default=1000, help="drawn products")
    choose_.add_argument("--sizes", type=int, nargs=2, default=[256, 32], metavar=("SHAPE", "TEXTURE"))
    choose_.add_argument(
        "--whitening", type=float, nargs=2, default=[0.25, 0.5], metavar=("SHAPE", "TEXTURE")
    )
    measure_ = commands.add_parser("measure", help="retrieval measures of a shipped folder")
    measure_.add_argument("--bundle", type=Path, required=True)
    measure_.add_argument("--sets", type=Path, nargs="+", required=True)
    measure_.add_argument("--json", type=Path, help="also write the rows here")
    return top


def run_distil(args: argparse.Namespace) -> None:
    """Runs one phase and writes ``weights.safetensors`` (float32) into ``--out``."""
    records = [r for r in training_photos(args.photos) if not is_held_out(r)]
    key = [len(records), PICTURE_SIDE]
    photos = cached(args.cache, "photos", lambda: decode_all([r.file for r in records], PICTURE_SIDE), key)
    drawn = cached(
        args.cache, "drawn", lambda: draw_pictures(args.drawn, PICTURE_SIDE, 1), [args.drawn, PICTURE_SIDE, 1]
    )
    shop = cached(
        args.cache, "shop", lambda: draw_shop(args.shop, PICTURE_SIDE, 3).pixels, [args.shop, PICTURE_SIDE, 3]
    )
    masks = cached(args.cache, "masks", lambda: draw_masks(600, 128, 2), [600, 128, 2])
    views = ViewMaker(np.concatenate([photos, drawn, shop]), masks, args.seed)
    student = make_student(args.seed)
    if args.start:
        student.load_state_dict(load_file(args.start))
    phase = Phase(
        args.phase,
        args.steps,
        args.batch,
        args.px,
        args.rate,
        args.seed,
        statistics=args.statistics,
        apart=args.apart,
        front=args.front,
        echo=args.echo,
        minutes=args.minutes,
    )
    trainer = Trainer(student, load_teacher(args.teacher), views, phase, args.out)
    weights = trainer.run(report=say, stop=args.stop)
    save_file({k: v.contiguous() for k, v in weights.items()}, args.out / "weights.safetensors")
    (args.out / "phase.json").write_text(json.dumps({k: str(v) for k, v in vars(args).items()}))


def run_export(args: argparse.Namespace) -> None:
    """Writes the shipped folder."""
    records = [r for r in training_photos(args.photos) if not is_held_out(r)]
    pixels = decode_all([r.file for r in records], args.px)
    weights = dict(zip(("shape", "texture", "colour"), args.aspects, strict=True))
    export(
        args.weights,
        pixels,
        args.out,
        ExportOptions(
            args.px, args.shape_size, args.texture_size, args.shape_whitening, args.texture_whitening, weights
        ),
    )


def run_choose(args: argparse.Namespace) -> None:
    """Prints what each choice gives on photos that may be looked at."""
    bench = Bench.of(args.weights, args.photos, draw_shop(args.drawn, args.px, SHOP_SEED), args.px)
    say("  ".join(("trial", *JUDGED)))
    for name, values in chain(trials(bench), weight_trials(bench, args.sizes, args.whitening)):
        say(f"{name}  " + "  ".join(f"{value:.3f}" for value in values))


def run_measure(args: argparse.Namespace) -> None:
    """Prints the table of a shipped folder."""
    rows = measure(args.bundle, args.sets)
    say(as_markdown(rows))
    if args.json:
        args.json.write_text(json.dumps([row.as_json() for row in rows], indent=1))


def main() -> None:
    """Entry point."""
    args = parser().parse_args()
    torch.set_num_threads(2)
    {"distil": run_distil, "export": run_export, "choose": run_choose, "measure": run_measure}[args.command](
        args
    )


if __name__ == "__main__":
    main()
