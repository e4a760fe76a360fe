"""Alembic migrations, run from the package itself: no file outside it is needed."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from connector.storage.engine import Database

HERE = Path(__file__).parent


def config() -> Config:
    """Alembic's configuration: the scripts beside this file."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    return made


def upgrade(database: Database) -> None:
    """Brings the database to the newest revision, in one transaction where the database can."""
    made = config()
    with database.engine.begin() as connection:
        made.attributes["connection"] = connection
        command.upgrade(made, "head")


def current_revision(database: Database) -> str | None:
    """The revision the database has; None when it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """The newest revision; alembic refuses several heads."""
    return ScriptDirectory.from_config(config()).get_current_head()
