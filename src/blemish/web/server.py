"""The parts of a running server, opened together and closed together."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Lock

from sqlalchemy.orm import Session

from blemish.data.images import check_range
from blemish.errors import UsageError
from blemish.jobs.find import FindSettings, recipe_of
from blemish.runtime.bundle import Bundle, bundle_hash
from blemish.runtime.finder import Finder, open_finder
from blemish.wafer.recipe import Recipe
from blemish.web.accounts import has_users
from blemish.web.database import Database, open_database
from blemish.web.gate import LOOPBACK
from blemish.web.logins import Failures
from blemish.web.looker import Looker
from blemish.web.looks import Wishes
from blemish.web.measures import Measures
from blemish.web.originals import Originals
from blemish.web.placed import Placed
from blemish.web.store import Who, make_live, register_model
from blemish.web.tables import Model

THE_SERVER = Who("server")
TRAINER = (sys.executable, "-m", "blemish.cli.noted")
TRAIN_NEEDS = ("torch", "torchvision", "onnx", "onnxscript", "safetensors", "matplotlib")


@dataclass(frozen=True)
class ServeSettings:
    """How a server is to run.

    Attributes:
        data: the folder for originals and, unless `db` is given, the database.
        model: the bundle that looks; the one in the box by default.
        host, port: where it listens.
        db: the database, as SQLAlchemy writes it.
        watch: a folder whose new pictures are taken.
        value_range: of pictures of more than 8 bits, see `blemish.data.images.open_picture`.
        wafer_diameter, wafer: of the wafers on pictures that are kept, see `FindSettings`.
        engine, precision, threads: see `blemish.runtime.finder.open_finder`.
        max_upload: bytes of one file.
        max_pixels: pixels of a picture that is held whole.
        max_asking: requests that may wait for finds at once.
        max_waiting: pictures that may wait in the queue.
        trainer: the command that a step of a training is run by, see `blemish.web.child`.
        train_needs: the modules without which nothing can be trained.
    """

    data: Path
    model: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8321
    db: str | None = None
    watch: Path | None = None
    wafer_diameter: float | None = None
    wafer: Path | None = None
    engine: str = "auto"
    precision: str = "auto"
    threads: int = 0
    max_upload: int = 2_000_000_000
    max_pixels: int = 100_000_000
    max_asking: int = 64
    max_waiting: int = 10_000
    trainer: tuple[str, ...] = TRAINER
    train_needs: tuple[str, ...] = TRAIN_NEEDS
    value_range: tuple[float, float] | None = None

    @property
    def local_only(self) -> bool:
        """Tell whether only this machine can reach the server."""
        return self.host in LOOPBACK


@dataclass(frozen=True)
class Live:
    """The model that looks, ready to."""

    model_id: int
    finder: Finder


@dataclass
class Server:
    """What the routes and threads of one server share.

    Attributes:
        live: the model that looks.
        recipe: what is known of the wafers on pictures that are kept.
        placed: those wafers upon each other; None without a recipe.
        training: held while a training is begun, so that one runs at a time.
        ahead: how many small pictures are held decoded, waiting for the one thread that finds.
        woken: set when something new waits.
        stopping: set when the server ends.
    """

    settings: ServeSettings
    database: Database
    originals: Originals
    live: Live
    looker: Looker
    recipe: Recipe | None = None
    placed: Placed | None = None
    measures: Measures = field(default_factory=Measures)
    failures: Failures = field(default_factory=Failures)
    training: Lock = field(default_factory=Lock)
    ahead: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(3))
    woken: Event = field(default_factory=Event)
    stopping: Event = field(default_factory=Event)
    _switching: Lock = field(default_factory=Lock)

    @property
    def wishes(self) -> Wishes:
        """Give how a picture is read for which nothing else is asked."""
        return Wishes(value_range=self.settings.value_range)

    @property
    def lacking_to_train(self) -> list[str]:
        """Give the modules that training lacks on this machine."""
        if os.name == "nt":  # no locks that a child inherits, see `blemish.web.child`
            return ["Linux or macOS"]
        return [name for name in self.settings.train_needs if find_spec(name) is None]

    def switch(self, model_id: int, who: Who) -> bool:
        """Make another model look; False if there is no such model.

        Raises:
            BundleError, EngineError: it cannot be opened; the one before stays.
        """
        with self._switching:
            with self.database.reading() as session:
                model = session.get(Model, model_id)
            if model is None:
                return False
            finder = _open(self.settings, Path(model.place))
            with self.database.writing() as session:
                known = register_model(
                    session, model_facts(finder.bundle, finder.engine.precision), who
                )
                make_live(session, known, who)
            self.live = Live(known.id, finder)
            return True

    def close(self) -> None:
        """Give back what is open."""
        self.database.close()
        self.originals.close()


def open_server(settings: ServeSettings) -> Server:
    """Open data folder, database and model.

    Raises:
        UsageError: it may not listen there yet, or the folder or database cannot be used.
        BundleError, EngineError: the model cannot be opened.
    """
    check_range(settings.value_range)
    diameter, wafer = settings.wafer_diameter, settings.wafer
    recipe = recipe_of(FindSettings((), settings.data, wafer_diameter=diameter, wafer=wafer))
    if settings.watch is not None and not settings.watch.is_dir():
        raise UsageError(f"--watch {settings.watch}: is no folder; make it or name another")
    database = open_store(settings.data, settings.db)
    try:
        with database.reading() as session:
            check_host(settings, session)
        try:
            originals = Originals(settings.data)
        except BlockingIOError as error:
            raise UsageError(
                f"--data {settings.data}: another server uses it; end that one or choose another"
            ) from error
        except OSError as error:
            raise cannot_use(settings.data, error) from error
        finder = _open(settings, settings.model)
        with database.writing() as session:
            model = register_model(
                session, model_facts(finder.bundle, finder.engine.precision), THE_SERVER
            )
            make_live(session, model, THE_SERVER)
        live, looker = Live(model.id, finder), Looker(settings.max_asking)
        placed = None if recipe is None else Placed(recipe)
        return Server(settings, database, originals, live, looker, recipe, placed)
    except BaseException:
        database.close()
        raise


def open_store(data: Path, db: str | None) -> Database:
    """Open the database of a data folder, or another one.

    Raises:
        UsageError: it cannot be used.
    """
    try:
        data.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_use(data, error) from error
    return open_database(db or f"sqlite:///{data.absolute() / 'blemish.db'}")


@contextmanager
def changing_store(data: Path, db: str | None) -> Iterator[Session]:
    """Give a session that changes the database of a data folder, or another one.

    Raises:
        UsageError: it cannot be used.
    """
    database = open_store(data, db)
    try:
        with database.writing() as session:
            yield session
    finally:
        database.close()


def check_host(settings: ServeSettings, session: Session) -> None:
    """Refuse to be reached from other machines before there are accounts.

    Raises:
        UsageError: there are none.
    """
    if not settings.local_only and not has_users(session):
        raise UsageError(
            f"--host {settings.host}: other machines could reach it and nobody has an account yet; "
            f"first: blemish user add NAME --role admin --data {settings.data}"
        )


def cannot_use(data: Path, error: OSError) -> UsageError:
    """Give the error for a data folder that cannot be used."""
    reason = error.strerror or os.strerror(error.errno or 0)
    return UsageError(f"--data {data}: cannot be used ({reason}); choose another folder")


def _open(settings: ServeSettings, model: Path | None) -> Finder:
    return open_finder(
        model,
        engine=settings.engine,
        precision=settings.precision,
        threads=settings.threads,
    )


def model_facts(bundle: Bundle, precision: str) -> Mapping[str, object]:
    """Give what the table of models keeps of a bundle that runs in a precision."""
    return {
        "hash": bundle_hash(bundle),
        "name": bundle.name[:255],
        "place": str(bundle.path.absolute()),
        "classes": list(bundle.classes),
        "threshold": bundle.threshold_for(precision),
    }
