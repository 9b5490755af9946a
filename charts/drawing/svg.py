"""Builds an SVG part by part, and renders it as PNG."""

import base64
from xml.sax.saxutils import escape, quoteattr

import resvg_py

from charts.drawing import fonts
from charts.drawing.fonts import FontFile
from charts.drawing.posters import read_size

Number = float | int
Attributes = dict[str, Number | str | None]
_ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}


def format_length(value: Number) -> str:
    """Return a length for SVG, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


class Canvas:
    """Builds an SVG: each part is drawn over those before it. Lengths are in its own units."""

    def __init__(self, width: Number, height: Number) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []
        self._definitions: list[str] = []
        self._fonts: dict[FontFile, None] = {}

    def define(self, definition: str) -> None:
        """Add the definition of a gradient or a clipping path."""
        self._definitions.append(definition)

    def add(self, tag: str, **attributes: Number | str | None) -> None:
        """Add an element; `_` in attribute names stands for `-`, attributes with None are left out."""
        self._parts.append(f"<{tag}{_write_attributes(attributes)}/>")

    def rect(self, x: Number, y: Number, width: Number, height: Number, fill: str, **more: Number | str | None) -> None:
        """Add a rectangle; one without width or height is left out."""
        if width > 0 and height > 0:
            self.add("rect", x=x, y=y, width=width, height=height, fill=fill, **more)

    def text(
        self,
        x: Number,
        y: Number,
        text: str,
        size: Number,
        fill: str,
        *,
        weight: int = 400,
        anchor: str = "start",
        width: Number | None = None,
        **more: Number | str | None,
    ) -> float:
        """Add a line of text, cut to `width` if given; return its width. `y`: its baseline."""
        line = fonts.fit_text(text, size, weight, width) if width is not None else fonts.clean_text(text)
        runs = fonts.split_runs(line)
        if not runs:
            return 0.0
        self._fonts |= dict.fromkeys(run.font for run in runs)
        widths = [run.font.measure(run.text, size, weight) for run in runs]
        whole = sum(widths)
        place = x - whole * _ANCHORS[anchor]
        inner = ""
        for run, wide in zip(runs, widths, strict=True):
            inner += (
                f'<tspan x="{format_length(place)}" font-family={quoteattr(run.font.family)}>{escape(run.text)}</tspan>'
            )
            place += wide
        attributes: Attributes = {"y": y, "font_size": size, "fill": fill, "font_weight": weight}
        self._parts.append(f'<text xml:space="preserve"{_write_attributes(attributes | more)}>{inner}</text>')
        return whole

    def image(self, x: Number, y: Number, width: Number, height: Number, content: bytes, radius: Number) -> bool:
        """Add a picture that fills a rectangle with rounded corners; return False if it may not be shown."""
        found = read_size(content)
        if found is None:
            return False
        name = f"clip{len(self._definitions)}"
        corner = _write_attributes({"x": x, "y": y, "width": width, "height": height, "rx": radius})
        self.define(f'<clipPath id="{name}"><rect{corner}/></clipPath>')
        self.add(
            "image", x=x, y=y, width=width, height=height, preserveAspectRatio="xMidYMid slice",
            clip_path=f"url(#{name})", href=f"data:image/{found.kind};base64,{base64.b64encode(content).decode()}",
        )  # fmt: skip
        return True

    def write(self) -> str:
        """Return the SVG."""
        box = f'viewBox="0 0 {format_length(self.width)} {format_length(self.height)}"'
        size = f'width="{format_length(self.width)}" height="{format_length(self.height)}"'
        definitions = f"<defs>{''.join(self._definitions)}</defs>" if self._definitions else ""
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>{definitions}{"".join(self._parts)}</svg>'

    def list_fonts(self) -> tuple[FontFile, ...]:
        """Return the fonts that its texts need."""
        return tuple(self._fonts)


def render_png(canvas: Canvas, pixels_wide: int) -> bytes:
    """Return the SVG as PNG, this many pixels wide. Only its own fonts are used; files that it names are not opened."""
    main = fonts.list_fonts()[0]
    return resvg_py.svg_to_bytes(
        svg_string=canvas.write(),
        width=pixels_wide,
        skip_system_fonts=True,
        font_files=[str(font.path) for font in {main: None, **dict.fromkeys(canvas.list_fonts())}],
        font_family=main.family,
        sans_serif_family=main.family,
    )


def _write_attributes(attributes: Attributes) -> str:
    return "".join(
        f" {name.replace('_', '-')}={quoteattr(value if isinstance(value, str) else format_length(value))}"
        for name, value in attributes.items()
        if value is not None
    )
