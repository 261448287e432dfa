"""Makes event ids: UUIDs of version 7 (RFC 9562), which sort by the time they were made."""

import os
import time
import uuid
from typing import Optional


def uuid7(now_nanoseconds: Optional[int] = None) -> uuid.UUID:
    """Returns a UUIDv7 for an instant in nanoseconds since 1970 (now, where it is absent).

    48 bits of milliseconds, then 12 bits of the millisecond's fraction (RFC 9562 section 6.2, method 3), then 62
    random bits from the operating system, so that a forked process never repeats its parent's ids.
    """
    now = time.time_ns() if now_nanoseconds is None else now_nanoseconds
    milliseconds, rest = divmod(now, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    random_bits = int.from_bytes(os.urandom(8), "big") >> 2
    return uuid.UUID(
        int=(milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random_bits
    )


def new_id() -> str:
    """Returns a fresh UUIDv7 as text."""
    return str(uuid7())
