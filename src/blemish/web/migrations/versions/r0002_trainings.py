"""Trainings that the Teach page started."""

import sqlalchemy as sa
from alembic import op

from blemish.web.tables import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring the tables to this state."""
    op.create_table(
        "trainings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("start_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("minutes", sa.Double(), nullable=False),
        sa.Column("num_learned", sa.Integer(), nullable=False),
        sa.Column("num_held", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("step", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("compared", sa.JSON(), nullable=False),
        sa.Column("begun_at", Moment(), nullable=False),
        sa.Column("begun_by", sa.String(length=255), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["product_id"], ["models.id"], name="fk_trainings_product_id"),
        sa.ForeignKeyConstraint(["start_id"], ["models.id"], name="fk_trainings_start_id"),
        sa.PrimaryKeyConstraint("id", name="pk_trainings"),
    )
