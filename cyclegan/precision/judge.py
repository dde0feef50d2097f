"""How near a model comes to the fp32 model that it was made from, by pixels.

How near to real pictures it comes is in `evaluate.py`, what is near enough in `conversion.py`.
"""

from collections.abc import Sequence

import numpy as np
import onnx

from cyclegan.contract.card import ModelCard
from cyclegan.graph import Pixels, load_graph

EQUAL = 1e-12  # mean squared error of float32's own rounding, which counts as 126 dB


class Judge:
    """Knows what a model answers to some pictures, and compares other models with it."""

    def __init__(self, model: onnx.ModelProto, card: ModelCard, pictures: Sequence[Pixels]) -> None:
        self.pictures = pictures
        self._names = (card.input_name, card.output_name)
        self._wanted = self._answers(model)

    def psnr_db(self, model: onnx.ModelProto) -> float:
        """Tell the peak signal-to-noise ratio in dB over all pixels of all pictures.

        The peak is the width of [-1, 1].
        """
        pairs = zip(self._answers(model), self._wanted, strict=True)
        error = np.mean([np.square(ours - theirs).mean() for ours, theirs in pairs])
        return float(10 * np.log10(4 / max(error, EQUAL)))

    def _answers(self, model: onnx.ModelProto) -> list[Pixels]:
        session, (given, wanted) = load_graph(model), self._names
        return [session.run([wanted], {given: each})[0] for each in self.pictures]
