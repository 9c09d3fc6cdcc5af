"""What the engine learns and measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.engine.held import Held
from service.progress import Tell, silent

if TYPE_CHECKING:
    from pathlib import Path

    from embedder.finetuning.settings import Augmentation
    from service.answers import EvaluationAnswer, Json
    from service.combining import JoinRequest, SoupRequest
    from service.comparing import CompareAnswer, CompareRequest
    from service.evaluating.request import EvaluateEmbedderRequest
    from service.evaluating.result import EmbedderAnswer
    from service.finetune_request import FinetuneRequest
    from service.offpolicy import OffPolicyAnswer, OffPolicyRequest
    from service.quantising import QuantiseRequest
    from service.requests import EvaluateRequest, ReduceRequest


class Learning(Held):
    """Recommenders and embedders: trained, compared, proved."""

    def train(
        self, seed: int = 7, tell: Tell = silent, search: int | None = None, models: tuple[str, ...] = ()
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
        from service.offpolicy import evaluate_log

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
        from service.combining import soup

        return soup(self._parts, request, tell)

    def quantise(self, request: QuantiseRequest, tell: Tell = silent) -> Json:
        """Quantise an embedder to int8 on the shop's photos; returns what that costs in recall and saves."""
        from service.quantising import quantise

        return quantise(self._parts, request, tell)

    def join(self, request: JoinRequest, tell: Tell = silent) -> Json:
        """Join embedders to a new one of the shop; returns name, folder, space and widths."""
        from service.combining import join

        return join(self._parts, request, tell)

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
        from service.comparing import compare

        return compare(self._parts, request, tell)

    def embedders(self) -> list[Json]:
        """Which embedders there are: name, kind, licence, whether installed, and which one is in use."""
        from service.learning import embedders

        return embedders(self._parts)
