"""Every error that Vitrine raises on purpose.

The tree (each carries a stable ``code`` for machines and a message that says what to do next)::

    VitrineError
    ├── UsageError            the request itself is wrong            (exit 2, HTTP 422)
    │   ├── BadFilter         a --where expression cannot be parsed
    │   └── BadPhoto          a photo that cannot be used            (also a reject reason)
    ├── NotFound              something named does not exist         (exit 1, HTTP 404)
    │   ├── ShopMissing       no shop in this directory    (HTTP 503: the client did nothing wrong)
    │   ├── UnknownProduct    no such product in the shop
    │   ├── UnknownPhoto      no such photo in the shop
    │   ├── UnknownCustomer   no such customer in the shop
    │   └── UnknownRule       no such rule, or no such change of one
    ├── NotReady              the shop lacks what the request needs  (exit 1, HTTP 409)
    │   ├── EmptyShop         nothing indexed yet
    │   ├── NoVector          the product has no photo, hence no looks
    │   └── NotTrained        no trained recommender yet
    ├── SpaceMismatch         vectors of two embedders were mixed    (exit 1, HTTP 409)
    ├── ShopBusy              another process writes to the shop     (exit 1, HTTP 409)
    ├── Damaged               a file on disk fails its checksum      (exit 1, HTTP 503)
    ├── SchemaMismatch        the database is of another version     (exit 1, HTTP 503)
    ├── WeightsMissing        an embedder's weights cannot be had    (exit 1, HTTP 409)
    ├── LeakageFound          an evaluation could learn its answers    (exit 1, HTTP 500)
    └── TooManyRejects        too large a share of the input is bad  (exit 2)
"""

from __future__ import annotations

from typing import ClassVar


class VitrineError(Exception):
    """Base of all errors of this project: ``str(error)`` is one sentence that says what to do next."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, **detail: object) -> None:
        super().__init__(message)
        self.message = message
        self.detail: dict[str, object] = detail


class UsageError(VitrineError):
    """The request is wrong as it stands."""

    code = "usage"
    exit_code = 2


class BadFilter(UsageError):
    """A filter expression cannot be parsed, or names a column that does not exist."""

    code = "bad_filter"


class BadPhoto(UsageError):
    """A photo cannot be used; ``reason`` is the reject code (see ``data.rejects``)."""

    code = "bad_photo"

    def __init__(self, reason: str, message: str, **detail: object) -> None:
        super().__init__(message, reason=reason, **detail)
        self.reason = reason


class NotFound(VitrineError):
    """Something named in the request does not exist."""

    code = "not_found"


class ShopMissing(NotFound):
    """There is no shop in the directory."""

    code = "shop_missing"


class UnknownProduct(NotFound):
    """There is no such product in the shop."""

    code = "unknown_product"


class UnknownPhoto(NotFound):
    """There is no such photo in the shop."""

    code = "unknown_photo"


class UnknownCustomer(NotFound):
    """There is no such customer in the shop."""

    code = "unknown_customer"


class UnknownRule(NotFound):
    """There is no such rule in the shop, or no such change of one."""

    code = "unknown_rule"


class NotReady(VitrineError):
    """The shop lacks what the request needs; the message names the command that makes it."""

    code = "not_ready"


class EmptyShop(NotReady):
    """Nothing is indexed yet."""

    code = "empty_shop"


class NoVector(NotReady):
    """The product has no usable photo, so nothing can look like it."""

    code = "no_vector"


class NotTrained(NotReady):
    """No recommender has been trained yet."""

    code = "not_trained"


class SpaceMismatch(VitrineError):
    """Vectors of two embedders were about to be compared."""

    code = "space_mismatch"


class ShopBusy(VitrineError):
    """Another process holds the shop's writer lock."""

    code = "shop_busy"


class Damaged(VitrineError):
    """A file on disk does not match its checksum."""

    code = "damaged"


class SchemaMismatch(VitrineError):
    """The database was made by another version of Vitrine."""

    code = "schema_mismatch"


class WeightsMissing(VitrineError):
    """The weights of an embedder cannot be had."""

    code = "weights_missing"


class TooManyRejects(VitrineError):
    """More of the input was rejected than the user allows; what was good has been kept."""

    code = "too_many_rejects"
    exit_code = 2


class LeakageFound(VitrineError):
    """A model was about to be fitted or asked with what the test asks for; the message names the finding."""

    code = "leakage"
