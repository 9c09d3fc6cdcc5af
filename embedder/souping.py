"""Makes a model soup for a shop: of all members, or greedily of those that make it better on photos held
out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from data.errors import UsageError
from data.shop import Shop
from embedder.embedder import Embedder, Photos
from embedder.export import Contents, check_name, write_embedder
from embedder.jury import Jury, prepared
from embedder.made import made_file
from embedder.reduce import MODELS, sampled_paths
from embedder.registry import open_folder
from embedder.soup import soup_of, with_fresh_norms
from embedder.soup_report import Recipe, SoupReport, card
from embedder.trained_on import TrainedOn

NORM_PHOTOS = 1024
FEWEST_NORM_PHOTOS = 2

Tell = Callable[[str], None]


@dataclass(frozen=True)
class _Kitchen:
    """Averages members, and recomputes the batch norms' statistics where that is wanted."""

    norm_photos: Photos | None

    def soup(self, members: Sequence[Embedder]) -> Contents:
        """Of one member it is the member itself."""
        if len(members) == 1:
            return Contents.of(members[0], "")
        contents = soup_of(members)
        if self.norm_photos is None:
            return contents
        return replace(contents, tensors=with_fresh_norms(contents, self.norm_photos))


def fit_soup(
    shop: Shop,
    members: Sequence[Embedder],
    name: str,
    recipe: Recipe | None = None,
    tell: Tell | None = None,
) -> SoupReport:
    """Averages ``members`` and writes ``models/NAME`` in the shop, to be opened by that name.

    Raises UsageError for a name that is taken, members that do not fit together, or a label that cannot be
    judged; EmptyShop where a label is to be judged in a shop without vectors.
    """
    chosen, told = recipe or Recipe(), tell or _silent
    folder = check_name(shop.directory / MODELS, name)
    soup_of(members)  # members that do not fit are found before anything long begins
    kitchen = _Kitchen(_norm_photos(shop, members[0], chosen) if chosen.fresh_norms else None)
    used, values, value, jury = list(range(len(members))), None, None, None
    if chosen.label is not None:
        jury = Jury.seat(shop, members[0], chosen, chosen.label)
        values = _member_values(jury, members, told)
        if chosen.greedy:
            used = _greedy(jury, kitchen, members, values, told)
    told(f"averaging {len(used)} of {len(members)}")
    contents = kitchen.soup([members[place] for place in used])
    if jury is not None:
        value = jury.value(contents)
    report = SoupReport(
        name=name,
        space="",
        folder=folder,
        members=tuple(member.name for member in members),
        used=tuple(used),
        recipe=chosen,
        values=values,
        value=value,
        photos=0 if jury is None else len(jury.photos),
        unreadable=0 if jury is None else jury.unreadable,
        notes=() if jury is None else jury.notes,
        judged=frozenset() if jury is None else frozenset(jury.products),
        taught=frozenset() if jury is None else jury.taught,
    )
    learnt = TrainedOn.together([members[place] for place in used], report.judged)
    write_embedder(
        folder, replace(contents, card=card(report, members), files={**learnt.files(), **made_file("soup")})
    )
    return replace(report, space=open_folder(folder, name).space)


def _member_values(jury: Jury, members: Sequence[Embedder], tell: Tell) -> tuple[float, ...]:
    values = []
    for member in members:
        values.append(jury.value(Contents.of(member, "")))
        tell(f"{member.name}: mAP@R {values[-1]:.3f}")
    return tuple(values)


def _greedy(
    jury: Jury, kitchen: _Kitchen, members: Sequence[Embedder], values: Sequence[float], tell: Tell
) -> list[int]:
    """The best member, and every further one, best first, with which the average is better than before."""
    order = sorted(range(len(members)), key=lambda place: -values[place])
    used, best = order[:1], values[order[0]]
    for place in order[1:]:
        value = jury.value(kitchen.soup([members[i] for i in (*used, place)]))
        tell(f"with {members[place].name}: mAP@R {value:.3f}, {'better' if value > best else 'no better'}")
        if value > best:
            used.append(place)
            best = value
    return used


def _norm_photos(shop: Shop, member: Embedder, recipe: Recipe) -> Photos:
    photos, read = prepared(member, sampled_paths(shop, NORM_PHOTOS, recipe.seed))
    if len(read) < FEWEST_NORM_PHOTOS:
        raise UsageError("the shop has no photos that can be read to compute batch norms on; index it first")
    return photos


def _silent(_: str) -> None:
    """Where nobody wants to know."""
