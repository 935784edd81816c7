"""Why a picture needs a person, and what it looks like."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Bring the tables to this state; what was looked at before was ordered by nearness alone."""
    empty = "X''" if op.get_bind().dialect.name == "sqlite" else "''"
    with op.batch_alter_table("pictures") as batch_op:
        for name in ("near", "rare", "disagreement"):
            batch_op.add_column(sa.Column(name, sa.Double(), nullable=False, server_default="0"))
        batch_op.add_column(
            sa.Column("is_partial", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(
            sa.Column("small", sa.LargeBinary(), nullable=False, server_default=sa.text(empty))
        )
    pictures = sa.table(
        "pictures", *map(sa.column, ("near", "need", "error", "is_partial", "state"))
    )
    op.execute(pictures.update().values(near=pictures.c.need))
    op.execute(
        pictures.update()
        .where(pictures.c.state == "done", pictures.c.error != "", pictures.c.need == 1)
        .values(is_partial=sa.true())
    )
