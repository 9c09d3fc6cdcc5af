"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_id = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    counter = op.create_table(
        "counter",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(counter, [{"name": name, "value": 0} for name in ("revision", "interactions")])
    op.create_table(
        "imports",
        sa.Column("import_id", _big, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.BigInteger()),
        sa.Column("rows", sa.BigInteger()),
        sa.Column("used", sa.BigInteger()),
        sa.Column("rejected", sa.BigInteger()),
    )
    _products_and_photos()
    _vectors()
    _interactions_and_rejects()


def _products_and_photos() -> None:
    op.create_table(
        "products",
        sa.Column("product_id", _id, primary_key=True),
        sa.Column("title", sa.Text()),
        sa.Column("category", sa.Text()),
        sa.Column("price", sa.Float()),
        sa.Column("in_stock", sa.Boolean(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("looks_revision", sa.BigInteger(), nullable=False),
    )
    op.create_index("products_by_revision", "products", ["revision"])
    op.create_index("products_by_looks_revision", "products", ["looks_revision"])
    op.create_table(
        "photos",
        sa.Column("photo_id", sa.String(16), primary_key=True),
        sa.Column(
            "product_id", _id, sa.ForeignKey("products.product_id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("size", sa.BigInteger()),
        sa.Column("mtime_ns", sa.BigInteger()),
        sa.Column("row", sa.BigInteger()),
        sa.Column("import_id", sa.BigInteger()),
    )
    op.create_index("photos_in_order", "photos", ["product_id", "position", "photo_id"])
    op.create_index("photos_by_sha256", "photos", ["sha256"])
    op.create_index("photos_by_status", "photos", ["status"])


def _vectors() -> None:
    op.create_table(
        "spaces",
        sa.Column("space", sa.String(), primary_key=True),
        sa.Column("embedder", sa.Text(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
    )
    op.create_table(
        "vectors",
        sa.Column("space", sa.String(), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
    )


def _interactions_and_rejects() -> None:
    op.create_table(
        "interactions",
        sa.Column("seq", _big, primary_key=True, autoincrement=True),
        sa.Column("event_id", _id, nullable=False, unique=True),
        sa.Column("customer_id", _id, nullable=False),
        sa.Column("product_id", _id, nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("value", sa.Float()),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("interactions_by_customer", "interactions", ["customer_id", "timestamp"])
    op.create_table(
        "rejects",
        sa.Column("reject_id", _big, primary_key=True, autoincrement=True),
        sa.Column("import_id", sa.BigInteger()),
        sa.Column("scope", sa.String(8), nullable=False),
        sa.Column("row", sa.BigInteger()),
        sa.Column("item", sa.Text()),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("photo_id", sa.String(16)),
    )
    op.create_index("rejects_by_import", "rejects", ["import_id"])
    op.create_index("rejects_by_photo", "rejects", ["photo_id"])


def downgrade() -> None:
    for table in (
        "rejects",
        "interactions",
        "vectors",
        "spaces",
        "photos",
        "products",
        "imports",
        "counter",
        "meta",
    ):
        op.drop_table(table)
