"""Charts can be read in print, in grey, and by people with any of the common kinds of colour blindness."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from declared_tables import CODEBOOK

from analyst.charts import drawing, looks
from analyst.charts.looks import JUDGED, JUDGING, PAPER, PLAIN, SCALE, SEQUENCE, STATED, answer_colours, contrast

LEAST_FOR_TEXT = 4.5
LEAST_FOR_GRAPHICS = 3.0
"""WCAG 2.2, success criteria 1.4.3 and 1.4.11."""

# Severity 1.0 of G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A Physiologically-based Model for Simulation of
# Color Vision Deficiency", IEEE Transactions on Visualization and Computer Graphics 15(6), 2009, pp. 1291-1298; they
# apply to linear RGB. Grey is relative luminance, as a printer without colour makes it.
VISIONS = {
    "all colours": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
    "grey": np.array([[0.2126, 0.7152, 0.0722]] * 3),
}
PATTERNED = {looks.WITHHELD_FILL, looks.OUTSIDE_FILL}


def seen(colour: str, vision: str) -> str:
    """Return a colour as somebody sees it."""
    coded = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    changed = np.clip(VISIONS[vision] @ linear, 0, 1)
    back = np.where(changed <= 0.0031308, 12.92 * changed, 1.055 * changed ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * part):02x}" for part in back)


def test_the_simulation_takes_red_from_green_as_the_deficiency_does() -> None:
    red, green = "#b22222", "#556b2f"
    assert contrast(seen(red, "all colours"), seen(green, "all colours")) == pytest.approx(contrast(red, green))
    assert seen("#808080", "deuteranopia") == "#808080"
    # Two colours of one luminance differ in nothing once they are grey.
    assert contrast(seen("#ff0000", "grey"), seen("#bc00bc", "grey")) < 1.5


@pytest.mark.parametrize("vision", VISIONS)
def test_answers_beside_each_other_differ_in_lightness_for_everybody(vision: str) -> None:
    for variable in CODEBOOK.variables.values():
        colours = answer_colours(variable.name, [code.code for code in variable.codes])
        if colours is None:
            continue
        plain = [colour for colour in colours.values() if colour not in PATTERNED]
        for one, other in itertools.pairwise(plain):
            ratio = contrast(seen(one, vision), seen(other, vision))
            assert ratio >= 1.45, f"{variable.name}: {one} and {other} look alike with {vision}"


@pytest.mark.parametrize("vision", VISIONS)
def test_the_best_and_the_worst_answer_can_never_be_taken_for_each_other(vision: str) -> None:
    assert contrast(seen(SCALE[0], vision), seen(SCALE[-1], vision)) >= LEAST_FOR_GRAPHICS
    assert contrast(seen(PLAIN[0], vision), seen(PLAIN[-1], vision)) >= LEAST_FOR_GRAPHICS


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("scale", [SCALE[::-1], SEQUENCE, PLAIN[::-1]], ids=["answers", "classes", "facts"])
def test_every_scale_goes_from_light_to_dark_without_turning(scale: tuple[str, ...], vision: str) -> None:
    lightness = [looks.luminance(seen(colour, vision)) for colour in scale]
    assert lightness == sorted(lightness, reverse=True)


@pytest.mark.parametrize("fill", [*SCALE, *PLAIN, *SEQUENCE, looks.BAR, looks.BAR_TOTAL])
def test_letters_on_a_field_can_be_read(fill: str) -> None:
    assert contrast(fill, looks.letters_on(fill)) >= LEAST_FOR_TEXT


@pytest.mark.parametrize("colour", [looks.INK, looks.MUTED, looks.OUTLINE, looks.BAR, looks.BAR_TOTAL])
def test_what_is_drawn_on_paper_stands_out(colour: str) -> None:
    # Only the outline writes nothing; the others do or stand beside letters.
    least = LEAST_FOR_GRAPHICS if colour == looks.OUTLINE else LEAST_FOR_TEXT
    assert contrast(colour, PAPER) >= least


def test_patterns_are_told_from_every_fill_and_from_each_other_without_colour() -> None:
    patterns = re.findall(r'<pattern id="(\w+)".*?</pattern>', drawing.PATTERNS)
    assert patterns == ["withheld", "outside"]
    for found in re.findall(r"<pattern .*?</pattern>", drawing.PATTERNS):
        ground, figure = re.findall(r'(?:fill|stroke)="(#\w+)"', found)
        assert contrast(ground, figure) >= LEAST_FOR_GRAPHICS
    used = {*JUDGED.values(), *STATED.values(), *SEQUENCE, looks.BAR, looks.BAR_TOTAL}
    assert looks.WITHHELD_FILL not in used
    assert looks.OUTSIDE_FILL not in {*SCALE, *PLAIN, *SEQUENCE, PAPER}


def test_variables_that_judge_are_known_to_the_codebook() -> None:
    assert CODEBOOK.variables.keys() >= JUDGING
    for name in JUDGING:
        assert answer_colours(name, [code.code for code in CODEBOOK.variables[name].codes]), name
