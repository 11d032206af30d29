import asyncio
import threading
import time

import pytest

from serving.scheduler import ClosedError, FullError, Scheduler, TooSlowError

WAIT_S = 20
"""How long a test waits for what has to happen; far more than it takes."""


class Work:
    """Doubles numbers; notes its batches, and stands still before each until it is let go on, where `held`."""

    def __init__(self, held=False):
        self.batches = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.held = held

    def __call__(self, items):
        self.batches.append(list(items))
        self.begun.release()
        if self.held:
            assert self.go_on.acquire(timeout=WAIT_S)
        for item in items:
            if isinstance(item, Exception):
                raise item
        return [item * 2 for item in items]

    async def has_begun(self):
        assert await asyncio.to_thread(self.begun.acquire, timeout=WAIT_S)

    def release(self):
        self.held = False
        self.go_on.release()


@pytest.fixture
def scheduler():
    made = []

    def make(**settings):
        made.append(Scheduler("test", **{"batch_cost": 4, **settings}))
        return made[-1]

    yield make
    for one in made:
        one.close(grace_s=WAIT_S)


def ones(items):
    return [1] * len(items)


def submit(scheduler, work, items, **settings):
    return asyncio.create_task(scheduler.submit(work, items, ones(items), **settings))


async def queued(scheduler, count):
    """Wait until `count` calls wait or are worked on."""
    async with asyncio.timeout(WAIT_S):
        while scheduler.waiting_calls != count:
            await asyncio.sleep(0.001)


async def busy(scheduler, work):
    """Keep the thread at a call of its own, so that what is submitted next waits."""
    task = submit(scheduler, work, [0])
    await work.has_begun()
    return task


def test_every_call_gets_its_own_results_in_order(scheduler):
    async def scenario():
        tasks = [submit(queue, work, list(range(n, n + size))) for n, size in ((0, 1), (10, 9), (20, 3), (30, 0), (40, 17))]
        return [answer.results for answer in await asyncio.gather(*tasks)]

    queue, work = scheduler(), Work()
    assert asyncio.run(scenario()) == [[2 * i for i in range(n, n + size)] for n, size in ((0, 1), (10, 9), (20, 3), (30, 0), (40, 17))]


def test_calls_that_wait_share_a_batch_and_a_lone_one_is_begun_at_once(scheduler):
    async def scenario():
        first = await busy(queue, work)
        others = [submit(queue, work, [n]) for n in (1, 2, 3)]
        await queued(queue, 4)
        work.release()
        await asyncio.gather(first, *others)

    queue, work = scheduler(), Work(held=True)
    asyncio.run(scenario())
    assert work.batches == [[0], [1, 2, 3]]


def test_a_large_call_is_sliced_and_small_ones_behind_it_go_first(scheduler):
    async def scenario():
        first = await busy(queue, work)
        large = submit(queue, work, list(range(100, 112)))
        await queued(queue, 2)
        small = [submit(queue, work, [n, n]) for n in (1, 2, 3)]
        await queued(queue, 5)
        done = []
        for name, task in (("large", large), *((f"small {n}", task) for n, task in enumerate(small))):
            task.add_done_callback(lambda _, name=name: done.append(name))
        work.release()
        await asyncio.gather(first, large, *small)
        return done

    queue, work = scheduler(), Work(held=True)
    assert asyncio.run(scenario()) == ["small 0", "small 1", "small 2", "large"]
    assert work.batches[1:] == [[100, 101, 102, 103], [1, 1, 2, 2], [3, 3, 104, 105], [106, 107, 108, 109], [110, 111]]


def test_two_large_calls_take_turns(scheduler):
    async def scenario():
        first = await busy(queue, work)
        large = [submit(queue, work, [n] * 8) for n in (1, 2)]
        await queued(queue, 3)
        work.release()
        await asyncio.gather(first, *large)

    queue, work = scheduler(), Work(held=True)
    asyncio.run(scenario())
    assert work.batches[1:] == [[1] * 4, [2] * 4, [1] * 4, [2] * 4]


def test_batches_are_filled_by_cost_not_by_number_and_a_dear_item_goes_alone(scheduler):
    async def scenario():
        first = await busy(queue, work)
        tasks = [asyncio.create_task(queue.submit(work, list(costs), list(costs))) for costs in ((3, 3), (9,), (1, 1, 1))]
        await queued(queue, 4)
        work.release()
        return [answer.results for answer in await asyncio.gather(first, *tasks)][1:]

    queue, work = scheduler(), Work(held=True)
    assert asyncio.run(scenario()) == [[6, 6], [18], [2, 2, 2]]
    assert work.batches[1:] == [[3, 1], [9], [1, 1], [3]]


def test_calls_of_another_function_never_share_a_batch(scheduler):
    async def scenario():
        first = await busy(queue, work)
        tasks = [submit(queue, work, [1]), submit(queue, other, [2]), submit(queue, work, [3])]
        await queued(queue, 4)
        work.release()
        await asyncio.gather(first, *tasks)

    queue, work, other = scheduler(), Work(held=True), Work()
    asyncio.run(scenario())
    assert (work.batches[1:], other.batches) == ([[1, 3]], [[2]])


def test_a_poison_item_harms_neither_its_call_nor_its_neighbours(scheduler):
    async def scenario():
        first = await busy(queue, work)
        poison = ValueError("poison")
        tasks = [submit(queue, work, [1]), submit(queue, work, [2, poison]), submit(queue, work, [3])]
        await queued(queue, 4)
        work.release()
        await first
        return poison, [(await task).results for task in tasks], (await submit(queue, work, [4])).results

    queue, work = scheduler(), Work(held=True)
    poison, results, after = asyncio.run(scenario())
    assert results == [[2], [4, poison], [6]]
    assert after == [8]


def test_a_function_that_gives_too_few_results_is_an_error_not_a_shift(scheduler):
    queue = scheduler()
    results = asyncio.run(queue.submit(lambda items: items[1:], [1, 2], [1, 1])).results
    assert [type(result) for result in results] == [RuntimeError, RuntimeError]


def test_a_full_queue_refuses_at_once_and_says_when_to_come_again(scheduler):
    async def scenario():
        first = await busy(queue, work)
        waiting = submit(queue, work, [1] * 8)
        await queued(queue, 2)
        with pytest.raises(FullError) as refused:
            await queue.submit(work, [2], [1])
        assert queue.waiting_calls == 2
        work.release()
        await asyncio.gather(first, waiting)
        assert (await queue.submit(work, [2], [1])).results == [4]
        return refused.value.retry_after_s

    queue, work = scheduler(max_wait_s=5.0), Work(held=True)
    queue.learn(cost=1, seconds=1.0)
    assert asyncio.run(scenario()) == 4  # 9 s of work wait, of which 5 would do


def test_an_empty_queue_takes_a_call_of_any_size(scheduler):
    queue = scheduler(max_wait_s=0.5)
    queue.learn(cost=1, seconds=100.0)
    assert len(asyncio.run(queue.submit(Work(), [1] * 50, [1] * 50)).results) == 50


def test_the_number_of_calls_is_bounded_whatever_they_cost(scheduler):
    async def scenario():
        first = await busy(queue, work)
        waiting = submit(queue, work, [1])
        await queued(queue, 2)
        with pytest.raises(FullError):
            await queue.submit(work, [2], [1])
        work.release()
        await asyncio.gather(first, waiting)

    queue, work = scheduler(max_calls=2), Work(held=True)
    asyncio.run(scenario())


def test_a_held_place_counts_as_waiting_until_it_is_taken_or_given_up(scheduler):
    async def scenario():
        with queue.reserve(8) as place:
            with pytest.raises(FullError):
                await queue.submit(work, [1], [1])
            assert (await queue.submit(work, [1, 2], [1, 1], place=place)).results == [2, 4]
            assert (await queue.submit(work, [1], [1])).results == [2]
        with pytest.raises(KeyError), queue.reserve(8):
            raise KeyError
        assert (await queue.submit(work, [1], [1])).results == [2]

    queue, work = scheduler(max_wait_s=5.0, clock=lambda: 0.0), Work()
    queue.learn(cost=1, seconds=1.0)
    queue.learn = lambda cost, seconds: None
    asyncio.run(scenario())


def test_what_a_cancelled_caller_asked_for_is_dropped(scheduler):
    async def scenario():
        first = await busy(queue, work)
        tasks = [submit(queue, work, [n]) for n in (1, 2, 3)]
        await queued(queue, 4)
        tasks[1].cancel()
        await queued(queue, 3)
        work.release()
        await asyncio.gather(first, tasks[0], tasks[2])

    queue, work = scheduler(), Work(held=True)
    asyncio.run(scenario())
    assert work.batches[1:] == [[1, 3]]


def test_a_call_cancelled_while_it_is_worked_on_stops_between_slices(scheduler):
    async def scenario():
        large = submit(queue, work, list(range(12)))
        await work.has_begun()
        large.cancel()
        await queued(queue, 0)
        work.release()
        assert (await submit(queue, work, [7])).results == [14]

    queue, work = scheduler(), Work(held=True)
    asyncio.run(scenario())
    assert work.batches == [[0, 1, 2, 3], [7]]


def test_a_call_past_its_deadline_is_told_and_never_begun(scheduler):
    async def scenario():
        first = await busy(queue, work)
        with pytest.raises(TooSlowError):
            await queue.submit(work, [1], [1], deadline=time.monotonic() + 0.05)
        with pytest.raises(TooSlowError):
            await queue.submit(work, [2], [1], deadline=time.monotonic() - 1)
        work.release()
        await first
        assert (await queue.submit(work, [3], [1], deadline=time.monotonic() + WAIT_S)).results == [6]

    queue, work = scheduler(), Work(held=True)
    asyncio.run(scenario())
    assert work.batches == [[0], [3]]


def test_a_call_whose_deadline_passes_between_slices_stops(scheduler):
    async def scenario():
        with pytest.raises(TooSlowError):
            await submit(queue, work, list(range(8)), deadline=time.monotonic() + 0.2)
        work.release()
        await queued(queue, 0)

    queue, work = scheduler(), Work(held=True)
    asyncio.run(scenario())
    queue.close()
    assert work.batches == [[0, 1, 2, 3]]


def test_waiting_and_working_are_timed(scheduler):
    async def scenario():
        first = await busy(queue, work)
        other = submit(queue, work, [1])
        await queued(queue, 2)
        times.append(3.0)
        work.release()
        return await asyncio.gather(first, other)

    times = [1.0]
    queue, work = scheduler(clock=lambda: times[-1]), Work(held=True)
    first, other = asyncio.run(scenario())
    assert (first.queue_s, first.work_s) == (0.0, 2.0)
    assert (other.queue_s, other.work_s) == (2.0, 0.0)


def test_batches_are_told_of_with_items_cost_and_seconds(scheduler):
    told = []
    queue = scheduler(on_batch=lambda *batch: told.append(batch), clock=lambda: 0.0)
    asyncio.run(queue.submit(Work(), [1, 2, 3], [2, 2, 2]))
    queue.close()
    assert told == [(2, 4, 0.0), (1, 2, 0.0)]


def test_closing_finishes_what_waits_and_takes_nothing_new(scheduler):
    async def scenario():
        first = await busy(queue, work)
        other = submit(queue, work, list(range(6)))
        await queued(queue, 2)
        closing = asyncio.create_task(asyncio.to_thread(queue.close))
        async with asyncio.timeout(WAIT_S):
            while True:
                try:
                    with queue.reserve(1):
                        await asyncio.sleep(0.001)
                except ClosedError:
                    break
        with pytest.raises(ClosedError):
            await queue.submit(work, [9], [1])
        work.release()
        await closing
        return await first, await other

    queue, work = scheduler(), Work(held=True)
    first, other = asyncio.run(scenario())
    assert (first.results, other.results) == ([0], [0, 2, 4, 6, 8, 10])


def test_what_is_not_done_within_the_grace_is_told_so(scheduler):
    async def scenario():
        first = await busy(queue, work)
        other = submit(queue, work, [1])
        await queued(queue, 2)
        await asyncio.to_thread(queue.close, 0.05)
        told = await asyncio.gather(first, other, return_exceptions=True)
        work.release()
        return told

    queue, work = scheduler(), Work(held=True)
    assert [type(told) for told in asyncio.run(scenario())] == [ClosedError, ClosedError]
    assert work.batches == [[0]]


def test_closing_what_never_worked_is_nothing(scheduler):
    scheduler().close()


def test_calls_of_several_event_loops_share_one_queue(scheduler):
    queue, work, results = scheduler(), Work(), {}

    def client(n):
        results[n] = [asyncio.run(queue.submit(work, [n, i], [1, 1])).results for i in range(20)]

    threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert results == {n: [[2 * n, 2 * i] for i in range(20)] for n in range(8)}


def test_a_caller_whose_event_loop_is_gone_harms_nobody(scheduler):
    async def leave():
        submit(queue, work, [1])
        await work.has_begun()

    queue, work = scheduler(), Work(held=True)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    work.release()
    assert asyncio.run(queue.submit(work, [2], [1])).results == [4]
