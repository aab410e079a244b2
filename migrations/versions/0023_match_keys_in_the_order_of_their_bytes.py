"""match keys in the order of their bytes

Revision: 0023
After: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _order_by("C")


def downgrade() -> None:
    _order_by("default")


def _order_by(collation: str) -> None:
    """PostgreSQL alone: SQLite compares bytes anyway."""
    if op.get_bind().dialect.name == "postgresql":
        kept = sa.String(200, collation=collation)
        op.alter_column("match_keys", "key", type_=kept, existing_type=sa.String(200), existing_nullable=False)
