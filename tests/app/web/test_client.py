"""The page as Gradio's own client uses it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("gradio_client", reason="it comes with gradio (extra: web)")

from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from cyclegan.contract.images import load_picture


def test_gradio_client_translates_what_it_sends_and_nothing_else(
    serve: Callable[..., Any], weights_dir: Path, photo: Path, rgb: np.ndarray, tmp_path: Path
) -> None:
    server = serve(weights_dir, "--auth", "me:secret")
    with pytest.raises(Exception, match=r"401|[Ll]ogin"):
        Client(server.url, verbose=False)
    client = Client(server.url, auth=("me", "secret"), download_files=tmp_path, verbose=False)

    def convert(picture: Any, model: Any = "negate", **options: Any) -> Path:
        return Path(client.predict(picture, model, **options, api_name="/convert"))

    made = convert(handle_file(photo))
    assert made.name == "photo_negate.png"
    np.testing.assert_array_equal(load_picture(made).rgb, 255 - rgb)
    half = convert(handle_file(photo), "", strength=0.5, format="webp")
    assert half.name == "photo_negate.webp"
    assert np.abs(load_picture(half).rgb.astype(int) - 128).max() <= 8

    for picture, options, sentence in [
        (handle_file(photo), {"model": "negat"}, 'did you mean "negate"'),
        (handle_file(photo), {"strength": 2}, "strength must be a number from 0 to 1, not 2"),
        (handle_file(photo), {"strength": "a"}, "strength must be a number, not a"),
        (handle_file(photo), {"keep_colors": "false"}, "keep_colors must be true or false"),
        (handle_file(photo), {"format": "exe"}, "the format must be one of"),
        (handle_file(__file__), {}, r"test_client.py is not a picture"),
        ({"path": str(weights_dir.parent / "photo.png")}, {}, "the picture was not uploaded"),
        ([1], {}, "the picture was not uploaded"),
        ({"path": [1]}, {}, "the picture was not uploaded"),
        ({"path": "\0"}, {}, "the picture was not uploaded"),
    ]:
        with pytest.raises(AppError, match=sentence):
            convert(picture, **options)
    assert server.asked_network_for() == []
