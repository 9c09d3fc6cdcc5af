"""What defines an embedder that is joined of several, apart from their tensors: who they are, and which of
them have a part in each aspect.

On disk this is a ``config.json`` whose key ``vitrine`` holds ``joined``; the members lie beside it as whole
embedder folders, ``members/0``, ``members/1`` …
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import UsageError
from embedder.aspect import FORMAT, AspectConfig
from embedder.config import EmbedderConfig

MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class JoinedConfig(EmbedderConfig):
    """An ``EmbedderConfig`` made of others'; architecture, preprocessing and licence are told for people.

    names, members: of those that are joined, at least two. shares: how much each one counts within an aspect
    that several give, > 0, with the sum 1. sources: for each aspect, in order, the members that give it; a
    palette comes from one.
    """

    names: tuple[str, ...] = ()
    members: tuple[EmbedderConfig, ...] = ()
    shares: tuple[float, ...] = ()
    sources: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        EmbedderConfig.__post_init__(self)
        count = len(self.members)
        if count < 2 or len(self.names) != count or len(self.shares) != count:
            raise UsageError("a joined embedder has two members or more, each with a name and a share")
        if len(self.sources) != len(self.aspects):
            raise UsageError(
                "the aspects of a joined embedder are those of its members: add one there, then join again"
            )
        for aspect, places in zip(self.aspects, self.sources, strict=True):
            given = [i for i in places if 0 <= i < count and _gives(self.members[i], aspect)]
            if not places or len(given) != len(places) or len(set(places)) != len(places):
                raise UsageError(
                    f"aspect {aspect.name!r} is not given by all the members it is joined of "
                    f"({', '.join(map(str, places))}), or is a palette in one and not in another"
                )
            if not aspect.from_network and len(places) != 1:
                raise UsageError(f"aspect {aspect.name!r} is a palette, so one member gives it")

    @classmethod
    def of(
        cls, names: Sequence[str], members: Sequence[EmbedderConfig], weights: Sequence[float] | None = None
    ) -> JoinedConfig:
        """Joins every aspect of the network over all members that have one of its name.

        The palette is that of the first member that has one. An aspect's default weight is its share in the
        first member that gives it. weights: how much each member counts; None: all the same. Raises
        UsageError for members that cannot be joined.
        """
        given = [1.0] * len(members) if weights is None else list(weights)
        if len(members) < 2:
            raise UsageError("at least two embedders are needed to join them")
        if len(given) != len(members) or not all(0.0 < weight < float("inf") for weight in given):
            raise UsageError(f"weights must be {len(members)} numbers above 0, one per embedder, not {given}")
        sources: dict[str, list[int]] = {}
        palettes: set[str] = set()
        for place, member in enumerate(members):
            for aspect in member.aspects:
                if aspect.from_network:
                    sources.setdefault(aspect.name, []).append(place)
                elif not palettes:
                    palettes.add(aspect.name)
                    sources.setdefault(aspect.name, []).append(place)
        return cls._made(names, members, [weight / sum(given) for weight in given], sources, None)

    @classmethod
    def _made(
        cls,
        names: Sequence[str],
        members: Sequence[EmbedderConfig],
        shares: Sequence[float],
        sources: Mapping[str, Sequence[int]],
        weights: Mapping[str, float] | None,
    ) -> JoinedConfig:
        first = {name: _first(members, name, places) for name, places in sources.items()}
        kept = {name: share for name, (_, share) in first.items()} if weights is None else weights
        return cls(
            architecture="+".join(member.architecture for member in members),
            preprocessing=members[0].preprocessing,
            aspects=tuple(aspect for aspect, _ in first.values()),
            weights=tuple(float(kept.get(name, 1.0)) for name in first),
            licence=", ".join(dict.fromkeys(member.licence for member in members)),
            names=tuple(names),
            members=tuple(members),
            shares=tuple(shares),
            sources=tuple(tuple(places) for places in sources.values()),
        )

    @property
    def network_sources(self) -> tuple[tuple[AspectConfig, tuple[int, ...]], ...]:
        """The aspects that networks compute, in order, each with the members that give it."""
        named = zip(self.aspects, self.sources, strict=True)
        return tuple((aspect, places) for aspect, places in named if aspect.from_network)

    @property
    def palette_owner(self) -> int | None:
        """The member whose palette the colours are; None where there are no colours."""
        named = zip(self.aspects, self.sources, strict=True)
        return next((places[0] for aspect, places in named if not aspect.from_network), None)

    def defining(self) -> dict[str, object]:
        """What of this text belongs to the fingerprint; the members' own is in their digests."""
        return {
            "format": FORMAT,
            "shares": list(self.shares),
            "aspects": self._aspects(),
            "weights": list(self.weights),
        }

    def as_json(self) -> dict[str, object]:
        """The content of ``config.json``."""
        named = zip(self.names, self.shares, strict=True)
        return {
            "architecture": self.architecture,
            "vitrine": {
                "format": FORMAT,
                "joined": [{"name": name, "share": share} for name, share in named],
                "aspects": self._aspects(),
                "weights": {a.name: w for a, w in zip(self.aspects, self.weights, strict=True)},
            },
        }

    @classmethod
    def read(cls, value: Mapping[str, Any], members: Sequence[EmbedderConfig], where: str) -> JoinedConfig:
        """From the content of a ``config.json`` and its members' configs; ``where`` names it in errors."""
        ours = value["vitrine"]
        if ours.get("format") != FORMAT:
            raise UsageError(
                f"{where}: format {ours.get('format')!r} of 'vitrine' is not {FORMAT}; update Vitrine"
            )
        try:
            names = [str(entry["name"]) for entry in ours["joined"]]
            shares = [float(entry["share"]) for entry in ours["joined"]]
            sources = {str(e["name"]): [int(i) for i in e["members"]] for e in ours["aspects"]}
            weights = {str(name): float(weight) for name, weight in ours["weights"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(f"{where}: 'vitrine' of a joined embedder is not understood ({error})") from None
        if not all(0.0 < share <= 1.0 for share in shares):
            raise UsageError(f"{where}: the members' shares must be above 0 and at most 1")
        wrong = [i for places in sources.values() for i in places if not 0 <= i < len(members)]
        if wrong or not all(sources.values()):
            raise UsageError(f"{where}: every aspect is given by members 0 to {len(members) - 1}")
        try:
            return cls._made(names, members, shares, sources, weights)
        except UsageError as error:
            raise UsageError(f"{where}: {error.message}") from None

    def _aspects(self) -> list[dict[str, object]]:
        named = zip(self.aspects, self.sources, strict=True)
        return [{"name": aspect.name, "members": list(places)} for aspect, places in named]


def joined_names(value: Mapping[str, Any]) -> list[str] | None:
    """The members' names in a ``config.json`` of a joined embedder; None for any other."""
    ours = value.get("vitrine")
    entries = ours.get("joined") if isinstance(ours, Mapping) else None
    if not isinstance(entries, list):
        return None
    return [str(entry.get("name", "")) if isinstance(entry, Mapping) else "" for entry in entries]


def member_folder(folder: Path, place: int) -> Path:
    """Where a joined embedder keeps a member."""
    return folder / MEMBERS / str(place)


def _gives(member: EmbedderConfig, wanted: AspectConfig) -> bool:
    return any(a.name == wanted.name and a.from_network == wanted.from_network for a in member.aspects)


def _first(members: Sequence[EmbedderConfig], name: str, places: Sequence[int]) -> tuple[AspectConfig, float]:
    """The aspect as the first member gives it, and its share there."""
    member = members[places[0]]
    for aspect, weight in zip(member.aspects, member.weights, strict=True):
        if aspect.name == name:
            return aspect, weight / sum(member.weights)
    raise UsageError(f"member {places[0]} ({member.architecture}) has no aspect {name!r}")
