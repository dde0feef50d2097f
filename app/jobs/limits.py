"""How much jobs may take of a server, and what is said of one that takes more."""

from dataclasses import dataclass

from cyclegan.contract.errors import InputError

_DAY_S = 24 * 60 * 60


class TooLargeError(InputError):
    """A job with too many files, or too many bytes."""


class BusyError(InputError):
    """A job too many: it may be sent again when others have ended."""


class UnknownJobError(InputError):
    """There is no such job, or not any more."""


class UnfinishedJobError(InputError):
    """A job that has no result yet."""


@dataclass(frozen=True)
class Limits:
    """What one job, one client and all of them together may take."""

    files: int = 1000  # of a job
    job_bytes: int = 2 * 2**30  # of a job's pictures, out of their zip
    result_bytes: int = 8 * 2**30  # of its translations; small files make large pictures
    total_bytes: int = 20 * 2**30  # of all jobs; the oldest ones that have ended make room
    jobs: int = 64  # that have not ended
    jobs_of_client: int = 4  # as above, of one address
    keep_s: float = 7 * _DAY_S  # from the end of a job until it is removed
    previews: int = 48  # pictures of a job that are shown small, before and after
