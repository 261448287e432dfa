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
        # A signal handler or a destructor may log in the middle of a put: the lock lets it in, and its line waits until
        # that put is complete. For the same reason each number below is changed by puts alone or by the sender alone.
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._lines: Deque[bytes] = collections.deque()
        self._is_putting = False
        self._late: Deque[bytes] = collections.deque()
        self._put_count = 0
        self._put_bytes = 0
        self._refused_count = 0
        self._taken_bytes = 0
        self._done_count = 0
        self._done_bytes = 0
        self._lost_count = 0
        self._told_count = 0
        self._flushing: List[object] = []
        self._batch_events = 1
        self._batch_bytes = 1
        self._closed: Optional[str] = None

    def put(self, line: bytes) -> Optional[str]:
        """Takes a line in, or returns the reason why not: `queue_full`, or what the queue was closed for."""
        with self._lock:
            if self._is_putting:
                # Beyond the bounds by the few lines of one interruption at most.
                self._late.append(line)
                return None
            self._is_putting = True
            try:
                if self._closed is not None or self._is_full(len(line)):
                    self._refused_count += 1
                    return self._closed or "queue_full"
                self._add(line)
            finally:
                self._is_putting = False
                self._add_late()
            return None

    def _add_late(self) -> None:
        while self._late:
            self._is_putting = True
            try:
                self._add(self._late.popleft())
            except IndexError:
                # An interruption after the check has taken it already.
                pass
            finally:
                self._is_putting = False

    def _is_full(self, more_bytes: int) -> bool:
        return self.events >= self._max_events or self.bytes + more_bytes > self._max_bytes

    def _add(self, line: bytes) -> None:
        self._put_count += 1
        self._put_bytes += len(line)
        self._lines.append(line)
        # The sender sleeps until there is a first line or a full batch; waking it for every line costs the model.
        if len(self._lines) == 1 or self._is_full_batch():
            self._work.notify()

    def take(self, max_events: int, max_bytes: int, linger_seconds: float) -> List[bytes]:
        """Waits for a batch and returns it; an empty one means closed and drained.

        The first line waits at most `linger_seconds` for others. A line larger than `max_bytes` goes alone.
        """
        with self._lock:
            self._batch_events, self._batch_bytes = max_events, max_bytes
            while not self._lines and not self._closed:
                self._work.wait()
            until = time.monotonic() + linger_seconds
            while self._lines and not self._closed and not self._flushing and not self._is_full_batch():
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
            self._taken_bytes += size
            return batch

    def done(self, lines: List[bytes], lost: bool) -> None:
        """Lets go of lines that were taken: the server answered for them, or they are given up (`lost`)."""
        with self._lock:
            self._done_bytes += sum(map(len, lines))
            self._done_count += len(lines)
            if lost:
                self._lost_count += len(lines)
            self._settled.notify_all()

    def flush(self, timeout_seconds: float) -> bool:
        """Waits until all lines put before are done; false when time runs out or some were lost since the last call."""
        until = time.monotonic() + timeout_seconds
        with self._lock:
            target = self._put_count
            self._flushing.append(None)
            self._work.notify()
            try:
                while self._done_count < target:
                    left = until - time.monotonic()
                    if left <= 0:
                        return False
                    self._settled.wait(left)
                lost, told = self._lost_count + self._refused_count, self._told_count
                self._told_count = lost
                return lost == told
            finally:
                self._flushing.pop()

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
            self._taken_bytes += sum(map(len, lines))
            return lines

    @property
    def events(self) -> int:
        """Lines that wait or are on their way."""
        return self._put_count - self._done_count

    @property
    def bytes(self) -> int:
        """Bytes of those."""
        return self._put_bytes - self._done_bytes

    def _is_full_batch(self) -> bool:
        return len(self._lines) >= self._batch_events or self._put_bytes - self._taken_bytes >= self._batch_bytes
