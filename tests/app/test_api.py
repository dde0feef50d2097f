"""The API as programs use it; the guard in front of it is in `test_guard.py`."""

import io
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="the API needs FastAPI (extra: web)")

from fastapi.testclient import TestClient
from starlette.types import Message, Scope

from app import api
from app.api import MEDIA_TYPES, Format
from app.refusal import BUG
from app.store import Store
from cyclegan.contract.card import ModelCard
from cyclegan.contract.images import load_picture
from tests.app.serving import CONVERT, problem, serve

RGB = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)


def encode(rgb: Any = RGB, codec: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, codec)
    return file.getvalue()


@pytest.fixture
def client(weights_dir: Path) -> Iterator[TestClient]:
    with serve(weights_dir) as client:
        yield client


def test_a_picture_comes_back_translated_from_a_body_and_from_a_form(client: TestClient) -> None:
    for sent in ({"content": encode()}, {"files": {"file": ("horse.png", encode())}}):
        answer = client.post(CONVERT, params={"model": "negate"}, **sent)  # type: ignore[arg-type]
        assert answer.status_code == HTTPStatus.OK
        assert answer.headers["x-model"] == "negate"
        np.testing.assert_array_equal(load_picture(answer.content).rgb, 255 - RGB)


def test_a_form_is_one_however_it_is_written(client: TestClient) -> None:
    request = client.build_request("POST", CONVERT, files={"file": ("a.png", encode())})
    request.headers["content-type"] = f"Multipart/F{request.headers['content-type'][11:]}"
    assert client.send(request).status_code == HTTPStatus.OK


@pytest.mark.parametrize("format", Format)
def test_the_format_of_the_answer_can_be_chosen(client: TestClient, format: Format) -> None:
    flat = np.full((16, 24, 3), 60, np.uint8)
    answer = client.post(CONVERT, params={"format": format.value}, content=encode(flat))
    assert answer.headers["content-type"] == MEDIA_TYPES[format]
    rgb = load_picture(answer.content).rgb.astype(int)
    assert rgb.shape == (16, 24, 3)
    assert np.abs(rgb - 195).max() <= 2


def test_quality_is_that_of_the_encoder(client: TestClient) -> None:
    sizes = [
        len(client.post(f"{CONVERT}?format=jpg&quality={quality}", content=encode()).content)
        for quality in (10, 95)
    ]
    assert sizes[0] < sizes[1] / 2


def test_how_much_is_translated_and_in_which_size_can_be_chosen(client: TestClient) -> None:
    def ask(**params: Any) -> Any:
        answer = client.post(CONVERT, params=params, content=encode())
        return load_picture(answer.content)

    assert set(np.unique(ask(strength=0.5).rgb)) == {128}  # 127.5 rounded up, whatever v is
    np.testing.assert_array_equal(ask(strength=0).rgb, RGB)
    change = ask(keep_colors=True).rgb.astype(int) - RGB
    inside = (ask(keep_colors=True).rgb % 255 != 0).all(axis=-1)  # not clipped
    assert np.ptp(change[inside], axis=-1).max() <= 1  # by rounding
    assert ask(size=16, detail="off").rgb.std() < RGB.std() / 2
    np.testing.assert_array_equal(ask(size="native").rgb, 255 - RGB)
    assert ask().metadata.software
    assert not ask(metadata="none").metadata.software


@pytest.mark.parametrize(
    ("name", "value"),
    [("strength", 1.5), ("strength", "nan"), ("size", 0), ("size", "large"), ("detail", "on"),
     ("metadata", "some"), ("keep_colors", "perhaps"), ("strip_gps", 7)],
)  # fmt: skip
def test_options_without_sense_are_named(client: TestClient, name: str, value: object) -> None:
    answer = client.post(CONVERT, params={name: value}, content=encode())
    assert problem(answer, HTTPStatus.BAD_REQUEST).startswith(f"{name}: ")


def test_parameters_that_nobody_reads_are_refused(client: TestClient) -> None:
    answer = client.post(CONVERT, params={"strenght": 0.5}, content=encode())
    expected = 'unknown parameter "strenght"; did you mean "strength"? there are detail, '
    assert problem(answer, HTTPStatus.BAD_REQUEST).startswith(expected)
    answer = client.post(f"{CONVERT}?format=gif&format=png", content=encode())
    assert problem(answer, HTTPStatus.BAD_REQUEST) == "format is given 2 times; give it once"
    form = {"data": {"format": "jpg", "note": "x"}, "files": {"format": encode()}}
    answer = client.post(CONVERT, **form)  # type: ignore[arg-type]
    expected = "format is a field of the form; it belongs to the address, as ?format=..."
    assert problem(answer, HTTPStatus.BAD_REQUEST) == expected
    answer = client.post(CONVERT, data={"note": "x"}, files={"model": encode()})
    assert answer.status_code == HTTPStatus.OK


def test_what_cannot_be_translated_is_a_problem_with_its_status(
    client: TestClient, weights_dir: Path
) -> None:
    for content in (b"", b"<b>no picture</b>", encode()[:200]):
        detail = problem(client.post(CONVERT, content=content), HTTPStatus.UNPROCESSABLE_ENTITY)
        assert detail.startswith("the picture is ")
    answer = client.post(CONVERT, params={"model": "negat"}, content=encode())
    assert 'did you mean "negate"?' in problem(answer, HTTPStatus.NOT_FOUND)
    answer = client.post(CONVERT, params={"format": "gif"}, content=encode())
    assert problem(answer, HTTPStatus.BAD_REQUEST).startswith("format: ")
    answer = client.post(CONVERT, params={"quality": 0}, content=encode())
    assert problem(answer, HTTPStatus.BAD_REQUEST).startswith("quality: ")
    answer = client.post(CONVERT, files={"file": (None, "no file")})
    assert "the form has no file" in problem(answer, HTTPStatus.BAD_REQUEST)
    for sent in (
        {"files": [("file", encode())] * 2},
        {"content": encode(), "headers": {"content-type": "multipart/form-data"}},
        {"content": encode(), "headers": {"content-type": "multipart/form-data; boundary=x"}},
    ):
        answer = client.post(CONVERT, **sent)  # type: ignore[arg-type]
        assert problem(answer, HTTPStatus.BAD_REQUEST).startswith("the form cannot be read: ")
    (weights_dir / "broken.json").write_text("{")
    answer = client.post(CONVERT, params={"model": "broken"}, content=encode())
    assert str(weights_dir) not in problem(answer, HTTPStatus.SERVICE_UNAVAILABLE)
    assert client.post(CONVERT, params={"model": "negate"}, content=encode()).status_code == 200


def test_a_translation_that_has_no_room_in_its_format_is_told_without_paths(
    client: TestClient,
) -> None:
    wide = encode(np.zeros((1, 16384, 3), np.uint8))  # one pixel more than WebP has room for
    answer = client.post(CONVERT, params={"format": "webp"}, content=wide)
    detail = problem(answer, HTTPStatus.UNPROCESSABLE_ENTITY)
    assert "negate.webp: WEBP has room for 16383 pixels" in detail
    assert tempfile.gettempdir() not in detail


def test_without_a_name_there_must_be_one_model(
    client: TestClient, weights_dir: Path, add_model: Callable[..., ModelCard]
) -> None:
    assert client.post(CONVERT, content=encode()).headers["x-model"] == "negate"
    add_model(weights_dir, "same", "Identity")
    detail = problem(client.post(CONVERT, content=encode()), HTTPStatus.NOT_FOUND)
    assert detail == "choose one of the models: negate, same"


def test_models_are_listed_with_their_cards_or_reasons(
    client: TestClient, weights_dir: Path
) -> None:
    (weights_dir / "broken.json").write_text("{")
    broken, negate = client.get("/api/v1/models").json()
    assert ModelCard.from_dict(negate["card"]) == Store(weights_dir).card("negate")
    assert broken["card"] is None
    assert broken["reason"].startswith("broken.json is not JSON")


def test_too_many_waiting_requests_are_told_to_come_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "WAITING", -1)
    answer = client.post(CONVERT, content=encode())
    assert "try again later" in problem(answer, HTTPStatus.SERVICE_UNAVAILABLE)
    assert answer.headers["retry-after"] == "5"


def test_nobody_takes_the_places_of_others(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert, begun, go_on = api._convert, threading.Event(), threading.Event()

    def hold_first(*what: Any) -> Any:
        if not begun.is_set():
            begun.set()
            assert go_on.wait(60)
        return convert(*what)

    monkeypatch.setattr(api, "OF_CLIENT", 1)
    monkeypatch.setattr(api, "_convert", hold_first)
    other = TestClient(client.app, client.base_url, client=("192.0.2.1", 50000))
    with ThreadPoolExecutor(1) as first:
        held = first.submit(client.post, CONVERT, content=encode())
        assert begun.wait(60)
        answer = client.post(CONVERT, content=encode())
        assert "wait for one" in problem(answer, HTTPStatus.TOO_MANY_REQUESTS)
        assert answer.headers["retry-after"] == "5"
        assert other.post(CONVERT, content=encode()).status_code == HTTPStatus.OK
        go_on.set()
    assert held.result().status_code == HTTPStatus.OK
    assert client.post(CONVERT, content=encode()).status_code == HTTPStatus.OK


def test_large_pictures_go_one_by_one_and_keep_no_small_one_waiting(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_LARGE", RGB.shape[0] * RGB.shape[1])
    convert, begun, go_on = api._convert, threading.Semaphore(0), threading.Event()

    def hold_large(store: Store, body: BinaryIO, *rest: Any) -> Any:
        if api._count_pixels(body) > api._LARGE:
            begun.release()
            assert go_on.wait(60)
        return convert(store, body, *rest)

    monkeypatch.setattr(api, "_convert", hold_large)
    large = encode(np.zeros((100, 100, 3), np.uint8))
    with ThreadPoolExecutor(2) as others:
        answers = [others.submit(client.post, CONVERT, content=large) for _ in range(2)]
        assert begun.acquire(timeout=60)
        while "cyclegan_conversions_waiting 2.0" not in client.get("/metrics").text:
            pass
        assert client.post(CONVERT, content=encode()).status_code == HTTPStatus.OK
        assert not begun.acquire(blocking=False)
        go_on.set()
    assert all(answer.result().status_code == HTTPStatus.OK for answer in answers)


def test_other_addresses_and_other_ways_to_ask_are_problems(client: TestClient) -> None:
    for path in ("/api/v1/convert", "/api/v1/jobs"):
        answer = client.get(path)
        detail = problem(answer, HTTPStatus.METHOD_NOT_ALLOWED)
        assert detail == "this address takes POST, not GET; /api/docs says more"
        assert answer.headers["allow"] == "POST"
    for path in ("/healthz", "/metrics", "/api/v1/models"):
        answer = client.post(path)
        problem(answer, HTTPStatus.METHOD_NOT_ALLOWED)
        assert answer.headers["allow"] == "GET, HEAD"
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (HTTPStatus.OK, b"")
    answer = client.request("FOO", "/api/v1/models")
    assert "takes GET, HEAD, not FOO" in problem(answer, HTTPStatus.METHOD_NOT_ALLOWED)
    for path in ("/api/v2/convert", "/api/v1/", "/api/v1", "/api", "/healthz/", "/nothing"):
        for method in ("GET", "POST", "FOO"):
            answer = client.request(method, path)
            assert "nothing at this address" in problem(answer, HTTPStatus.NOT_FOUND), path


def test_a_bug_is_a_problem_too(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("/secret")

    monkeypatch.setattr(api, "_convert", fail)
    with pytest.raises(KeyError):  # so the server logs it
        client.post(CONVERT, content=encode())
    quiet = TestClient(client.app, client.base_url, raise_server_exceptions=False)
    answer = quiet.post(CONVERT, content=encode())
    assert problem(answer, HTTPStatus.INTERNAL_SERVER_ERROR) == BUG
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_disk_that_cannot_be_written_is_told(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    large = encode(np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8))
    assert len(large) > 2**20  # which stay in memory
    for path, sent in (
        (CONVERT, {"content": large}),
        (CONVERT, {"files": {"file": large}}),
        (CONVERT, {"content": encode()}),  # whose translation goes there
        ("/api/v1/jobs", {"files": {"file": ("a.png", large)}}),
    ):
        answer = client.post(path, **sent)  # type: ignore[arg-type]
        detail = problem(answer, HTTPStatus.INSUFFICIENT_STORAGE)
        assert detail == "the disk could not be written: no such file or directory"


async def break_off(client: TestClient) -> None:
    """Ask for a translation, and leave before the picture is sent."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        raise AssertionError("nobody waits for an answer")

    scope: Scope = {"type": "http", "method": "POST", "path": CONVERT, "query_string": b""}
    await client.app(scope | {"headers": [(b"host", b"127.0.0.1")]}, receive, send)


def test_metrics_count_what_was_answered(client: TestClient) -> None:
    client.post(CONVERT, content=encode())
    client.post(CONVERT, content=b"x")
    client.portal.call(break_off, client)
    text = client.get("/metrics").text
    assert 'cyclegan_conversions_total{status="200"} 1.0' in text
    assert 'cyclegan_conversions_total{status="422"} 1.0' in text
    assert 'cyclegan_conversions_total{status="400"} 1.0' in text
    assert "cyclegan_conversion_seconds_count 3.0" in text
    assert "cyclegan_conversions_waiting 0.0" in text
