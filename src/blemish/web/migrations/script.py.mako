"""${message}."""

import sqlalchemy as sa
from alembic import op

from blemish.web.tables import Moment
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Bring the tables to this state."""
    ${upgrades if upgrades else "pass"}
