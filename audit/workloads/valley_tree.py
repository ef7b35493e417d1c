"""The valley tree: where a cloud of token shapes falls apart into pieces a person can name.

Requests of one kind make one hill in the histogram of an axis; two kinds make two hills with a valley between them.
The tree cuts at the deepest valley of any axis, then looks at both sides again. A cut is an integer comparison on one
axis, so a leaf is a box of bins that can be frozen, printed as a sentence and joined in SQL.

Counts and smoothing weights are integers: the result depends neither on the order of rows nor on the machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Interval = tuple[int | None, int | None]
"""Low (inclusive) and high (exclusive) bound of one axis; None is open."""

AXES = ("input_bin", "output_bin", "cache_read_bin", "reasoning_bin", "size", "ratio")
"""size = input_bin + output_bin and ratio = output_bin - input_bin are the diagonals of the token plane."""

STEP_IN_OCTAVES = (0.5, 0.5, 1.0, 1.0, 0.5 / math.sqrt(2), 0.5 / math.sqrt(2))
"""Width of one bin of each axis. A whole share counts as four octaves: a quarter weighs as much as a doubling."""

AXIS_GROUPS = ((0, 1, 2, 3), (4, 5))
"""The diagonals are tried only where no plain axis can be cut: their rules are harder to read."""

WEIGHT_SCALE = 1 << 16
"""Smoothing weights are integers in 1/65536: finer changes no label, and sums stay exact up to 10^14 requests."""

PADDING = 3
"""Empty bins added at both ends, so that a hill at the border of the histogram has both flanks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeParameters:
    """Every setting of the tree. The defaults lie on a plateau: halving or doubling one hardly moves a label."""

    bandwidth: float = 0.40
    """Smoothing in octaves. More than .45 makes cuts of real traces depend on the sample, less only adds leaves."""

    depth: float = 0.12
    """How far a valley must lie below its lower shoulder, as a share of that shoulder."""

    noise_z: float = 3.0
    """How many standard deviations of counting noise the valley must be deep."""

    smallest_side: float = 0.03
    """Share of the node, and of the segment, that both sides of a cut must hold. 0.01 finds workloads of one request in
    a hundred, at the price of leaves too small to replay."""

    smallest_node: int = 60
    """Requests below which a node is not cut: under it most valleys are noise."""

    smallest_segment: int = 200
    """Requests below which a segment is not clustered at all: at 60 the median recovery is nil."""

    most_leaves: int = 8
    """Leaves of one segment: more than a person can name."""

    smallest_flag_share: float = 0.03
    """Share of the endpoint and model a combination of flags needs to be a segment of its own."""


DEFAULT = TreeParameters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A box of bins: one interval per axis of AXES, and the requests inside it."""

    bounds: tuple[Interval, ...]
    request_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    depth: float
    axis: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Node:
    rows: Integers
    bounds: tuple[Interval, ...]
    request_count: int
    cut: _Cut | None


@lru_cache(maxsize=64)
def _weights(sigma: float) -> Integers:
    radius = math.ceil(3 * sigma)
    bell = [math.exp(-0.5 * (step / sigma) ** 2) for step in range(-radius, radius + 1)]
    return np.array([round(WEIGHT_SCALE * height / math.fsum(bell)) for height in bell], np.int64)


def valley(histogram: Integers, sigma: float, smallest_side: float, noise_z: float) -> tuple[float, int] | None:
    """The deepest valley of a histogram as (depth in 0..1, index of the first bin to its right); None without one.

    With f the smoothed counts and p_j = min(max f[..j], max f[j..]) the lower shoulder, the depth is 1 - f_j / p_j.
    It counts only if p_j - f_j >= z sqrt(p_j K2), K2 = 1 / (2 sqrt(pi) sigma) being the sum of the squared weights,
    and if both sides hold `smallest_side` requests. The valley's own bin goes to the side where the ground rises
    faster, which halves the error of the cut; an empty gap is cut in its middle.
    """
    weights = _weights(sigma)
    radius = len(weights) // 2
    counts = np.pad(histogram, PADDING)
    smooth = np.convolve(counts, weights)[radius:-radius]
    shoulder = np.minimum(np.maximum.accumulate(smooth), np.maximum.accumulate(smooth[::-1])[::-1])
    drop = shoulder - smooth
    left = np.cumsum(counts)
    noise_variance = min(1.0, 1 / (2 * math.sqrt(math.pi) * sigma)) * WEIGHT_SCALE
    qualifies = (
        (drop > 0)
        & (left >= smallest_side)
        & (left[-1] - left >= smallest_side)
        & (drop >= noise_z * np.sqrt(shoulder * noise_variance))
    )
    candidates = np.flatnonzero(qualifies)
    if not len(candidates):
        return None
    depths = drop[candidates] / shoulder[candidates]
    deepest = candidates[depths == depths.max()]
    last = int(deepest[0])
    if smooth[last] == 0:
        last = int(deepest[(len(deepest) - 1) // 2])
    elif smooth[last - 1] < smooth[last + 1] and left[last - 1] >= smallest_side:
        last -= 1
    return float(depths.max()), last + 1 - PADDING


def grow(bins: Integers, counts: Integers, parameters: TreeParameters = DEFAULT) -> list[Leaf]:
    """The leaves of one segment; together they cover every possible bin exactly once.

    `bins` has one row per cell and the columns input_bin, output_bin, cache_read_bin, reasoning_bin; `counts` has the
    requests of each cell. The node that promises most (depth x requests) is cut first, until `most_leaves` are reached.
    """
    axes = np.column_stack([bins, bins[:, 0] + bins[:, 1], bins[:, 1] - bins[:, 0]])
    total = int(counts.sum())

    def node(rows: Integers, bounds: tuple[Interval, ...]) -> _Node:
        request_count = int(counts[rows].sum())
        cut = None
        if request_count >= parameters.smallest_node:
            cut = _best_cut(axes[rows], counts[rows], parameters.smallest_side * max(request_count, total), parameters)
        return _Node(rows=rows, bounds=bounds, request_count=request_count, cut=cut)

    everything = node(np.arange(len(counts)), ((None, None),) * len(AXES))
    if total < parameters.smallest_segment:
        return [Leaf(bounds=everything.bounds, request_count=total)]
    queue, leaves = [everything], list[Leaf]()
    while queue:
        promising = max(queue, key=lambda each: each.cut.depth * each.request_count if each.cut else -1.0)
        queue.remove(promising)
        cut = promising.cut
        if cut is None or len(queue) + len(leaves) + 2 > parameters.most_leaves:
            leaves.append(Leaf(bounds=promising.bounds, request_count=promising.request_count))
            continue
        is_left = axes[promising.rows, cut.axis] < cut.at
        low, high = promising.bounds[cut.axis]
        for rows, interval in ((promising.rows[is_left], (low, cut.at)), (promising.rows[~is_left], (cut.at, high))):
            queue.append(node(rows, _with_interval(promising.bounds, cut.axis, interval)))
    return leaves


def _with_interval(bounds: Sequence[Interval], axis: int, interval: Interval) -> tuple[Interval, ...]:
    return (*bounds[:axis], interval, *bounds[axis + 1 :])


def _best_cut(axes: Integers, counts: Integers, smallest_side: float, parameters: TreeParameters) -> _Cut | None:
    for group in AXIS_GROUPS:
        cuts = list[_Cut]()
        for axis in group:
            lowest = int(axes[:, axis].min())
            histogram = np.bincount(axes[:, axis] - lowest, weights=counts).astype(np.int64)
            if len(histogram) == 1:
                continue
            sigma = parameters.bandwidth / STEP_IN_OCTAVES[axis]
            found = valley(histogram, sigma, smallest_side, parameters.noise_z)
            if found is not None and found[0] >= parameters.depth:
                cuts.append(_Cut(depth=found[0], axis=axis, at=found[1] + lowest))
        if cuts:
            return max(cuts, key=lambda cut: cut.depth)
    return None
