"""Rules of merchandisers (pin, block, boost), and every change of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_id = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "rules",
        sa.Column("rule_id", _big, primary_key=True, autoincrement=True),
        sa.Column("action", sa.String(8), nullable=False),
        sa.Column("product_id", _id, nullable=False),
        sa.Column("query_product_id", _id),
        sa.Column("query_category", sa.Text()),
        sa.Column("surface", sa.String(16), nullable=False),
        sa.Column("position", sa.Integer()),
        sa.Column("factor", sa.Float()),
        sa.Column("plus", sa.Float()),
        sa.Column("starts", sa.BigInteger()),
        sa.Column("ends", sa.BigInteger()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("rules_by_removed", "rules", ["removed"])
    op.create_table(
        "rule_changes",
        sa.Column("change_id", _big, primary_key=True, autoincrement=True),
        sa.Column("rule_id", _big, sa.ForeignKey("rules.rule_id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("undoes", _big),
        sqlite_autoincrement=True,
    )
    op.create_index("rule_changes_by_rule", "rule_changes", ["rule_id"])
    op.execute("INSERT INTO counter (name, value) VALUES ('rules', 0)")


def downgrade() -> None:
    op.execute("DELETE FROM counter WHERE name = 'rules'")
    op.drop_table("rule_changes")
    op.drop_table("rules")
