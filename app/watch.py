"""A folder that is looked at again and again: new pictures are translated when they are whole.

Looked at, not notified: notifications do not cross network shares, where archives are, and whether
a file has come to its end shows only when its size stays.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator

from app.conversion import Result
from app.places import Place, Stamp, stamp_of
from app.plan import Job
from cyclegan.contract.errors import InputError

INTERVAL_S = 1.0

log = logging.getLogger(__name__)


def convert_new(
    plan: Iterable[Job],
    convert: Callable[[Iterable[Job]], Iterable[Result]],
    interval_s: float = INTERVAL_S,
    *,
    on_wait: Callable[[], object] = lambda: None,
) -> Generator[Result, None, None]:
    """Look at a plan every `interval_s` seconds, for ever, and convert what is new or has changed.

    A picture is taken when two looks found the same size and time. One that failed is tried again
    only when it has changed, or was gone meanwhile. A folder that cannot be read for a while, as a
    share may, is waited for. `on_wait` is called once, when all that was there is done.
    """
    taken: dict[Place, Stamp] = {}
    seen: dict[Place, Stamp] = {}  # at the last look, and not taken
    is_away = False

    def settled() -> Iterator[Job]:
        nonlocal is_away
        last, now, gone = seen.copy(), {}, set(taken)
        try:
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
        except InputError as error:
            if not is_away:
                log.warning("%s; waiting for it", error)
            is_away = True
            return
        is_away = False
        seen.clear()
        seen.update(now)
        for source in gone:  # or what is known would grow for ever
            del taken[source]

    is_waiting = False
    while True:
        yield from convert(settled())
        if not (is_waiting or seen or is_away):
            is_waiting = True
            on_wait()
        time.sleep(interval_s)
