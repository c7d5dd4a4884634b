"""An index of the few stories that were merged, not of all: it took a question about the last days through every story there is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MERGED = sa.text("merged_into IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_stories_merged_into", table_name="stories")
    op.create_index("ix_stories_merged_into", "stories", ["merged_into"], sqlite_where=_MERGED, postgresql_where=_MERGED)


def downgrade() -> None:
    op.drop_index("ix_stories_merged_into", table_name="stories")
    op.create_index("ix_stories_merged_into", "stories", ["merged_into"])
