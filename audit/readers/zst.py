"""Whether a .zst file is whole. DuckDB and the zstandard package both take a cut-off file for its end."""

import zstandard

from audit.readers.locations import Location, size_of

SKIPPABLE = range(0x184D2A50, 0x184D2A60)
RUN_LENGTH = 1
LONGEST_HEADER = 18


def is_whole(path: Location) -> bool:
    """Whether the last frame ends where the file ends; walks the block headers and unpacks nothing.

    The layout is RFC 8878, section 3.1: a frame is a header, blocks of at most 128 kB with 3 bytes before each, and an
    optional checksum of 4 bytes. Raises zstandard.ZstdError for a frame header that is none.
    """
    size = size_of(path)
    place = 0
    with path.open("rb") as packed:
        while place < size:
            packed.seek(place)
            head = packed.read(LONGEST_HEADER)
            if int.from_bytes(head[:4], "little") in SKIPPABLE:
                place += 8 + int.from_bytes(head[4:8], "little")
                continue
            has_checksum = zstandard.get_frame_parameters(head).has_checksum
            place += zstandard.frame_header_size(head)
            is_last = False
            while not is_last:
                packed.seek(place)
                block = packed.read(3)
                if len(block) < 3:
                    return False
                fields = int.from_bytes(block, "little")
                is_last = bool(fields & 1)
                place += 3 + (1 if fields >> 1 & 3 == RUN_LENGTH else fields >> 3)
            place += 4 if has_checksum else 0
    return place == size
