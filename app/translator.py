"""One model, ready to translate: a card and an ONNX Runtime session. Thread-safe.

Where models are found is in store.py, how pictures are read and written in cyclegan.contract.
"""

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from app.devices import count_cpus, device_of, providers
from app.heap import give_back
from app.tiles import cut
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import InputError, ModelError, brief
from cyclegan.contract.images import Picture
from cyclegan.contract.pixels import crop_back, from_network, pad_to_multiple, to_network

GIVE_BACK_EVERY_S = 2.0  # after each picture of 256 x 256 pixels it would take 2 % of the time


class Translator:
    """Translates pictures of any size with one model; any number of threads may share it."""

    tile_size = 2048  # pixels; the overlap of a plain generator's tiles is a seventh of the work

    def __init__(
        self, model: Path, card: ModelCard, threads: int | None = None, device: str = "auto"
    ) -> None:
        """Load `model` as `card` describes it, to run on `threads` threads (all CPUs: None).

        `device` is one of those of `devices.providers`; what was taken is in `self.device`.

        Raises: ModelError if it cannot be loaded or is not the network that the card describes;
        InputError if the device is not there.
        """
        self.card = card
        self._model = model
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or count_cpus()
        options.log_severity_level = 4  # errors come as exceptions; nothing else is for people
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Kept after 60 random sizes: 333 MB, and 624 MB with both on (resnet6 of width 32; 139 and
        # 165 MB for plain). Neither they nor spinning made a run measurably faster on two cores.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        wanted = providers(device)
        try:
            self._session = ort.InferenceSession(model, options, providers=wanted)
        except Exception as error:  # its exceptions share no base class
            raise ModelError(f"{model} cannot be loaded: {brief(error)}") from error
        self.device = device_of(self._session)
        if device.startswith("cuda") and self.device == "cpu":
            raise InputError(
                f"{device} was asked for, but it is not there or its CUDA libraries are not; "
                "take another, or --device cpu"
            )
        self._turn = threading.Lock()
        self._gave_back = time.monotonic()
        self._check_names()

    def translate(self, picture: Picture) -> Picture:
        """The translated picture, of the same size, with the same alpha and metadata.

        Raises: ModelError.
        """
        translated = replace(picture, rgb=self.run(picture.rgb))
        if time.monotonic() - self._gave_back > GIVE_BACK_EVERY_S:
            self._gave_back = time.monotonic()
            give_back()
        return translated

    def run(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Translate pixels: mirrored up to a size that the network takes, translated, cropped.

        A picture of more than `tile_size` pixels a side is translated in tiles, where the card says
        that this leaves no trace.

        Shape: uint8 [H, W, 3] -> uint8 [H, W, 3]. Raises: ModelError.
        """
        padded, crop = pad_to_multiple(rgb, self.card.size_multiple, self.card.border)
        if self.card.receptive_field is None or max(padded.shape[:2]) <= self.tile_size:
            return crop_back(self._run_network(padded), crop)
        translated = np.empty_like(padded)
        tile_size = -(-self.tile_size // self.card.size_multiple) * self.card.size_multiple
        for tile in cut(padded.shape[:2], tile_size, self._margin(self.card.receptive_field)):
            translated[tile.place] = self._run_network(padded[tile.window])[tile.part]
        return crop_back(translated, crop)

    def _margin(self, receptive_field: int) -> int:
        """Pixels that a tile needs beyond its own, in whole cells of the network."""
        multiple = self.card.size_multiple
        return -(-(receptive_field - multiple) // (2 * multiple)) * multiple

    def _run_network(self, padded: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Translate pixels of a size that the network takes."""
        height, width = padded.shape[:2]
        x = to_network(padded)
        try:
            with self._turn:  # a run uses every CPU, and most of the memory
                (y,) = self._session.run([self.card.output_name], {self.card.input_name: x})
        except Exception as error:
            raise ModelError(
                f"{self._model} failed on {width} x {height} pixels: {brief(error)}"
            ) from error
        translated = from_network(y)
        if translated.shape != padded.shape:
            raise ModelError(
                f"{self._model} answered {width} x {height} pixels with "
                f"{translated.shape[1]} x {translated.shape[0]}; it is not a model for this app"
            )
        return translated

    def _check_names(self) -> None:
        for kind, name, found in (
            ("input", self.card.input_name, self._session.get_inputs()),
            ("output", self.card.output_name, self._session.get_outputs()),
        ):
            if name not in [tensor.name for tensor in found]:
                raise ModelError(
                    f'{self._model} has no {kind} "{name}" as its card says, but '
                    f"{', '.join(tensor.name for tensor in found)}; export it again"
                )
