"""The engine: one thread-safe object per shop, under the command line and the HTTP service alike.

It only assembles. Each method hands its request to the module that knows how, with the parts of the shop
that it needs; parts are opened when first needed. Importing and learning are imported inside their methods,
so that a question by product id starts fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from data.records import Interaction, Photo, Product
from data.rules import Terms
from data.shop import Shop
from embedder.finetuning.settings import Augmentation
from service import browsing, changing, combining, comparing, overview, ruling, searching, suggesting
from service.answers import (
    EvaluationAnswer,
    EventsReport,
    IndexReport,
    Json,
    ProductPage,
    RecommendAnswer,
    SimilarAnswer,
    SwitchAnswer,
)
from service.changing import ProductChange
from service.combining import JoinRequest, SoupRequest
from service.comparing import CompareAnswer, CompareRequest
from service.duplicates import DuplicatesAnswer, DuplicatesRequest, find_duplicates
from service.evaluating.request import EvaluateEmbedderRequest
from service.evaluating.result import EmbedderAnswer
from service.freshness import search_state
from service.heatmaps import HeatmapRequest, HeatMaps, Pair
from service.lookalikes import calibration_of
from service.offpolicy import OffPolicyAnswer, OffPolicyRequest, evaluate_log
from service.parts import Parts
from service.progress import Tell, silent
from service.requests import (
    Encoded,
    EvaluateRequest,
    EventsRequest,
    FinetuneRequest,
    IndexRequest,
    RecommendRequest,
    ReduceRequest,
    SimilarRequest,
)
from service.shown import ShownRequest, export_shown
from service.shown_log import LogSettings
from service.verdicts import doubts

if TYPE_CHECKING:
    from recommender.portrait import Portrait


class Engine:
    """Everything that can be done with one shop. Safe to use from several threads."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._heatmaps = HeatMaps(parts)

    @classmethod
    def open(cls, directory: Path, runtime: str = "auto", log: LogSettings | None = None) -> Engine:
        """Open an existing shop. Raises ShopMissing, SchemaMismatch.

        runtime: which runtime encodes photos: "auto", "cuda", "openvino" or "torch". log: how recommendations
        for a surface are logged; None: they are not.
        """
        return cls(Parts(Shop.open(directory), runtime, log))

    @classmethod
    def create(cls, directory: Path, database: str | None = None, runtime: str = "auto") -> Engine:
        """Open a shop, or make an empty one where there is none.

        database: SQLAlchemy URL of the records, or None for SQLite inside the directory.
        """
        return cls(Parts(Shop.create(directory, database), runtime))

    @property
    def directory(self) -> Path:
        """Where the shop lies."""
        return self._parts.shop.directory

    @property
    def shop(self) -> Shop:
        """The shop's records."""
        return self._parts.shop

    @property
    def parts(self) -> Parts:
        """The opened parts, for what the methods here do not cover (library use)."""
        return self._parts

    def close(self) -> None:
        """Write what the log has yet to write; release files and database connections."""
        self._parts.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def refresh(self) -> None:
        """Pick up what other processes changed; every question does so by itself. Raises EmptyShop."""
        self._parts.index()

    def warm_up(self, photos: bool = False) -> None:
        """Open what questions need before the first one comes; with ``photos`` the embedder too."""
        index = self._parts.index()
        if photos:
            self._parts.embedder(index.space)

    # --- importing

    def index_catalogue(self, request: IndexRequest, tell: Tell = silent) -> IndexReport:
        """Read a catalogue, encode what is new, build a generation if anything changed.

        Another embedder than the shop's fills a space beside the one that is searched, and the two are
        compared; the shop moves to it if the request says so, or later by ``switch``.

        Raises ShopBusy, WeightsMissing, and TooManyRejects after keeping what was good (``detail["report"]``
        is then the IndexReport's JSON), NotReady for a switch to a space that lacks photos.
        """
        from service.indexing import index_catalogue

        return index_catalogue(self._parts, request, tell)

    def rebuild_index(self, choice: str = "auto", wanted_recall: float = 0.99, tell: Tell = silent) -> Json:
        """Build a new generation from the stored vectors (compaction). Returns what was built."""
        from service.indexing import rebuild

        return rebuild(self._parts, choice, wanted_recall, tell)

    def switch(self, tell: Tell = silent) -> SwitchAnswer:
        """Search the space that was last filled beside, in one step, if it holds all that is found now.

        Raises UsageError where there is none, NotReady where it lacks photos.
        """
        from service.switching import switch

        return switch(self._parts, tell)

    def switch_back(self, tell: Tell = silent) -> SwitchAnswer:
        """Search the former space again, in one step. Raises UsageError where there is none."""
        from service.switching import switch_back

        return switch_back(self._parts, tell)

    def drop_space(self, space: str) -> Json:
        """Forget a space that is not searched. Raises UsageError, SpaceMismatch for an unknown one."""
        from service.switching import drop

        return drop(self._parts, space)

    def doubts(self, embedder: str) -> tuple[str, ...]:
        """What speaks against a fine-tuned embedder of the shop, by its own measurement; mostly nothing."""
        return doubts(self._parts.models, embedder)

    def import_interactions(self, request: EventsRequest, tell: Tell = silent) -> EventsReport:
        """Import a file of interactions. Raises TooManyRejects after keeping what was good."""
        from service.importing import import_interactions

        return import_interactions(self._parts, request, tell)

    # --- asking

    def similar(self, request: SimilarRequest) -> SimilarAnswer:
        """Products that look like the examples, best first.

        Raises EmptyShop, UnknownProduct, NoVector, BadPhoto, BadFilter, UsageError, SpaceMismatch.
        """
        return searching.similar(self._parts, request)

    def heatmap_pair(self, request: HeatmapRequest) -> Pair:
        """Which photos a request for a heat map means, with an ETag of the picture.

        Raises EmptyShop, UnknownProduct, UnknownPhoto, NoVector.
        """
        return self._heatmaps.pair(request)

    def heatmap(self, pair: Pair) -> bytes:
        """A JPEG: a photo with heat where it agrees with the other one.

        Raises BadPhoto, UsageError, NotReady for an embedder without a network, SpaceMismatch.
        """
        return self._heatmaps.jpeg(pair)

    def recommend(self, request: RecommendRequest, surface: str | None = None) -> RecommendAnswer:
        """Products for a customer or an anonymous history, best first; falls back with a flag.

        surface: where the answer is shown to the customer, for the log; None: it is not logged.
        """
        return suggesting.recommend(self._parts, request, surface)

    def portrait(self, customer_id: str, each: int = 12) -> Portrait:
        """A customer's interests, and what each source would recommend alone, at most ``each`` products."""
        return suggesting.portrait(self._parts, customer_id, each)

    def recommend_session(self, history: Sequence[Interaction], k: int = 10) -> RecommendAnswer:
        """Recommendations for an anonymous session: ``recommend`` with a history."""
        return self.recommend(RecommendRequest(history=tuple(history), k=k))

    # --- learning

    def train(
        self,
        seed: int = 7,
        tell: Tell = silent,
        search: int | None = None,
        models: tuple[str, ...] = (),
    ) -> Json:
        """Train the recommender, or other models, on the stored interactions; returns what was learnt.

        search: settings tried of everything that is tuned. models: words of single models instead.
        """
        from service.learning import train, train_models

        try:
            if models:
                return train_models(self._parts, models, seed, tell, search)
            return train(self._parts, seed, tell, search)
        finally:
            self._parts.recommenders.look_again()

    def evaluate(self, request: EvaluateRequest, tell: Tell = silent) -> EvaluationAnswer:
        """Compare recommendation models offline and write the report."""
        from service.learning import evaluate

        return evaluate(self._parts, request, tell)

    def evaluate_log(self, request: OffPolicyRequest, tell: Tell = silent) -> OffPolicyAnswer:
        """What another policy would have earned, from a log of what was shown."""
        return evaluate_log(request, self._parts, tell)

    def finetune(self, request: FinetuneRequest, tell: Tell = silent) -> Json | None:
        """Fine-tune the embedder on the shop's labels; returns what it brought on products held out.

        Under ``torchrun`` all but the first process get None.
        """
        from service.learning import finetune

        return finetune(self._parts, request, tell)

    def show_augmentation(self, sheet: Path, augmentation: Augmentation | None = None, seed: int = 7) -> Json:
        """Draw what an augmentation (None: every preset) does to photos of the shop. Raises EmptyShop."""
        from service.learning import show_augmentation

        return show_augmentation(self._parts, sheet, augmentation, seed)

    def reduce(self, request: ReduceRequest, tell: Tell = silent) -> Json:
        """Fit a PCA of one aspect on the shop's photos; returns name, folder, spaces and dimensions."""
        from service.learning import reduce

        return reduce(self._parts, request, tell)

    def soup(self, request: SoupRequest, tell: Tell = silent) -> Json:
        """Average fine-tuned embedders to a new one of the shop; returns which, and what it is worth."""
        return combining.soup(self._parts, request, tell)

    def join(self, request: JoinRequest, tell: Tell = silent) -> Json:
        """Join embedders to a new one of the shop; returns name, folder, space and widths."""
        return combining.join(self._parts, request, tell)

    def evaluate_embedder(self, request: EvaluateEmbedderRequest, tell: Tell = silent) -> EmbedderAnswer:
        """Measure an embedder on the shop's photos and labels, calibrate ``min_score="auto"``, and report.

        Raises EmptyShop, UsageError, ShopBusy.
        """
        from service.evaluating.run import evaluate_embedder

        return evaluate_embedder(self._parts, request, tell)

    def compare_embedders(self, request: CompareRequest, tell: Tell = silent) -> CompareAnswer:
        """Compare ways to fit an embedder to the shop, or backbones as they are, and write the report.

        What an earlier call finished under the same report's folder is not run again. Raises EmptyShop,
        UsageError, ShopBusy.
        """
        return comparing.compare(self._parts, request, tell)

    def embedders(self) -> list[Json]:
        """Which embedders there are: name, kind, licence, whether installed, and which one is in use."""
        from service.learning import embedders

        return embedders(self._parts)

    # --- changing single things

    def put_product(self, product: Product) -> Json:
        """Add or replace one product; visible in the very next answer. Returns the product's JSON."""
        return changing.put_product(self._parts, product)

    def put_products(self, products: Sequence[Product]) -> Json:
        """Add or replace several products, all or none. Returns ``{"added": n, "changed": n, "same": n}``.

        Raises UsageError for one that is named twice.
        """
        return changing.put_products(self._parts, products)

    def change_product(self, product_id: str, change: ProductChange) -> Json:
        """Change some fields of a product; visible in the very next answer. Returns the product's JSON.

        Raises UnknownProduct, UsageError.
        """
        return changing.change_product(self._parts, product_id, change)

    def drop_photo(self, photo_id: str) -> None:
        """Delete one photo; its looks are gone from the very next answer. Raises UnknownPhoto."""
        changing.drop_photo(self._parts, photo_id)

    def delete_product(self, product_id: str) -> None:
        """Take one product out; gone from the very next answer. Raises UnknownProduct."""
        changing.delete_product(self._parts, product_id)

    def add_photo(
        self, product_id: str, data: bytes, name: str = "", encoded: Encoded | None = None
    ) -> Photo:
        """Store one more photo of a product, encoded at once. Raises UnknownProduct, BadPhoto.

        encoded: what the embedder made of it, where that is known already.
        """
        return changing.add_photo(self._parts, product_id, data, name, encoded)

    def add_interactions(self, items: Sequence[Interaction]) -> Json:
        """Store interactions; durable when this returns. Returns ``{"stored": n, "repeated": n}``.

        Raises UnknownProduct naming the products that the shop does not have; nothing is stored then.
        """
        return changing.add_interactions(self._parts, items)

    def forget_customer(self, customer_id: str) -> int:
        """Delete all that is stored of a customer, also what was recommended to them; returns how many
        interactions that was. Raises UnknownCustomer.
        """
        return changing.forget_customer(self._parts, customer_id)

    # --- merchandising

    def rules(self, product_id: str | None = None, category: str | None = None) -> list[Json]:
        """The rules that were not taken back, oldest first; those of a product, of a category, or all."""
        return ruling.rules(self._parts.shop, product_id, category)

    def rules_for(self, product: Json) -> list[Json]:
        """The rules that speak of a product's look-alikes: for it, for its category, for everywhere."""
        category = product.get("category")
        return ruling.rules_for(
            self._parts.shop, str(product["product_id"]), None if category is None else str(category)
        )

    def add_rule(self, terms: Terms, who: str = ruling.LOCAL) -> Json:
        """Order a rule. Returns rule, overrules (numbers of earlier pins) and warnings.

        Raises UnknownProduct, UsageError.
        """
        return ruling.add(self._parts.shop, terms, who)

    def remove_rule(self, rule_id: int, who: str = ruling.LOCAL) -> Json:
        """Take a rule back. Returns the change. Raises UnknownRule."""
        return ruling.remove(self._parts.shop, rule_id, who)

    def undo_rule(self, who: str = ruling.LOCAL, change_id: int | None = None) -> Json:
        """Revert the last change of the rules, or a given one. Raises UnknownRule, UsageError."""
        return ruling.undo(self._parts.shop, who, change_id)

    def rule_history(self, limit: int = 100, before: int | None = None) -> list[Json]:
        """Changes of the rules, the newest first."""
        return ruling.history(self._parts.shop, limit, before)

    # --- looking

    def product(self, product_id: str) -> Json:
        """One product with attributes and photos. Raises UnknownProduct."""
        return browsing.product(self._parts, product_id)

    def cards(self, product_ids: Iterable[str]) -> dict[str, Json]:
        """What a page shows of products: id → title, category, price, in_stock, photo_id."""
        return browsing.cards(self._parts, product_ids)

    def products(self, where: str | None = None, page: int = 1, size: int = 48) -> ProductPage:
        """Products that a filter selects, by pages. Raises BadFilter, UsageError."""
        return browsing.products(self._parts, where, page, size)

    def products_after(self, where: str | None, after: str, size: int = 48) -> ProductPage:
        """Products that a filter selects whose ids come after one, which need not be there any more.

        Raises BadFilter, UsageError.
        """
        return browsing.products_after(self._parts, where, after, size)

    def search_state(self) -> str:
        """A digest of all that answers of searches by looks depend on besides the request.

        Raises EmptyShop.
        """
        return search_state(self._parts)

    def columns(self) -> list[str]:
        """The columns that filters can name."""
        return self._parts.table().columns

    def aspects(self) -> Mapping[str, float]:
        """The shop's aspects and their default shares. Raises EmptyShop."""
        return browsing.aspects(self._parts)

    def calibration(self) -> Json | None:
        """From which cosine on a product looks alike in the space that is searched; None until calibrated."""
        found = calibration_of(self._parts.shop, self._parts.index().space)
        return None if found is None else found.as_json()

    def photo_file(self, photo_id: str) -> Path:
        """The file of a photo. Raises UnknownPhoto (also when the file is gone)."""
        return browsing.photo_file(self._parts, photo_id)

    def thumbnail(self, photo_id: str, side: int = 256) -> bytes:
        """A photo as a JPEG that fits a square of ``side`` pixels. Raises UnknownPhoto, BadPhoto."""
        return browsing.thumbnail(self._parts, photo_id, side)

    def customers(self, limit: int = 50, offset: int = 0) -> list[tuple[str, int]]:
        """Customers by id, with how many interactions each has."""
        return self._parts.shop.customers(limit, offset)

    def history(self, customer_id: str, limit: int | None = None) -> list[Interaction]:
        """A customer's interactions, oldest first; empty for a customer nobody has seen."""
        return self._parts.shop.history(customer_id, limit)

    def info(self) -> Json:
        """Counts, space, generation, versions, GPU, and what is missing with the command that makes it."""
        return overview.info(self._parts)

    def export_rejects(self, path: Path) -> int:
        """Write all rejects of the latest imports as CSV; returns how many."""
        return overview.export_rejects(self._parts, path)

    def export_shown(self, request: ShownRequest) -> Json:
        """Write the log of recommendations with what came of it, for off-policy evaluation.

        Returns path, rows, answers, customers, rewarded, left_out, events and days. Raises UsageError.
        """
        return export_shown(self._parts, request)

    def warnings(self) -> tuple[str, ...]:
        """What is wrong though answers are given: a new recommender that cannot be read, lost rows of the
        log.
        """
        return self._parts.warnings()

    def ready(self) -> bool:
        """Whether searches can be answered now."""
        return overview.ready(self._parts)

    def obstacles(self) -> list[str]:
        """Why searches cannot be answered now, and what to do; nothing where they can be."""
        return overview.obstacles(self._parts)

    def duplicates(self, request: DuplicatesRequest) -> DuplicatesAnswer:
        """Photos that the shop holds twice, in groups. Raises EmptyShop, UsageError."""
        return find_duplicates(self._parts, request)


def list_embedders(directory: Path | None) -> list[Json]:
    """The embedders there are; with a shop's directory also its fine-tuned ones. Raises ShopMissing."""
    if directory is None:
        from service.learning import embedders

        return embedders(None)
    with Engine.open(directory) as engine:
        return engine.embedders()
