"""How a model soup is asked for, and what came of it: for machines, and as a model card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from data.errors import UsageError
from embedder.embedder import Embedder


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a soup is made.

    label: column (or ``product``) on whose held-out photos members and soup are judged; None judges nothing.
    greedy: members are tried in order of their own value, and stay only if the average gets better. aspect:
    whose block is judged. split, seed: of the photos held out; those of ``vitrine finetune`` hold out the
    photos that it chose its best epoch by. space: whose vectors tell near-duplicates apart while they are
    split; None is the one that the shop searches in. fresh_norms: the statistics of batch norms are
    recomputed on the shop's photos.
    """

    label: str | None = None
    greedy: bool = False
    aspect: str = "shape"
    split: str = "stratified"
    seed: int = 7
    space: str | None = None
    fresh_norms: bool = False

    def __post_init__(self) -> None:
        if self.greedy and self.label is None:
            raise UsageError("a greedy soup is judged on held-out photos: name the column with --label")


@dataclass(frozen=True, slots=True)
class SoupReport:
    """What was made, and what it is worth.

    members: names. used: places among them (from 0) of those in the soup, in the order in which they came.
    values: mAP@R of each member, value: of the soup, on ``photos`` held-out photos; None where nothing was
    judged. unreadable: further held-out photos that could not be read. notes: what a person should know.
    judged: the products of those photos. taught: see ``Jury``.
    """

    name: str
    space: str
    folder: Path
    members: tuple[str, ...]
    used: tuple[int, ...]
    recipe: Recipe
    values: tuple[float, ...] | None = None
    value: float | None = None
    photos: int = 0
    unreadable: int = 0
    notes: tuple[str, ...] = ()
    judged: frozenset[str] = frozenset()
    taught: frozenset[str] = frozenset()

    @property
    def better(self) -> bool | None:
        """Whether the soup is above its best member; None where nothing was judged."""
        return None if self.value is None or self.values is None else self.value > max(self.values)

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        values = self.values or (None,) * len(self.members)
        return {
            "name": self.name,
            "space": self.space,
            "folder": str(self.folder),
            "members": [
                {"name": name, "used": place in self.used, "map_at_r": value}
                for place, (name, value) in enumerate(zip(self.members, values, strict=True))
            ],
            "map_at_r": self.value,
            "better": self.better,
            "photos": self.photos,
            "unreadable": self.unreadable,
            "recipe": asdict(self.recipe),
            "warnings": list(self.notes),
        }


def card(report: SoupReport, members: Sequence[Embedder]) -> str:
    """The model card, Markdown."""
    recipe = report.recipe
    lines = [
        f"# {report.name}",
        "",
        f"A model soup (Wortsman et al., 2022): the average of {len(report.used)} of {len(members)} embedders"
        f"{', chosen greedily' if recipe.greedy else ''}.",
    ]
    if recipe.fresh_norms:
        lines.append("Batch-norm statistics were recomputed on photos of this shop.")
    lines += ["", "| member | space | in the soup | mAP@R |", "|---|---|---|---|"]
    values = report.values or (None,) * len(members)
    for place, (member, value) in enumerate(zip(members, values, strict=True)):
        inside = "yes" if place in report.used else "no"
        lines.append(f"| `{member.name}` | `{member.space}` | {inside} | {_told(value)} |")
    if report.value is not None:
        lines += [
            f"| the soup | | | {_told(report.value)} |",
            "",
            f"mAP@R of `{recipe.aspect}` by `{recipe.label}` on {report.photos} photos held out (split "
            f"`{recipe.split}`, seed {recipe.seed}; {report.unreadable} more could not be read).",
        ]
    if recipe.greedy:
        lines.append("The members were chosen on these photos: on others the soup may be a little worse.")
    licences = ", ".join(dict.fromkeys(member.licence for member in members))
    lines += ["", f"Licence of the members' weights: {licences}.", ""]
    return "\n".join(lines)


def _told(value: float | None) -> str:
    return "not judged" if value is None else f"{value:.3f}"
