"""Two indexes of photos go: no question needs them, every photo that is encoded wrote to both, and SQLite
preferred them to the better ones.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("photos_by_status", "photos", if_exists=True)
    op.drop_index("photos_by_sha256", "photos", if_exists=True)


def downgrade() -> None:
    op.create_index("photos_by_sha256", "photos", ["sha256"])
    op.create_index("photos_by_status", "photos", ["status"])
