"""Holds lines between the model's threads and the sender, bounded in events and bytes; never waits to take one in."""

import collections
import threading
import time
from typing import Deque, List, Optional


class EventQueue:
    """Lines that wait or are on their way; both count against the bounds."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        # Reentrant, because a signal handler or a destructor may log in the middle of a put.
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._lines: Deque[bytes] = collections.deque()
        self._waiting_bytes = 0
        self._events = 0
        self._bytes = 0
        self._put_count = 0
        self._done_count = 0
        self._lost_count = 0
        self._told_count = 0
        self._hurry = 0
        self._batch_events = 1
        self._batch_bytes = 1
        self._closed: Optional[str] = None

    def put(self, line: bytes) -> Optional[str]:
        """Takes a line in, or returns the reason why not: `queue_full`, or what the queue was closed for."""
        with self._lock:
            is_full = self._events >= self._max_events or self._bytes + len(line) > self._max_bytes
            if self._closed is not None or is_full:
                self._lost_count += 1
                return self._closed or "queue_full"
            self._lines.append(line)
            self._waiting_bytes += len(line)
            self._events += 1
            self._bytes += len(line)
            self._put_count += 1
            # The sender sleeps until there is a first line or a full batch; waking it for every line costs the model.
            if len(self._lines) == 1 or self._is_full_batch():
                self._work.notify()
            return None

    def take(self, max_events: int, max_bytes: int, linger_seconds: float) -> List[bytes]:
        """Waits for a batch and returns it; an empty one means closed and drained.

        The first line waits at most `linger_seconds` for others. A line larger than `max_bytes` goes alone.
        """
        with self._lock:
            self._batch_events, self._batch_bytes = max_events, max_bytes
            while not self._lines and not self._closed:
                self._work.wait()
            until = time.monotonic() + linger_seconds
            while self._lines and not self._closed and not self._hurry and not self._is_full_batch():
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._work.wait(left)
            batch: List[bytes] = []
            size = 0
            while self._lines and len(batch) < max_events and (not batch or size + len(self._lines[0]) <= max_bytes):
                line = self._lines.popleft()
                batch.append(line)
                size += len(line)
            self._waiting_bytes -= size
            return batch

    def done(self, lines: List[bytes], lost: bool) -> None:
        """Lets go of lines that were taken: the server answered for them, or they are given up (`lost`)."""
        with self._lock:
            self._events -= len(lines)
            self._bytes -= sum(map(len, lines))
            self._done_count += len(lines)
            if lost:
                self._lost_count += len(lines)
            self._settled.notify_all()

    def flush(self, timeout_seconds: float) -> bool:
        """Waits until all lines put before are done; false when time runs out or some were lost since the last call."""
        until = time.monotonic() + timeout_seconds
        with self._lock:
            target = self._put_count
            self._hurry += 1
            self._work.notify()
            try:
                while self._done_count < target:
                    left = until - time.monotonic()
                    if left <= 0:
                        return False
                    self._settled.wait(left)
                lost, self._told_count = self._lost_count - self._told_count, self._lost_count
                return lost == 0
            finally:
                self._hurry -= 1

    def close(self, reason: str) -> None:
        """Takes no more lines in, for `reason`; those inside can still be taken."""
        with self._lock:
            self._closed = self._closed or reason
            self._work.notify_all()

    def drain(self) -> List[bytes]:
        """Takes out all lines that still wait."""
        with self._lock:
            lines = list(self._lines)
            self._lines.clear()
            self._waiting_bytes = 0
            return lines

    @property
    def events(self) -> int:
        """Lines that wait or are on their way."""
        return self._events

    @property
    def bytes(self) -> int:
        """Bytes of those."""
        return self._bytes

    def _is_full_batch(self) -> bool:
        return len(self._lines) >= self._batch_events or self._waiting_bytes >= self._batch_bytes
