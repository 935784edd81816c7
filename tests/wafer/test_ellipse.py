from typing import Any

import numpy as np
import pytest

from blemish.wafer import ellipse
from blemish.wafer.edges import Edges
from blemish.wafer.ellipse import Shape, fit_ellipse, outer_border


class Watched(np.ndarray):
    """An array that refuses to be multiplied with a vector in single precision."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [np.asarray(one) for one in inputs]
        if ufunc is np.matmul and plain[-1].ndim == 1:
            assert np.result_type(*plain) == np.float64, "a product that may warn"
        out = getattr(ufunc, method)(*plain, **kwargs)
        return out.view(Watched) if isinstance(out, np.ndarray) else out


def rim_edges(centre: tuple[float, float], radius: float) -> Edges:
    turn = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    normals = np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)
    return Edges(np.float32(centre) + np.float32(radius) * normals, normals, (320, 320))


def test_no_product_that_openblas_warns_of_falsely(monkeypatch: pytest.MonkeyPatch) -> None:
    near_of = ellipse._near

    def watched(edges: Edges, shape: Shape, band: float) -> ellipse._Near:
        near = near_of(edges, shape, band)
        return ellipse._Near(near.sector, near.off, near.design.view(Watched))

    monkeypatch.setattr(ellipse, "_near", watched)
    start = Shape(np.float32([158, 163]), 117 * np.eye(2, dtype=np.float32))
    edges = rim_edges((160.0, 161.0), 120.0)
    for shape in (outer_border(edges, start, 7), fit_ellipse(edges, start, (10, 6))):
        np.testing.assert_allclose(shape.centre, (160, 161), atol=0.1)
        assert shape.radius == pytest.approx(120, abs=0.1)
