"""A drawing as PNG, without a browser, in the package's own font: the same picture on every machine."""

from __future__ import annotations

from importlib.resources import as_file, files

ZOOM = 2
FAMILY = "Noto Sans"


def png(svg: str, zoom: float = ZOOM) -> bytes:
    """Of `svg`, so many times as large; what the font has no letter for is left blank."""
    import resvg_py  # a second and megabytes that only pictures need

    with as_file(files("agent.report") / "fonts") as fonts:
        return resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=zoom,
            skip_system_fonts=True,
            font_files=[str(path) for path in sorted(fonts.glob("*.ttf"))],
            font_family=FAMILY,
            sans_serif_family=FAMILY,
        )
