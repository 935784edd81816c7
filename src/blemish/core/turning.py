"""Rectangles of a picture that is stored turned: from as it is shown to as it is stored, and back.

Orientations are those of TIFF 6.0, section 8, and of EXIF; a rectangle is x1, y1, x2, y2 in whole
pixels, half-open.
"""

Rectangle = tuple[int, int, int, int]
Size = tuple[int, int]


def is_swapped(orientation: int) -> bool:
    """Tell whether rows are shown as columns."""
    return orientation in {5, 6, 7, 8}


def are_columns_reversed(orientation: int) -> bool:
    """Tell whether the picture is shown from right to left, after any swap."""
    return orientation in {2, 3, 6, 7}


def are_rows_reversed(orientation: int) -> bool:
    """Tell whether the picture is shown from the bottom up, after any swap."""
    return orientation in {3, 4, 7, 8}


def to_stored(box: Rectangle, orientation: int, shown: Size) -> Rectangle:
    """Give where a rectangle of the picture as it is shown, of that size, is stored."""
    x1, y1, x2, y2 = _flipped(box, orientation, shown)
    return (y1, x1, y2, x2) if is_swapped(orientation) else (x1, y1, x2, y2)


def to_shown(box: Rectangle, orientation: int, shown: Size) -> Rectangle:
    """Give where a stored rectangle is in the picture as it is shown, of that size."""
    x1, y1, x2, y2 = box
    swapped = (y1, x1, y2, x2) if is_swapped(orientation) else box
    return _flipped(swapped, orientation, shown)


def _flipped(box: Rectangle, orientation: int, shown: Size) -> Rectangle:
    x1, y1, x2, y2 = box
    if are_columns_reversed(orientation):
        x1, x2 = shown[0] - x2, shown[0] - x1
    if are_rows_reversed(orientation):
        y1, y2 = shown[1] - y2, shown[1] - y1
    return x1, y1, x2, y2
