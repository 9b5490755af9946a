"""Renders any drawing as SVG or PNG."""

from charts.drawing.panels import PIXELS, draw_panels
from charts.drawing.preview import WIDTH as PREVIEW_PIXELS
from charts.drawing.preview import draw_preview
from charts.drawing.svg import Canvas, render_png
from charts.drawing.wrapped import WIDTH as WRAPPED_PIXELS
from charts.drawing.wrapped import draw_wrapped
from charts.picture import AnyDrawing, Picture, PreviewCard


def draw(drawing: AnyDrawing) -> Canvas:
    """Return a picture as SVG."""
    if isinstance(drawing, Picture):
        return draw_panels(drawing)
    return draw_preview(drawing) if isinstance(drawing, PreviewCard) else draw_wrapped(drawing)


def draw_png(drawing: AnyDrawing) -> bytes:
    """Return a picture as PNG."""
    wide = (
        PIXELS
        if isinstance(drawing, Picture)
        else PREVIEW_PIXELS
        if isinstance(drawing, PreviewCard)
        else WRAPPED_PIXELS
    )
    return render_png(draw(drawing), wide)
