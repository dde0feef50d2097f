"""`cyclegan import`: other projects' checkpoints -> a run folder or a model of ours.

`files.py` knows their folders, `architecture.py` tells which network a file holds, `reading.py`
puts both together.
"""

from cyclegan.importer.reading import Fact, Imported, export_model, read, write_run

__all__ = ["Fact", "Imported", "export_model", "read", "write_run"]
