"""Models that were made elsewhere: an ONNX file without a card to a model with one.

What a file holds is read in anatomy.py, what it takes and answers is tried in probing.py, and the
card is put together in adding.py. No `onnx` here, and no torch.
"""

from app.foreign.adding import Proposal, Words, add, propose

__all__ = ["Proposal", "Words", "add", "propose"]
