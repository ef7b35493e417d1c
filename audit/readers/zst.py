"""What the frames of a .zst file say. DuckDB and the zstandard package both take a cut-off file for its end."""

from collections.abc import Iterator

import zstandard

from audit.readers.locations import Location, size_of

SKIPPABLE = range(0x184D2A50, 0x184D2A60)
RAW, RUN_LENGTH = 0, 1
LONGEST_HEADER = 18
LARGEST_BLOCK = 1 << 17
"""Bytes that a block unpacks to at most."""


def is_whole(path: Location) -> bool:
    """Whether the last frame ends where the file ends.

    Raises zstandard.ZstdError for a frame header that is none.
    """
    size = size_of(path)
    end = 0
    for _, end in _blocks(path, size):  # noqa: B007
        pass
    return end == size


def most_unpacked(path: Location) -> int:
    """The most bytes that the file can unpack to."""
    return sum(unpacked for unpacked, _ in _blocks(path, size_of(path)))


def _blocks(path: Location, size: int) -> Iterator[tuple[int, int]]:
    """Of every block, the most that it unpacks to and where it and what belongs to it end; 0 where it has no end.

    Walks the headers and unpacks nothing. The layout is RFC 8878, section 3.1: a frame is a header, blocks of at most
    128 kB with 3 bytes before each, and an optional checksum of 4 bytes.
    """
    place = 0
    with path.open("rb") as packed:
        while place < size:
            packed.seek(place)
            head = packed.read(LONGEST_HEADER)
            if int.from_bytes(head[:4], "little") in SKIPPABLE:
                place += 8 + int.from_bytes(head[4:8], "little")
                yield 0, place
                continue
            has_checksum = zstandard.get_frame_parameters(head).has_checksum
            place += zstandard.frame_header_size(head)
            is_last = False
            while not is_last:
                packed.seek(place)
                block = packed.read(3)
                if len(block) < 3:
                    yield 0, 0
                    return
                fields = int.from_bytes(block, "little")
                is_last, kind, length = bool(fields & 1), fields >> 1 & 3, fields >> 3
                place += 3 + (1 if kind == RUN_LENGTH else length)
                place += 4 if is_last and has_checksum else 0
                yield (length if kind in (RAW, RUN_LENGTH) else LARGEST_BLOCK), place
