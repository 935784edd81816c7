"""Keep the marks of a picture enlarged beside its drawn copy, for the page on the result."""

from collections.abc import Sequence
from dataclasses import replace

from blemish.data.huge import HugePicture
from blemish.data.images import Pixels
from blemish.jobs.looking import cut, size_of
from blemish.jobs.output import Output, closeup_name
from blemish.report.closeups import Box, lay_closeups
from blemish.report.judgement import BANDS_HEADER
from blemish.report.plan import enlarged
from blemish.report.result import Result, read_found, read_judged
from blemish.report.shots import encode
from blemish.report.tables import ImageRow, finds_csv, images_csv

QUALITY = 92
ONE = "1"


def keep_found(
    output: Output,
    copy: str,
    row: ImageRow,
    picture: Pixels | HugePicture,
    classes: Sequence[str],
) -> ImageRow:
    """Write the finds of a picture enlarged; give its row, `partial` where that failed."""
    if not len(row.defects) or copy not in output.drawn[-1:]:
        return row
    # The page reads the tables, so these say which finds it shows, and in which order.
    plain = replace(row, image=ONE, error="")
    result = read_found({}, images_csv([plain]), finds_csv([plain], classes))
    return _keep(output, copy, row, picture, result)


def keep_judged(output: Output, copy: str, row: ImageRow, pixels: Pixels, judged: str) -> ImageRow:
    """Write what is missed or false in a picture enlarged, likewise.

    ``judged`` is `judged.csv` of the picture alone, by the name `ONE`.
    """
    if copy not in output.drawn[-1:]:
        return row
    result = read_judged({"images": [{"image": ONE}]}, judged, ",".join(BANDS_HEADER))
    return _keep(output, copy, row, pixels, result)


def _keep(
    output: Output, copy: str, row: ImageRow, picture: Pixels | HugePicture, result: Result
) -> ImageRow:
    boxes: list[Box] = [mark.box for one in result.pictures for mark in enlarged(one)]
    if not boxes:
        return row

    def make() -> tuple[dict[str, bytes], str]:
        sheet = lay_closeups(size_of(picture), boxes, lambda window: cut(picture, window))
        return {closeup_name(copy): encode(sheet, QUALITY).content}, ""

    return output.put(row, make)
