"""Takes batches from the queue and delivers them in a thread of its own: retries, splits, gives up and counts."""

import dataclasses
import random
import threading
import time
from typing import List, Optional, Protocol

from .counters import Counters
from .queue import EventQueue
from .transport import Answer


class Transport(Protocol):
    """What delivers one batch."""

    def send(self, lines: List[bytes], timeout_seconds: float) -> Answer:
        """Delivers the lines once."""

    def close(self) -> None:
        """Lets go of what it holds open."""


@dataclasses.dataclass(frozen=True)
class Policy:
    """How batches are made and how often they are tried."""

    batch_events: int
    batch_bytes: int
    linger_seconds: float
    max_retries: int
    first_wait_seconds: float
    longest_wait_seconds: float
    request_timeout_seconds: float

    def wait_seconds(self, attempt: int, retry_after_seconds: Optional[float]) -> float:
        """Returns the wait before retry `attempt` (from 1): doubled each time, less a random part up to a half.

        Never shorter than the server asks for. The random part keeps many clients from coming back at once.
        """
        wait = min(self.longest_wait_seconds, self.first_wait_seconds * 2.0 ** min(attempt - 1, 30))
        wait *= 1 - random.random() / 2
        return wait if retry_after_seconds is None else retry_after_seconds + wait * 0.1


class Sender:
    """One daemon thread that delivers what is in a queue; it starts with the first event."""

    def __init__(self, queue: EventQueue, transport: Transport, counters: Counters, policy: Policy) -> None:
        self._queue = queue
        self._transport = transport
        self._counters = counters
        self._policy = policy
        self._lock = threading.RLock()
        self._thread: Optional[threading.Thread] = None
        self._closing = threading.Event()
        self._deadline: Optional[float] = None

    def start(self) -> bool:
        """Starts the thread where it does not run; false where the interpreter starts none, as at its end."""
        if self._thread is not None:
            return True
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="quiver-ml", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return False
                self._thread = thread
        return True

    def begin_close(self, deadline: float) -> None:
        """Lets the thread deliver what is queued until `deadline` (monotonic seconds), and no longer."""
        self._deadline = deadline
        self._queue.close("closed")
        self._closing.set()

    def finish_close(self) -> None:
        """Waits for the thread until the deadline; what still waits then is counted as dropped."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, (self._deadline or 0.0) - time.monotonic()))
        self.give_up_waiting("undeliverable")

    def give_up_waiting(self, reason: str) -> None:
        """Counts everything that still waits as dropped."""
        self._give_up(self._queue.drain(), reason)

    def _run(self) -> None:
        policy = self._policy
        while True:
            batch = self._queue.take(policy.batch_events, policy.batch_bytes, policy.linger_seconds)
            if not batch:
                break
            self._deliver(batch)
        self._transport.close()

    def _deliver(self, lines: List[bytes]) -> None:
        attempt = 0
        while True:
            answer = self._send(lines)
            if answer.detail:
                self._counters.last_error = answer.detail
            if answer.delivered:
                self._record(lines, answer)
                return
            if answer.too_large and len(lines) > 1:
                middle = len(lines) // 2
                self._deliver(lines[:middle])
                self._deliver(lines[middle:])
                return
            if not answer.retryable:
                self._give_up(lines, answer.reason, answer.detail)
                return
            attempt += 1
            wait = self._policy.wait_seconds(attempt, answer.retry_after_seconds)
            if attempt > self._policy.max_retries or not self._pause(wait):
                self._give_up(lines, answer.reason, answer.detail)
                return
            self._counters.add("retries")
            if attempt == 1:
                self._counters.warn_once(f"retry {answer.detail}", "delivery is tried again: %s", answer.detail)

    def _send(self, lines: List[bytes]) -> Answer:
        try:
            return self._transport.send(lines, self._timeout_seconds())
        except Exception as error:
            # Without this thread nothing more would ever be sent; a mistake of the client's own costs one batch.
            return Answer(reason="internal", detail=type(error).__name__)

    def _record(self, lines: List[bytes], answer: Answer) -> None:
        self._counters.add("accepted", answer.accepted)
        self._counters.add("duplicates", answer.duplicates)
        for reason, count in answer.rejected.items():
            self._counters.reject(reason, count)
        self._counters.add("sent", len(lines))
        self._queue.done(lines, lost=False)

    def _give_up(self, lines: List[bytes], reason: str, about: str = "") -> None:
        self._counters.drop(reason, len(lines), about)
        self._queue.done(lines, lost=bool(lines))

    def _timeout_seconds(self) -> float:
        if self._deadline is None:
            return self._policy.request_timeout_seconds
        # Zero would mean a socket that never waits.
        return min(self._policy.request_timeout_seconds, max(0.05, self._deadline - time.monotonic()))

    def _pause(self, seconds: float) -> bool:
        """Waits; false at once when closing ends before the wait does."""
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            if left <= 0:
                return True
            if self._deadline is None:
                self._closing.wait(left)
            elif until > self._deadline:
                return False
            else:
                time.sleep(left)
