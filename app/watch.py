"""A folder that is looked at again and again: new pictures are translated when they are whole.

Looked at, not notified: notifications do not cross network shares, where archives are, and whether
a file has come to its end shows only when its size stays.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator

from app.batch import Result
from app.places import Place, Stamp, stamp_of
from app.plan import Job

INTERVAL_S = 1.0


def convert_new(
    plan: Iterable[Job],
    convert: Callable[[Iterable[Job]], Iterable[Result]],
    interval_s: float = INTERVAL_S,
) -> Generator[Result, None, None]:
    """Look at a plan every `interval_s` seconds, for ever, and convert what is new or has changed.

    A picture is taken when two looks found the same size and time. One that failed is tried again
    only when it has changed, or was gone meanwhile.
    """
    taken: dict[Place, Stamp] = {}
    seen: dict[Place, Stamp] = {}  # at the last look, and not taken

    def settled() -> Iterator[Job]:
        last, now, gone = seen.copy(), {}, set(taken)
        for job in plan:
            stamp = stamp_of(job.source)
            if stamp is None:
                continue
            gone.discard(job.source)
            if taken.get(job.source) == stamp:
                continue
            if last.get(job.source) == stamp:
                taken[job.source] = stamp
                yield job
            else:
                now[job.source] = stamp
        seen.clear()
        seen.update(now)
        for source in gone:  # or what is known would grow for ever
            del taken[source]

    while True:
        yield from convert(settled())
        time.sleep(interval_s)
