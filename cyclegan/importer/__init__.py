"""`cyclegan import`: other projects' checkpoints -> a run folder or a model of ours.

`files.py` knows their folders, `architecture.py` tells which network a file holds, `reading.py`
puts both together. `starting.py` reads runs of ours too, for a new run to start from, and
`models.py` models.
"""

from cyclegan.importer.reading import (
    Fact,
    Imported,
    export_model,
    origin_of,
    read,
    write_run,
)
from cyclegan.importer.starting import read_start

__all__ = [
    "Fact",
    "Imported",
    "export_model",
    "origin_of",
    "read",
    "read_start",
    "write_run",
]
