# ruff: noqa: B905
# pyright: basic
"""Unreadable lines for the logs of make_log.py: of known kinds, in known places, the good lines as they were."""

import gzip
import random
from pathlib import Path

JSON_KINDS = ("truncated", "garbage", "not_utf8", "nul_byte", "array", "two_objects", "token_word")
CSV_KINDS = ("too_few_fields", "too_many_fields", "token_word", "not_utf8")
INPUT_TOKENS = {  # text before the count of input tokens, and the opening of the word that replaces it
    "litellm": (b'"prompt_tokens": ', b'"twelve", "was": '),
    "openai": (b'"prompt_tokens": ', b'"twelve", "was": '),
    "otlp": (b'tokens", "value": {"intValue": "', b"twelve"),
}


def spoil_json(line: bytes, kind: str, log_format: str) -> bytes:
    """An unreadable variant of a good JSON line, without its newline."""
    if kind == "truncated":
        return line[: len(line) * 2 // 3]
    if kind == "garbage":
        return b"#### not json"
    if kind == "array":
        return b"[1, 2]"
    if kind == "two_objects":
        return line + b" " + line
    if kind == "token_word":
        before, word = INPUT_TOKENS[log_format]
        return line.replace(before, before + word, 1) if before in line else b'{"prompt_tokens": "twelve"'
    inside = line.index(b'": "') + 4  # the first string value
    return line[:inside] + (b"\xff\xfe" if kind == "not_utf8" else b"\x00") + line[inside:]


def spoil_csv(line: bytes, kind: str) -> bytes:
    """An unreadable variant of a good CSV line, without its newline."""
    fields = line.split(b",")
    if kind == "too_few_fields":
        return b",".join(fields[:5])
    if kind == "too_many_fields":
        return line + b",surplus"
    fields[5 if kind == "token_word" else 3] = b"twelve" if kind == "token_word" else b"\xff\xfe"
    return b",".join(fields)


def add_bad_lines(source: Path, target: Path, log_format: str, rows: int, bad: int, seed: int) -> dict[str, list[int]]:
    """Copy source to target with bad and blank lines behind random good ones; their line numbers by kind."""
    rng = random.Random(seed)
    places = rng.sample(range(rows), bad + bad // 6)
    kinds = CSV_KINDS if log_format == "csv" else JSON_KINDS
    chosen = dict(zip(places, [rng.choice(kinds) for _ in range(bad)] + ["blank"] * (bad // 6)))
    numbers: dict[str, list[int]] = {}
    open_target = gzip.open if target.suffix == ".gz" else open
    with source.open("rb") as good, open_target(target, "wb") as out:
        line_number = 0
        if log_format == "csv":
            out.write(good.readline())
            line_number = 1
        for place, line in enumerate(good):
            out.write(line)
            line_number += 1
            if kind := chosen.get(place):
                if kind == "blank":
                    spoilt = b""
                elif log_format == "csv":
                    spoilt = spoil_csv(line.rstrip(b"\n"), kind)
                else:
                    spoilt = spoil_json(line.rstrip(b"\n"), kind, log_format)
                out.write(spoilt + b"\n")
                line_number += 1
                numbers.setdefault(kind, []).append(line_number)
    return numbers
