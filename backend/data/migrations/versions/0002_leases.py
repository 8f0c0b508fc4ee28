"""Who of several backends leads."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    leases = op.create_table(
        "leases",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("beats", sa.Integer, nullable=False),
    )
    op.bulk_insert(leases, [{"name": "rooms", "holder": "", "beats": 0}])
