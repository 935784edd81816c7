"""Receive one file of a multipart form (RFC 7578), straight into a file under a temporary name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from blemish.web.answers import Refused
from blemish.web.originals import Arriving, Originals

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FILE = "file"
MAX_FIELD = 4096
MAX_FIELDS = 16
_BLOCK = 1 << 20


@dataclass
class Upload:
    """A file that came, under a temporary name, and the small fields beside it.

    Attributes:
        arriving: the file.
        name: as the sender calls it; untrusted text.
        fields: texts by name.
    """

    arriving: Arriving
    name: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@contextmanager
def receiving(originals: Originals) -> Iterator[Upload]:
    """Give an upload to fill by `receive`; its file is gone at the end unless it was kept."""
    with originals.arriving() as arriving:
        yield Upload(arriving)


async def receive(request: Request, upload: Upload, max_bytes: int) -> None:
    """Fill an upload from a request.

    Raises:
        Refused: the body is no form with one file in the field `file`, or too large.
        DiskFullError: from `Originals.arriving`, if there is no room.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Refused(415, f"the body is no multipart/form-data; send the picture as field {FILE}")
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > max_bytes + _BLOCK:
        raise too_large(max_bytes)
    form = _Form(upload)
    try:
        parser = MultipartParser(options[b"boundary"], form.callbacks())
        async for chunk in request.stream():
            parser.write(chunk)
            if upload.arriving.num_bytes + len(form.block) > max_bytes:
                raise too_large(max_bytes)
            if len(form.block) >= _BLOCK:
                await run_in_threadpool(form.write_block)
        parser.finalize()
    except FormParserError as error:
        raise Refused(400, "the form is damaged; send it again") from error
    await run_in_threadpool(form.write_block)
    if not form.ended or form.num_files != 1:
        raise Refused(400, f"the form has no file in the field {FILE}; send one picture there")


def too_large(max_bytes: int) -> Refused:
    """Give the refusal of a file that is too large."""
    return Refused(
        413,
        f"the file is larger than the limit of {max_bytes / 1e6:g} MB; cut it into smaller "
        "pictures, or start the server with a larger --max-upload",
    )


class _Form:
    """What the parser calls back; the bytes of the file gather in `block`."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._field: tuple[str, bytearray] | None = None
        self._in_file = False
        self.block = bytearray()
        self.num_files = 0
        self.ended = False

    def callbacks(self) -> "MultipartCallbacks":
        """Give the parser's callbacks."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._take,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def write_block(self) -> None:
        """Write what has gathered."""
        self._upload.arriving.write(bytes(self.block))
        self.block.clear()

    def _begin(self) -> None:
        self._disposition, self._field, self._in_file = b"", None, False

    def _end_header(self) -> None:
        if bytes(self._header[0]).lower() == b"content-disposition":
            self._disposition = bytes(self._header[1])
        for part in self._header:
            part.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name == FILE and b"filename" in options:
            self.num_files += 1
            if self.num_files > 1:
                raise Refused(400, "the form has several files; send one picture at a time")
            name = options[b"filename"].decode("utf-8", "replace")
            self._upload.name = name.replace("%22", '"')  # as browsers write it (HTML, 4.10.22.7)
            self._in_file = True
            return
        if len(self._upload.fields) >= MAX_FIELDS:
            raise Refused(400, "the form has too many fields; send those that are described")
        self._field = (name, bytearray())

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.block += data[start:end]
        elif self._field is not None:
            self._field[1].extend(data[start:end])
            if len(self._field[1]) > MAX_FIELD:
                raise Refused(400, "a field of the form is too long; send what is described")

    def _end_part(self) -> None:
        if self._field is not None:
            self._upload.fields[self._field[0]] = self._field[1].decode("utf-8", "replace")

    def _end(self) -> None:
        self.ended = True
