"""The colours of heatmaps and charts: that they can be read, and told apart."""

from __future__ import annotations

import pytest

from agent.report.palettes import CVD, PALETTES, STEPS, VN, Colours

THEMES = {
    f"{name}-{theme}": getattr(palette, theme) for name, palette in PALETTES.items() for theme in ("light", "dark")
}
PAGES = {"light": ("#fbfbfa", "#ffffff"), "dark": ("#14171b", "#191d22")}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", THEMES.values(), ids=THEMES)
def test_text_on_every_shade_can_be_read(colours: Colours) -> None:
    contrasts = {shade: contrast(colours.ink, fill) for shade, fill in colours.fills().items()}
    assert len(contrasts) == 3 * STEPS + 2
    assert min(contrasts.values()) >= 4.5, contrasts


@pytest.mark.parametrize("name", THEMES)
def test_words_and_lines_can_be_read_on_the_bare_page(name: str) -> None:
    for page in PAGES[name.partition("-")[2]]:
        assert min(contrast(THEMES[name].rising, page), contrast(THEMES[name].falling, page)) >= 4.5


def test_the_ramps_run_from_down_over_near_white_to_up() -> None:
    ends = [[palette.light.fills()[shade] for shade in ("d8", "n0", "g0", "u8")] for palette in (CVD, VN)]
    assert ends == [["#e08214", "#f7f7f7", "#f7f7f7", "#4393c3"], ["#e5685c", "#f7f7f7", "#f7f7f7", "#4ca866"]]
