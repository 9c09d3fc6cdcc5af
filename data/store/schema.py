"""The tables of a shop, for SQLite and PostgreSQL alike, and the version of their shape."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

HEAD = "0004"
"""The newest migration in ``data/migrations/versions``; a shop at this version needs none."""

_Big = BigInteger().with_variant(Integer, "sqlite")
# Ids sort by code point in both databases, so that pages and streams come in the same order.
_Id = String().with_variant(String(collation="C"), "postgresql")
_BytesOfSha = 64

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("import_id", _Big, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("source", Text, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("finished", BigInteger),
    Column("rows", BigInteger),
    Column("used", BigInteger),
    Column("rejected", BigInteger),
)

products = Table(
    "products",
    metadata,
    Column("product_id", _Id, primary_key=True),
    Column("title", Text),
    Column("category", Text),
    Column("price", Float),
    Column("in_stock", Boolean, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("looks_revision", BigInteger, nullable=False),
    Index("products_by_revision", "revision"),
    Index("products_by_looks_revision", "looks_revision"),
)

photos = Table(
    "photos",
    metadata,
    Column("photo_id", String(16), primary_key=True),
    Column("product_id", _Id, ForeignKey("products.product_id", ondelete="CASCADE"), nullable=False),
    Column("root", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("status", String(8), nullable=False),
    Column("sha256", String(_BytesOfSha)),
    Column("size", BigInteger),
    Column("mtime_ns", BigInteger),
    Column("row", BigInteger),
    Column("import_id", BigInteger),
    Index("photos_in_order", "product_id", "position", "photo_id"),
)

spaces = Table(
    "spaces",
    metadata,
    Column("space", String, primary_key=True),
    Column("embedder", Text, nullable=False),
    Column("layout", Text, nullable=False),
    Column("config", Text, nullable=False),
)

vectors = Table(
    "vectors",
    metadata,
    Column("space", String, primary_key=True),
    Column("sha256", String(_BytesOfSha), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

interactions = Table(
    "interactions",
    metadata,
    Column("seq", _Big, primary_key=True, autoincrement=True),
    Column("event_id", _Id, nullable=False, unique=True),
    Column("customer_id", _Id, nullable=False),
    Column("product_id", _Id, nullable=False),
    Column("event", String(16), nullable=False),
    Column("value", Float),
    Column("timestamp", BigInteger, nullable=False),
    Index("interactions_by_customer", "customer_id", "timestamp"),
    sqlite_autoincrement=True,
)

recommendations = Table(
    "recommendations",
    metadata,
    Column("request_id", String(64), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("surface", String(32), nullable=False),
    Column("customer_id", _Id),
    Column("product_id", _Id, nullable=False),
    Column("score", Float, nullable=False),
    Column("propensity", Float),
    Column("policy", Text, nullable=False),
    Column("fallback", String(32)),
    Index("recommendations_by_time", "timestamp"),
    Index("recommendations_by_customer", "customer_id"),
)

rules = Table(
    "rules",
    metadata,
    Column("rule_id", _Big, primary_key=True, autoincrement=True),
    Column("action", String(8), nullable=False),
    Column("product_id", _Id, nullable=False),
    Column("query_product_id", _Id),
    Column("query_category", Text),
    Column("surface", String(16), nullable=False),
    Column("position", Integer),
    Column("factor", Float),
    Column("plus", Float),
    Column("starts", BigInteger),
    Column("ends", BigInteger),
    Column("note", Text, nullable=False),
    Column("removed", Boolean, nullable=False),
    Index("rules_by_removed", "removed"),
    sqlite_autoincrement=True,
)

rule_changes = Table(
    "rule_changes",
    metadata,
    Column("change_id", _Big, primary_key=True, autoincrement=True),
    Column("rule_id", _Big, ForeignKey("rules.rule_id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("who", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("undoes", _Big),
    Index("rule_changes_by_rule", "rule_id"),
    sqlite_autoincrement=True,
)

rejects = Table(
    "rejects",
    metadata,
    Column("reject_id", _Big, primary_key=True, autoincrement=True),
    Column("import_id", BigInteger),
    Column("scope", String(8), nullable=False),
    Column("row", BigInteger),
    Column("item", Text),
    Column("reason", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("photo_id", String(16)),
    Index("rejects_by_import", "import_id"),
    Index("rejects_by_photo", "photo_id"),
)
