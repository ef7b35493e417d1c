"""Cells become workloads: categorical segments, the valley tree, frozen rules, names for people."""
