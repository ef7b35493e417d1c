"""The outline of a workload's rule on the token-shape map, in bin coordinates.

A rule bounds the input bin, the output bin, their sum (size) and their difference (ratio). Its region is a
rectangle whose corners the diagonal bounds may cut off. Reference for the clipping: Sutherland and Hodgman,
Reentrant polygon clipping, CACM 17 (1974).
"""

import math
from typing import NamedTuple

from audit.report.checked import Number
from audit.report.workload import Bounds


class Frame(NamedTuple):
    """The visible part of the map, in bins."""

    left: float
    right: float
    bottom: float
    top: float


Point = tuple[float, float]

INPUT_OFFSET, OUTPUT_OFFSET = 16, 8
"""Bin b starts at 2^(b/2) minus this many tokens; it keeps tiny counts from spreading over empty bins."""


def input_position(tokens: Number) -> float:
    """Where an input token count lies on the axis of `input_bin`."""
    return 2 * math.log2(float(tokens) + INPUT_OFFSET)


def output_position(tokens: Number) -> float:
    """Where an output token count lies on the axis of `output_bin`."""
    return 2 * math.log2(float(tokens) + OUTPUT_OFFSET)


def outline(bounds: Bounds, frame: Frame) -> list[Point]:
    """The corners of a rule's region inside the frame; empty when it has no bound or lies outside.

    >>> outline({"input_bin_high": 4}, Frame(0, 10, 0, 6))
    [(0, 0), (4.0, 0.0), (4.0, 6.0), (0, 6)]
    """
    planes = list(_planes(bounds))
    if not planes:
        return []
    corners: list[Point] = [
        (frame.left, frame.bottom),
        (frame.right, frame.bottom),
        (frame.right, frame.top),
        (frame.left, frame.top),
    ]
    for a, b, limit in planes:
        corners = _clip(corners, a, b, limit)
    return corners


def _planes(bounds: Bounds) -> list[tuple[int, int, float]]:
    """Half planes a x + b y <= limit; diagonal bounds run half a bin off, between the centres of the cells."""
    axes: list[tuple[int | None, int | None, int, int, float]] = [
        (bounds.get("input_bin_low"), bounds.get("input_bin_high"), 1, 0, 0.0),
        (bounds.get("output_bin_low"), bounds.get("output_bin_high"), 0, 1, 0.0),
        (bounds.get("size_low"), bounds.get("size_high"), 1, 1, 0.5),
        (bounds.get("ratio_low"), bounds.get("ratio_high"), -1, 1, -0.5),
    ]
    planes: list[tuple[int, int, float]] = []
    for low, high, a, b, shift in axes:
        if low is not None:
            planes.append((-a, -b, -(low + shift) if shift else -low))
        if high is not None:
            planes.append((a, b, high + shift if shift else high))
    return planes


def _clip(corners: list[Point], a: int, b: int, limit: float) -> list[Point]:
    kept: list[Point] = []
    for (x0, y0), (x1, y1) in zip(corners[-1:] + corners[:-1], corners, strict=True):
        before, after = a * x0 + b * y0 - limit, a * x1 + b * y1 - limit
        if (before > 0) != (after > 0):
            step = before / (before - after)
            crossing = (x0 + step * (x1 - x0), y0 + step * (y1 - y0))
            if crossing != (x1, y1):
                kept.append(crossing)
        if after <= 0:
            kept.append((x1, y1))
    return kept
