"""The log of recommendations: what was shown to whom, at which position and with which probability."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_id = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "recommendations",
        sa.Column("request_id", sa.String(64), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("surface", sa.String(32), nullable=False),
        sa.Column("customer_id", _id),
        sa.Column("product_id", _id, nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("propensity", sa.Float()),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("fallback", sa.String(32)),
    )
    op.create_index("recommendations_by_time", "recommendations", ["timestamp"])
    op.create_index("recommendations_by_customer", "recommendations", ["customer_id"])


def downgrade() -> None:
    op.drop_table("recommendations")
