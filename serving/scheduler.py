"""Calls that arrive together share batches: a bounded queue, and one thread that works it off.

A call is a list of items with what each costs, and the function that does them; calls of the same function share batches. The
thread takes items in order of arrival, as many as fit a batch. Of a call that doesn't fit it takes a slice, then lets the others
go first. An idle thread starts at once. What was cancelled or is too late is dropped, at the latest between two slices.

Knows no model, no web and no BentoML.
"""

import asyncio
import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

_log = logging.getLogger("stance.serving")
_KEPT: Final = 0.9
"""What the speed known so far weighs after another batch: about the last ten count."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class SchedulerError(Exception):
    """Root of what a scheduler refuses a call with."""


class FullError(SchedulerError):
    """So much waits that the call would wait too long; worth another try after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"the queue is full; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class TooSlowError(SchedulerError):
    """The call was not done by its deadline."""


class ClosedError(SchedulerError):
    """The scheduler takes no more calls, or stopped before this one was done."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[Result]):
    """A call's results, one per item: a value, or the exception that this item alone raised."""

    results: list[Result | Exception]
    queue_s: float
    """Seconds until its first item was begun."""
    work_s: float
    """Seconds from then until its last one was done."""


@dataclass(eq=False, slots=True)
class Place:
    """A place held in a queue, for a call whose true cost is not known yet."""

    cost: int


@dataclass(eq=False, slots=True)
class _Call:
    work: Callable[[Sequence[Any]], Sequence[Any]]
    items: Sequence[Any]
    costs: Sequence[int]
    deadline: float
    arrived: float
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Answer[Any]]
    left_cost: int
    results: list[Any] = field(default_factory=list)
    begun: float | None = None


class Scheduler:
    """One queue and its thread, which starts with the first call.

    Args:
        name: What the thread and the log call it.
        batch_cost: What one batch may cost; a single dearer item is a batch of its own.
        max_wait_s: A call is refused where what is before it takes longer than this, at the speed of late; an empty queue takes any.
        max_calls: How many calls may wait, whatever they cost.
        on_batch: Told of every batch, in the scheduler's thread: number of items, their cost, seconds.
        clock: Seconds, never going back.
    """

    def __init__(
        self,
        name: str,
        *,
        batch_cost: int,
        max_wait_s: float = 1.0,
        max_calls: int = 1_000,
        on_batch: Callable[[int, int, float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._batch_cost = batch_cost
        self._max_wait_s = max_wait_s
        self._max_calls = max_calls
        self._on_batch = on_batch
        self._clock = clock
        self._changed = threading.Condition(threading.RLock())
        self._queue: list[_Call] = []
        self._reserved_cost = 0
        self._cost_done, self._seconds_done = 0.0, 0.0
        self._closed = False
        self._thread: threading.Thread | None = None

    @property
    def waiting_calls(self) -> int:
        """How many calls wait or are worked on."""
        return len(self._queue)

    @property
    def waiting_items(self) -> int:
        """How many of their items are not done yet."""
        with self._changed:
            return sum(len(call.items) - len(call.results) for call in self._queue)

    @property
    def wait_s(self) -> float:
        """How many seconds a call that arrives now would wait, at the speed of late; 0 as long as none is known."""
        with self._changed:
            return self._wait_s()

    def learn(self, cost: int, seconds: float) -> None:
        """Take note that `cost` took `seconds`: what is waited for is reckoned by it."""
        with self._changed:
            self._cost_done = self._cost_done * _KEPT + cost
            self._seconds_done = self._seconds_done * _KEPT + seconds

    @contextlib.contextmanager
    def reserve(self, cost: int) -> Iterator[Place]:
        """Hold a place in the queue for what will cost about `cost`; raises FullError or ClosedError at once.

        What is submitted to the place inside is not refused any more.
        """
        place = Place(cost)
        with self._changed:
            self._check_room()
            self._reserved_cost += place.cost
        try:
            yield place
        finally:
            self._give_up(place)

    async def submit(
        self,
        work: Callable[[Sequence[Item]], Sequence[Result]],
        items: Sequence[Item],
        costs: Sequence[int],
        *,
        deadline: float = math.inf,
        place: Place | None = None,
    ) -> Answer[Result]:
        """Return work's results for `items`, in order; raises FullError at once, TooSlowError at the deadline, ClosedError.

        `work` returns one result per item, whatever else is in a batch. Where it raises, it is asked again item by item, and an item
        that raises again has its exception for a result. `deadline` is by the scheduler's clock. What a cancelled caller
        asked for is dropped.
        """
        if not items:
            return Answer([], 0.0, 0.0)
        loop, now = asyncio.get_running_loop(), self._clock()
        call = _Call(work, items, costs, deadline, now, loop, loop.create_future(), sum(costs))
        with self._changed:
            if place is None:
                self._check_room()
            else:
                self._check_open()
                self._give_up(place)
            self._queue.append(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work_off, name=f"stance-{self._name}", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            async with asyncio.timeout(None if math.isinf(deadline) else max(deadline - now, 0.0)):
                return await call.future
        except TimeoutError:
            raise TooSlowError from None
        finally:
            with self._changed:
                self._leave(call)

    def close(self, grace_s: float | None = None) -> None:
        """Take no more calls, finish those that wait, end the thread; what is not done after `grace_s` seconds is told ClosedError.

        Blocks meanwhile: not for the event loop whose calls wait.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is None:
            return
        self._thread.join(grace_s)
        with self._changed:
            for call in list(self._queue):
                self._leave(call)
                _tell(call.loop, [(call.future, ClosedError("the service stopped before this call was done"))])
            self._changed.notify()

    def _give_up(self, place: Place) -> None:
        with self._changed:
            self._reserved_cost -= place.cost
            place.cost = 0

    def _wait_s(self) -> float:
        if self._cost_done == 0:
            return 0.0
        return (sum(call.left_cost for call in self._queue) + self._reserved_cost) * self._seconds_done / self._cost_done

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError("the service is stopping")

    def _check_room(self) -> None:
        self._check_open()
        wait_s = self._wait_s()
        if wait_s > self._max_wait_s or len(self._queue) >= self._max_calls:
            raise FullError(max(1, math.ceil(wait_s - self._max_wait_s)))

    def _leave(self, call: _Call) -> None:
        with contextlib.suppress(ValueError):  # it is done
            self._queue.remove(call)

    def _work_off(self) -> None:
        while True:
            with self._changed:
                while not (batch := self._take()):
                    if self._closed:
                        return
                    self._changed.wait()
            self._do(batch)

    def _take(self) -> list[tuple[_Call, int]]:
        """Return the next batch, as calls and how many items of each; the call that filled a whole batch goes to the queue's end."""
        now = self._clock()
        for call in [call for call in self._queue if call.deadline <= now]:
            self._leave(call)  # whoever waits for it is told by a timer of their own
        batch: list[tuple[_Call, int]] = []
        room = self._batch_cost
        for call in self._queue:
            if batch and call.work != batch[0][0].work:
                continue
            taken = 0
            for cost in call.costs[len(call.results) :]:
                if cost > room and (batch or taken):
                    break
                taken, room = taken + 1, room - cost
            if taken:
                batch.append((call, taken))
            if room <= 0:
                break
        if batch:
            first, taken = batch[0]
            if len(first.results) + taken < len(first.items):
                self._queue.remove(first)
                self._queue.append(first)
        return batch

    def _do(self, batch: list[tuple[_Call, int]]) -> None:
        began = self._clock()
        work = batch[0][0].work
        items = [item for call, taken in batch for item in call.items[len(call.results) : len(call.results) + taken]]
        results = self._results(work, items)
        ended = self._clock()
        cost = 0
        done: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Answer[Any]], Answer[Any] | Exception]]] = {}
        with self._changed:
            start = 0
            for call, taken in batch:
                spent = sum(call.costs[len(call.results) : len(call.results) + taken])
                call.results += results[start : start + taken]
                call.left_cost -= spent
                call.begun = began if call.begun is None else call.begun
                cost, start = cost + spent, start + taken
                if len(call.results) == len(call.items):
                    self._leave(call)
                    answer = Answer(call.results, call.begun - call.arrived, ended - call.begun)
                    done.setdefault(call.loop, []).append((call.future, answer))
        self.learn(cost, ended - began)
        for loop, answers in done.items():
            _tell(loop, answers)
        if self._on_batch is not None:
            self._on_batch(len(items), cost, ended - began)

    def _results(self, work: Callable[[Sequence[Any]], Sequence[Any]], items: list[Any]) -> list[Any]:
        try:
            results = list(work(items))
            if len(results) != len(items):
                raise RuntimeError(f"expected a result for each of {len(items)} items, got {len(results)}")
        except Exception as error:  # noqa: BLE001 - whatever one item raises must not harm its neighbours, nor end the thread
            _log.error("%s: a batch of %d items failed: %s", self._name, len(items), type(error).__name__)
            if len(items) == 1:
                return [error]
            return [result for item in items for result in self._results(work, [item])]
        return results


def _tell(loop: asyncio.AbstractEventLoop, answers: list[tuple[asyncio.Future[Answer[Any]], Answer[Any] | Exception]]) -> None:
    """Hand calls' answers to the event loop that waits for them; nobody does where it is closed."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(_settle, answers)


def _settle(answers: list[tuple[asyncio.Future[Answer[Any]], Answer[Any] | Exception]]) -> None:
    for future, answer in answers:
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
