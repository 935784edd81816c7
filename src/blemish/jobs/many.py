"""Find in more pictures than one machine cares for: shards, a manifest, and going on where it was.

The result is `parts/`, tables of a shard each, and `manifest.jsonl`, which says which shards are
done. A run that ended early goes on when it is started again as it was.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from blemish import __version__
from blemish.data.images import check_range
from blemish.data.places import is_url, list_url
from blemish.errors import EngineError, UsageError
from blemish.jobs.batch import How, Looked
from blemish.jobs.find import INTERRUPTED, OK, SOME_FAILED, SOMETHING_FOUND, FindSettings, recipe_of
from blemish.jobs.listed import ONLY_COPIES, list_pictures
from blemish.jobs.manifest import MANIFEST, PARTS, Manifest
from blemish.jobs.output import Output
from blemish.jobs.record import as_record, fallback_lines
from blemish.jobs.results import RUN, facts_of
from blemish.jobs.shards import KINDS, Entry, Shard, make_part, make_shards
from blemish.report.tables import STATUSES, counted
from blemish.runtime.bundle import Bundle, bundle_hash, default_bundle, read_bundle
from blemish.wafer.recipe import recipe_hash

Deal = Callable[[FindSettings, Iterable[Shard]], Iterator[Looked]]
Watcher = Callable[[int, int], None]


@dataclass(frozen=True)
class ManySettings:
    """What to look at and how; ``find.paths`` are in ``places``, which may be URLs too.

    Attributes:
        find: as for a single machine; no copies are drawn.
        places: files, folders and globs, as paths or URLs.
        shard: pictures that are looked at in one go.
        kind: of the tables.
    """

    find: FindSettings
    places: tuple[str, ...]
    shard: int = 64
    kind: str = "csv"


@dataclass(frozen=True)
class ManyReport:
    """What a run came to; ``facts`` is what `run.json` holds."""

    out: Path
    facts: dict[str, Any]

    def exit_code(self, fail_on_find: bool = False) -> int:
        """Give the exit code of the command line: 0, 3, 10 or 130."""
        if not self.facts["complete"]:
            return INTERRUPTED
        if any(self.facts["statuses"].get(status) for status in ("failed", "partial")):
            return SOME_FAILED
        return SOMETHING_FOUND if fail_on_find and self.facts["num_finds"] else OK


def find_many(
    settings: ManySettings, deal: Deal, watch: Watcher = lambda num_done, num_all: None
) -> ManyReport:
    """Find in all pictures, shard by shard; what an earlier run in the folder did is kept.

    ``deal`` has the shards looked at, here or elsewhere. ``watch`` is told how many pictures are
    done and how many there are. After Ctrl-C what is complete stands.

    Raises:
        UsageError: nothing can be done as asked, or the folder holds another run.
        BundleError, EngineError: the model cannot be opened.
    """
    started = datetime.now(UTC)
    bundle = _check(settings)
    placed = recipe_of(settings.find) is not None
    manifest, resumed = _open_manifest(settings, bundle)
    shards = make_shards(manifest.entries(), settings.shard)
    num_all = sum(len(shard.entries) for shard in shards)
    left = [shard for shard in shards if shard.number not in manifest.done]
    complete, how = True, _how_of(manifest)
    try:
        watch(manifest.statuses().total(), num_all)
        for looked in deal(settings.find, left):
            how = _same_how(how, looked.how, settings.find.out)
            part = make_part(looked.shard, looked.rows, bundle.classes, settings.kind, placed)
            manifest.add(looked.shard, part, how or ())
            watch(manifest.statuses().total(), num_all)
    except KeyboardInterrupt:
        complete = False
    facts = dict(manifest.asked) | {
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - started).total_seconds(), 2),
        "resumed": resumed,
        "how": [how.engine, how.precision, how.floats] if how else [],
        "fallback": how.fallback if how else "",
        "num_looked_at": sum(len(shard.entries) for shard in left) if complete else None,
        "num_finds": manifest.num_finds(),
        "statuses": dict(manifest.statuses()),
        "complete": complete,
    }
    Output(settings.find.out).write_tables({"run.json": as_record(facts)})
    return ManyReport(settings.find.out, facts)


def _how_of(manifest: Manifest) -> How | None:
    """Give how the shards that are done were looked at; None where that is not known."""
    told = [one.get("how") for one in manifest.done.values()]
    return next((How(*how) for how in told if isinstance(how, list) and len(how) == 5), None)


def _same_how(begun: How | None, how: How | None, out: Path) -> How | None:
    """Give how a shard was looked at, which must answer as the others: one result has one model.

    Raises:
        EngineError: it does not.
    """
    if begun and how and not how.answers_as(begun):
        ways = (f"{one.precision} (floats in {one.floats}, {one.engine})" for one in (begun, how))
        raise EngineError(
            f"{out}: was begun in {next(ways)} and would go on in {next(ways)}; go on where it was "
            "begun, add --overwrite to begin anew, or name another folder"
        )
    return how or begun


def _check(settings: ManySettings) -> Bundle:
    check_range(settings.find.value_range)
    if settings.find.grid or settings.find.write:
        which = "--grid" if settings.find.grid else "--write"
        raise UsageError(f"{which}: only tables are written with --ray; leave it out")
    if settings.kind not in KINDS:
        raise UsageError(f"parts {settings.kind!r} is not one of {', '.join(KINDS)}")
    model = settings.find.model
    return read_bundle(default_bundle() if model is None else model)


def _open_manifest(settings: ManySettings, bundle: Bundle) -> tuple[Manifest, bool]:
    """Give the manifest of the run in the folder, begun now or earlier; True for earlier."""
    find = settings.find
    asked = {
        "blemish": __version__,
        "bundle": {"name": bundle.name, "hash": bundle_hash(bundle)},
        "places": list(settings.places),
        "min_score": find.min_score,
        "region": find.region,
        "scale": find.scale,
        "engine": find.engine,
        "precision": find.precision,
        "value_range": list(find.value_range) if find.value_range else None,
        "wafer_diameter": find.wafer_diameter,
        "wafer": None if find.wafer is None else recipe_hash(find.wafer),
        "shard": settings.shard,
        "parts": settings.kind,
    }
    if (find.out / MANIFEST).exists() and not find.overwrite:
        if facts_of(find.out / RUN):  # of a run without --ray
            raise UsageError(
                f"{find.out}: holds another result besides; add --overwrite to begin anew, or name "
                "another folder"
            )
        manifest = Manifest.read(find.out)
        other = [name for name in asked if manifest.asked.get(name) != asked[name]]
        if other:
            raise UsageError(
                f"{find.out}: holds a run with another {' and '.join(other)}; ask the same to go "
                "on with it, add --overwrite to begin anew, or name another folder"
            )
        return manifest, True
    output = Output(find.out)
    output.check_free(find.overwrite)
    entries = list_entries(settings.places)
    output.prepare()
    return Manifest.begin(find.out, asked, entries), False


def list_entries(places: Sequence[str]) -> list[Entry]:
    """List the pictures that paths and URLs name, each once, under names of their own.

    What cannot be listed is an entry with its error; these come first, and URLs last.

    Raises:
        UsageError: there is no picture to look at.
    """
    paths = [Path(place) for place in places if not is_url(place)]
    listed, refused = list_pictures(paths) if paths else ([], [])
    failed = [Entry(row.image, "", row.error) for row in refused]
    # Workers may stand in other folders than this process.
    entries = [Entry(one.name, str(one.path.absolute())) for one in listed]
    taken = {one.name for one in (*failed, *entries)}
    seen: set[str] = set()
    for place in dict.fromkeys(filter(is_url, places)):
        try:
            found = list_url(place)
        except UsageError as error:
            failed.append(Entry(place, "", str(error)))
            continue
        for inner, url in found:
            if url not in seen:
                seen.add(url)
                names = chain((inner,), (f"{number}/{inner}" for number in count(2)))
                name = next(name for name in names if name not in taken)
                taken.add(name)
                entries.append(Entry(name, url))
    if not entries:
        raise UsageError("; ".join(one.error for one in failed) or ONLY_COPIES)
    return failed + entries


def describe_many(report: ManyReport) -> list[str]:
    """Give the lines that sum a run up for a reader."""
    statuses = report.facts["statuses"]
    kinds = ", ".join(f"{statuses[name]} {name}" for name in STATUSES if statuses.get(name))
    number = counted(sum(statuses.values()), "picture")
    lines = [
        f"{number}: {kinds or 'none complete'}; {counted(report.facts['num_finds'], 'find')}",
        f"Tables: {report.out / PARTS}, as far as {report.out / MANIFEST} lists them",
    ]
    lines += fallback_lines(report.facts["fallback"])
    if not report.facts["complete"]:
        lines.insert(1, "Interrupted: run the same command again to go on.")
    return lines
