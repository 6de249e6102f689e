"""What the checks of the lesson on data loading ask of threads: order, bounds, errors and ends, without a clock.

A check waits for an event for PATIENCE seconds at most, and then says what did not happen.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from tinytorch.support.checks import equal, explained, outcome
from tinytorch.support.checks_loading import Broken, Squares

PATIENCE = 5.0  # seconds
MOMENT = 0.02  # seconds in which what should not start would


class Work:
    """Something to make, which keeps what has been started, and by which threads."""

    def __init__(self) -> None:
        self.started: list[Any] = []
        self.threads: set[int] = set()
        self.changed = threading.Condition()

    def __call__(self, job: Any) -> Any:
        with self.changed:
            self.started.append(job)
            self.threads.add(threading.get_ident())
            self.changed.notify_all()
        return None if job % 7 == 6 else ("made", job)

    def reaches(self, count: int) -> int:
        """How many have been started, when that is `count` or nothing more comes of waiting."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.started) >= count, PATIENCE)
        threading.Event().wait(MOMENT)
        return len(self.started)


def wanted_of(jobs: range) -> list[Any]:
    return [None if job % 7 == 6 else ("made", job) for job in jobs]


def in_order(prefetch: Callable, count: int, workers: int, ahead: int) -> None:
    """All jobs are done once, by other threads, not more than there should be, and come in their order."""
    work, asked = Work(), f"prefetch of {count} jobs with {workers} workers, {ahead} ahead,"
    with explained(asked, "jobs may be few, or none"):
        got = list(prefetch(work, range(count), workers, ahead))
    equal(asked, got, wanted_of(range(count)), "the first submitted comes first; None may be a batch")
    equal(f"{asked} made", sorted(work.started), list(range(count)), "each once")
    here = threading.get_ident() in work.threads
    assert not here, f"{asked} made something on the thread that asks: submit every job to the pool"
    many = len(work.threads)
    assert many <= workers, f"{asked} used {many} threads, wanted {workers} at most"


def late_first(prefetch: Callable, workers: int) -> None:
    """A batch that takes long does not change the order of the batches."""
    others, results = threading.Event(), []

    def make(job: int) -> int:
        if job == 0:
            results.append(others.wait(PATIENCE))
        elif job == workers - 1:
            others.set()
        return job

    got = outcome("prefetch, the first job ending last,", lambda: list(prefetch(make, range(9), workers, 2 * workers)))
    equal("prefetch, the first job ending last,", got, list(range(9)), "the oldest comes first, finished or not")
    equal("whether later jobs ran while the first did", results, [True], "all workers have something to do")


def side_by_side(prefetch: Callable, workers: int) -> None:
    """So many jobs run at the same time as there are workers."""
    barrier = threading.Barrier(workers)

    def meet(job: int) -> int:
        barrier.wait(PATIENCE)
        return job

    asked = f"prefetch of {2 * workers} jobs, each of which waits until {workers} run at the same time,"
    try:
        got = list(prefetch(meet, range(2 * workers), workers, 2 * workers))
    except threading.BrokenBarrierError:
        raise AssertionError(f"{asked} never had {workers} running: submit before you wait for a result") from None
    equal(asked, got, list(range(2 * workers)), "in order")


def no_more_threads(prefetch: Callable, workers: int) -> None:
    """Not more jobs run at the same time than there are workers, however many are submitted."""
    gate, work, ahead = threading.Event(), Work(), 4 * workers

    def make(job: int) -> Any:
        made = work(job)
        assert job == 0 or gate.wait(PATIENCE), "the first batch should come while the others are being made"
        return made

    asked = f"prefetch with {workers} workers, {ahead} ahead, none of which ends,"
    batches = outcome(asked, lambda: prefetch(make, range(ahead), workers, ahead))
    next(batches)
    running = work.reaches(1 + workers) - 1
    gate.set()
    assert running == workers, f"{asked} ran {running} jobs at the same time, wanted {workers}: one for each worker"
    equal(asked, len(list(batches)), ahead - 1, "the rest comes when it is ready")


def bounded(prefetch: Callable, workers: int, ahead: int) -> None:
    """While a batch is used, `ahead` others are made or being made, no more, and no fewer."""
    work, count, taken = Work(), 4 * ahead + 3, []
    asked = f"prefetch with {workers} workers, {ahead} ahead"
    jobs = _counted(count, taken)
    batches = outcome(asked, lambda: prefetch(work, jobs, workers, ahead))
    for number in range(1, count + 1):
        outcome(f"{asked}: batch {number}", lambda: next(batches))
        most = min(number + ahead, count)
        if number in (1, 2, ahead + 1, count - 1, count):
            got = work.reaches(most)
            told = f"{asked}: while batch {number} of {count} was used, {got - number} later ones were made"
            assert got == most, f"{told}, wanted {most - number}: fill up by one for each that is taken"
            few = len(taken) <= most + 1
            assert few, f"{asked}: {len(taken)} jobs were taken while batch {number} was used: take them one by one"
    equal(f"{asked}: what comes after the last", next(batches, "the end"), "the end", "then it ends")
    _lets_go(prefetch, workers, ahead)


def _lets_go(prefetch: Callable, workers: int, ahead: int) -> None:
    """A batch that the loop is done with is not kept: no more live at one time than are ahead, and two.

    A thread that has made one may hold it for a moment longer, so each of them may have one more.
    """

    class Batch:
        """What a weak reference can tell the end of."""

    made: list[weakref.ref] = []

    def make(job: int) -> Batch:
        batch = Batch()
        made.append(weakref.ref(batch))
        return batch

    count, most = 20 + ahead, 0
    asked = f"prefetch of {count} jobs with {workers} workers, {ahead} ahead"
    with explained(asked):
        for _ in prefetch(make, range(count), workers, ahead):
            most = max(most, sum(each() is not None for each in made))
    bound = ahead + 2 + workers
    told = f"{asked}: {most} batches were in memory at the same time"
    assert most <= bound, f"{told}, wanted {bound} at most: let go of what has been used"


def _counted(count: int, taken: list[int]) -> Iterator[int]:
    for job in range(count):
        taken.append(job)
        yield job


def loader_threads() -> set[threading.Thread]:
    """The threads that run now, apart from this one."""
    return {thread for thread in threading.enumerate() if thread is not threading.current_thread()}


def ends(prefetch: Callable, workers: int) -> None:
    """However a loop over the batches ends, its threads end too, and what nobody asks for any more is not made."""
    for how in ("at its end", "by break", "by close()", "in ValueError", "in KeyboardInterrupt", "by a bad job"):
        before, work = loader_threads(), Work()
        asked = f"prefetch with {workers} workers, the loop ending {how},"
        with explained(asked):
            _use(prefetch, work, workers, how)
        left = loader_threads() - before
        for thread in left:
            thread.join(PATIENCE)
        left = [thread.name for thread in left if thread.is_alive()]
        assert not left, f"{asked} left {len(left)} threads that go on: shut the pool down whatever happens"
        most = 1000 if how == "at its end" else 3 + 2 * workers
        told = f"{asked} made {len(work.started)} batches"
        assert len(work.started) <= most, f"{told}, wanted {most} at most: cancel what has not begun"


def _use(prefetch: Callable, work: Work, workers: int, how: str) -> None:
    def make(job: int) -> Any:
        if how == "by a bad job" and job == 2:
            raise ValueError("bad job")
        return work(job)

    batches = prefetch(make, range(20 if how == "at its end" else 1000), workers, 2 * workers)
    try:
        for number, _ in enumerate(batches, 1):
            if number == 3 and how == "by break":
                break
            if number == 3 and how == "by close()":
                batches.close()
            if number == 3 and how.startswith("in "):
                raise {"in ValueError": ValueError, "in KeyboardInterrupt": KeyboardInterrupt}[how]("the loop's own")
    except (ValueError, KeyboardInterrupt) as error:
        assert how not in ("at its end", "by break", "by close()"), f"prefetch raised {error!r}"
    del batches


def cancelled(prefetch: Callable) -> None:
    """Jobs that wait for a worker are given up when the loop ends; the one that runs is waited for."""
    work, running = Work(), threading.Event()

    def make(job: int) -> Any:
        made = work(job)
        if job == 1:
            running.set()
            threading.Event().wait(MOMENT)
        return made

    before, batches = loader_threads(), prefetch(make, range(100), 1, 8)
    next(batches)
    assert running.wait(PATIENCE), "prefetch with one worker never began the second job"
    threads = loader_threads() - before
    batches.close()
    del batches
    for thread in threads:
        thread.join(PATIENCE)
    told = f"prefetch with one worker, closed while its second job ran, made {len(work.started)} of 9 jobs"
    assert len(work.started) <= 3, f"{told}: those that have not begun are to be cancelled"


def errors(prefetch: Callable, workers: int, bad: int) -> None:
    """An error of a job comes in its job's place, as it is, with the place where it was raised."""
    for error in (ValueError("bad pixel"), KeyError("label"), StopIteration(3)):
        data, got, asked = Broken(20, bad, error), [], f"prefetch, job {bad} raising {error!r}"
        wanted = RuntimeError if isinstance(error, StopIteration) else type(error)
        came = _until_error(asked, prefetch(data.__getitem__, range(20), workers, 4), got)
        equal(f"{asked}: what came before", got, [i**2 for i in range(bad)], "it comes when its turn is")
        assert type(came) is wanted, f"{asked}: {came!r} came, wanted {wanted.__name__}: result() raises it here"
        functions, trace = [], came.__traceback__ if came is error else error.__traceback__
        while trace is not None:
            functions.append(trace.tb_frame.f_code.co_name)
            trace = trace.tb_next
        assert "__getitem__" in functions, f"{asked}: its traceback shows {functions}, not where it was raised"


def _until_error(what: str, batches: Iterator, got: list) -> BaseException:
    try:
        for batch in batches:
            got.append(batch)
    except NotImplementedError:
        raise
    except Exception as came:
        return came
    raise AssertionError(f"{what}: the loop ended after {len(got)} batches as if that were all, wanted the error")


# ---- the loader


def lengths(loader: type, count: int, size: int) -> None:
    """`len` is the number of batches that come, with and without the last, shorter one."""
    for drop_last in (False, True):
        made = loader(Squares(count), size, drop_last=drop_last, collate_fn=list)
        asked = f"DataLoader of {count} items, batch_size={size}, drop_last={drop_last}"
        wanted = [[i**2 for i in range(a, min(a + size, count))] for a in range(0, count, size)]
        wanted = [batch for batch in wanted if len(batch) == size or not drop_last]
        equal(f"len of a {asked}", outcome(asked, lambda made=made: len(made)), len(wanted), "count the batches")
        for epoch in (1, 2):
            got = outcome(asked, lambda made=made: list(made))
            other = {type(batch).__name__ for batch in got} - {"list"}
            equal(f"batches of a {asked}, collate_fn=list, that are no lists", other, set(), "collate_fn makes them")
            equal(f"epoch {epoch} of a {asked}", got, wanted, "every batch, in order, in each epoch")
    stopped = loader(Broken(count, count - 1, StopIteration("no more")), size)
    came = _until_error(f"DataLoader of {count} items, the last raising StopIteration", iter(stopped), [])
    assert isinstance(came, RuntimeError), f"an item that raises StopIteration came as {came!r}, wanted a RuntimeError"


def draws(loader: type, generator: Callable, manual_seed: Callable, batch_indices: Callable) -> None:
    """The order is lesson 07's and new in each epoch; what an epoch takes from the generator it takes at its start."""
    made = loader(Squares(40), 6, shuffle=True, collate_fn=list)
    manual_seed(3)
    wanted = [[int(i) ** 2 for i in piece] for piece in batch_indices(40, 6)]
    manual_seed(3)
    first, second = outcome("a DataLoader with shuffle=True", lambda: [list(made), list(made)])
    idea = "batch_indices draws the order, before anything else is drawn"
    equal("after manual_seed(3), a shuffled epoch of a DataLoader", first, wanted, idea)
    assert first != second, "two shuffled epochs of a DataLoader came in the same order: draw a new one for each"
    for shuffle in (False, True):
        made = loader(Squares(40), 6, shuffle=shuffle, collate_fn=lambda items: generator().random())
        batches = iter(made)
        state = generator().bit_generator.state
        for _ in batches:
            pass
        same = generator().bit_generator.state == state
        told = f"an epoch with shuffle={shuffle} drew from the shared generator after iter()"
        assert same, f"{told}: draw the order and a seed at its start, and each batch from a generator of its own"


def any_number_of_workers(loader: type, manual_seed: Callable, generator: Callable) -> None:
    """From one seed the same batches come, with the same random numbers, whatever the number of workers."""

    def noisy(items: list) -> list:
        return [*items, float(generator().random())]

    def epochs(workers: int, shuffle: bool = True) -> list[list]:
        manual_seed(3)
        made = loader(range(30), 4, shuffle=shuffle, num_workers=workers, collate_fn=noisy)
        return [list(made) for _ in range(2)]

    first, second = outcome("two epochs in order", partial(epochs, 0, shuffle=False))
    assert first != second, "two epochs drew the same numbers for their batches: draw a seed for each epoch"
    _many_seeds(loader, generator)
    wanted = epochs(0)
    for workers in (1, 2, 5):
        got = outcome(f"two epochs with {workers} workers", partial(epochs, workers))
        idea = "each batch has a generator of its own, made from the epoch's seed and its number"
        assert got == wanted, f"after manual_seed(3), {workers} workers gave other batches than none: {idea}"
    for workers in (0, 2):
        manual_seed(3)
        made = loader(range(30), 4, shuffle=True, num_workers=workers, collate_fn=noisy)
        got = outcome("two epochs at the same time", partial(_both_epochs, made))
        told = f"two epochs at the same time, with {workers} workers, are not what they are one after the other"
        assert got == wanted, f"{told}: keep an epoch's order and its seed out of the loader"
    _whole_seeds(loader, manual_seed, generator)


def _both_epochs(loader: Any) -> list[list]:
    """Two epochs, a batch of each in turn."""
    pairs = list(zip(loader, loader, strict=True))
    return [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]


def _whole_seeds(loader: type, manual_seed: Callable, generator: Callable) -> None:
    made = loader(range(5), collate_fn=lambda items: float(generator().random()))
    for seed in (3, 4):
        manual_seed(seed)
        drawn = generator().integers(2**63)
        wanted = [float(np.random.default_rng([drawn, number]).random()) for number in range(5)]
        manual_seed(seed)
        idea = "the epoch's seed is drawn from 0 to 2**63 - 1, and batches are numbered from 0"
        equal(f"after manual_seed({seed}), what batches in order draw", list(made), wanted, idea)


def _many_seeds(loader: type, generator: Callable) -> None:
    made = loader(range(1), collate_fn=lambda items: float(generator().random()))
    drawn = {number for _ in range(80) for number in made}
    assert len(drawn) == 80, f"80 epochs drew {len(drawn)} different numbers: their seeds should be from 0 to 2**63 - 1"


def looked_ahead(loader: type, workers: int, factor: int) -> None:
    """With workers, `prefetch_factor * num_workers` batches are made ahead, by that many threads; without, none."""
    before, work, count = loader_threads(), Work(), 4 * workers * factor + 9
    made = loader(range(count), num_workers=workers, prefetch_factor=factor, collate_fn=lambda items: work(items[0]))
    batches = iter(made)
    outcome(f"a DataLoader with {workers} workers", partial(next, batches))
    wanted = 1 + workers * factor
    got = work.reaches(wanted)
    asked = f"a DataLoader with num_workers={workers} and prefetch_factor={factor}"
    equal(f"{asked}: batches made while the first is used", got, wanted, "how far ahead is a product of the two")
    threads = len(loader_threads() - before)
    assert threads <= workers, f"{asked} started {threads} threads"
    here = threading.get_ident() in work.threads
    equal(f"{asked}: whether the thread that asks makes batches", here, not workers, "that is what workers are for")
    equal(f"{asked}: a second epoch while the first goes on", len(list(islice(iter(made), 2))), 2, "each is its own")
    del batches
    left = {thread for thread in loader_threads() - before if thread.is_alive()}
    assert not left, f"{asked}: {len(left)} threads go on after the loop was left"
