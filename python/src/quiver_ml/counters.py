"""Counts what became of events, and says each kind of trouble once through `logging`, never with an event's content."""

import collections
import logging
import threading
from typing import Deque, Dict, Optional, Set, Tuple, TypedDict

LOGGER = logging.getLogger("quiver_ml")

# Reasons come from a server; a strange one must not fill the memory.
MAX_REASONS = 64


class Statistics(TypedDict):
    """What became of everything logged: `logged == sent + sum(dropped.values()) + queued`."""

    logged: int
    """Events given to the client, usable or not."""
    queued: int
    """Events that wait or are on their way."""
    queued_bytes: int
    """Bytes of those."""
    sent: int
    """Events that the server answered for, or that were written to the file."""
    accepted: int
    """Of those, new to the server."""
    duplicates: int
    """Of those, known to the server already, which is as safe."""
    rejected: int
    """Of those, refused by the server one by one."""
    rejected_by_reason: Dict[str, int]
    """The refused ones by the server's reason."""
    dropped: Dict[str, int]
    """Events that the server never answered for, by reason."""
    retries: int
    """Requests sent again."""
    non_finite: int
    """NaN and infinite numbers outside features, which were left out."""
    unconvertible: int
    """Feature values that JSON cannot hold, which became null."""
    unknown_arguments: int
    """Arguments that no function has, which were ignored."""
    last_error: Optional[str]
    """The last failure to deliver."""


class Counters:
    """Counts by name; safe to use from any thread."""

    def __init__(self) -> None:
        # A signal handler or a destructor may log in the middle of a change: the lock lets it in, and what it counts
        # waits until that change is complete, because adding is a read and a write.
        self._lock = threading.RLock()
        self._is_changing = False
        self._late: Deque[Tuple[Dict[str, int], str, int]] = collections.deque()
        self._counts: Dict[str, int] = {}
        self._dropped: Dict[str, int] = {}
        self._rejected: Dict[str, int] = {}
        self._said: Set[str] = set()
        self.last_error: Optional[str] = None

    def add(self, name: str, count: int = 1) -> None:
        """Adds to one of the counts of `Statistics`."""
        self._change(self._counts, name, count)

    def drop(self, reason: str, count: int = 1, about: str = "") -> None:
        """Counts events that are given up, and says so once a reason."""
        if count > 0:
            self._change(self._dropped, reason, count)
            self.warn_once(f"dropped {reason}", "events are dropped: %s%s", reason, f" ({about})" if about else "")

    def reject(self, reason: str, count: int) -> None:
        """Counts events that the server refused, and says so once a reason."""
        if count > 0:
            self._change(self._rejected, reason, count)
            self._change(self._counts, "rejected", count)
            self.warn_once(f"rejected {reason}", "the server refuses events: %s", reason)

    def warn_once(self, what: str, message: str, *arguments: object) -> None:
        """Logs a warning the first time; a logging handler that fails is not the model's trouble."""
        with self._lock:
            if what in self._said or len(self._said) >= 2 * MAX_REASONS:
                return
            self._said.add(what)
        try:
            LOGGER.warning(message + " (said once; see stats())", *arguments)
        except Exception:
            self.add("log_failures")

    def statistics(self, queued: int, queued_bytes: int) -> Statistics:
        """Returns a copy of all counts."""
        with self._lock:
            count = self._counts.get
            return Statistics(
                logged=count("logged", 0),
                queued=queued,
                queued_bytes=queued_bytes,
                sent=count("sent", 0),
                accepted=count("accepted", 0),
                duplicates=count("duplicates", 0),
                rejected=count("rejected", 0),
                rejected_by_reason=dict(self._rejected),
                dropped=dict(self._dropped),
                retries=count("retries", 0),
                non_finite=count("non_finite", 0),
                unconvertible=count("unconvertible", 0),
                unknown_arguments=count("unknown_arguments", 0),
                last_error=self.last_error,
            )

    def _change(self, counts: Dict[str, int], name: str, count: int) -> None:
        with self._lock:
            self._late.append((counts, name, count))
            while self._late and not self._is_changing:
                self._is_changing = True
                try:
                    found, reason, more = self._late.popleft()
                    if reason not in found and len(found) >= MAX_REASONS:
                        reason = "other"
                    found[reason] = found.get(reason, 0) + more
                except IndexError:
                    # An interruption after the check has taken it already.
                    pass
                finally:
                    self._is_changing = False
