"""Jobs over HTTP, as programs use them."""

import time
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the API needs FastAPI (extra: web)")

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.testclient import TestClient
from starlette.datastructures import UploadFile

from app import guard
from app.jobs import routes
from app.jobs.limits import Limits
from app.jobs.office import Office
from cyclegan.contract.images import load_picture
from tests.app.jobs.sending import TIMEOUT_S, picture, results, zipped
from tests.app.serving import CONVERT, problem, serve

JOBS = "/api/v1/jobs"
NOT_FOUND = "there is no such job, or not any more; it may have been removed"


@pytest.fixture
def client(weights_dir: Path) -> Iterator[TestClient]:
    with serve(weights_dir, Limits(files=30, jobs_of_client=2)) as client:
        yield client


def form(*named: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("file", each) for each in named]


def wait_for(client: TestClient, id: str) -> dict[str, Any]:
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        job: dict[str, Any] = client.get(f"{JOBS}/{id}").json()
        if job["result"]:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.01)


def test_many_pictures_come_back_as_a_zip(client: TestClient, tmp_path: Path) -> None:
    sent = form(("a.zip", zipped(("x/a.png", picture(10)))), ("b.png", picture()), ("c.png", b"x"))
    asked = {"model": "negate", "format": "webp", "strength": "1", "metadata": "none"}
    answer = client.post(JOBS, params=asked, files=sent)
    assert answer.status_code == HTTPStatus.CREATED
    created = answer.json()
    assert answer.headers["location"] == f"{JOBS}/{created['id']}"
    assert len(created["id"]) >= 22  # 128 bits

    job = wait_for(client, created["id"])
    assert (job["state"], job["position"], job["model"]) == ("done", None, "negate")
    assert job["counts"] == {"all": 3, "waiting": 0, "done": 2, "failed": 1}
    assert [p["name"] for p in job["pictures"]] == ["x/a.png", "b.png", "c.png"]
    (failure,) = job["failures"]
    assert failure["name"] == "c.png"
    assert failure["reason"].startswith("c.png is not a picture")
    assert job["created"] < job["ended"] < job["kept_until"]

    answer = client.get(job["result"])
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="negate.zip"' in answer.headers["content-disposition"]
    (tmp_path / "result.zip").write_bytes(answer.content)
    made = results(tmp_path / "result.zip")
    assert list(made) == ["x/a.webp", "b.webp", "failures.csv"]

    small = client.get(f"{JOBS}/{job['id']}/pictures/1/after")
    assert small.headers["content-type"] == "image/jpeg"
    assert np.abs(load_picture(small.content).rgb.astype(int) - 245).max() <= 2
    for missing in ("3/after", "9/before", f"{'9' * 300}/after"):
        problem(client.get(f"{JOBS}/{job['id']}/pictures/{missing}"), HTTPStatus.NOT_FOUND)
    answer = client.get(f"{JOBS}/{job['id']}/pictures/1/..%2Fin")
    assert answer.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)


def test_a_job_can_be_cancelled_and_removed(client: TestClient, tmp_path: Path) -> None:
    created = client.post(JOBS, files=form(("a.png", picture()))).json()
    job = client.post(f"{JOBS}/{created['id']}/cancel").json()
    assert wait_for(client, job["id"])["state"] in ("cancelled", "done")
    assert client.delete(f"{JOBS}/{job['id']}").status_code == HTTPStatus.NO_CONTENT
    for ask in ("", "/result", "/pictures/1/after"):
        answer = client.get(f"{JOBS}/{job['id']}{ask}")
        assert problem(answer, HTTPStatus.NOT_FOUND) == NOT_FOUND
    assert problem(client.delete(f"{JOBS}/{job['id']}"), HTTPStatus.NOT_FOUND) == NOT_FOUND


@pytest.mark.parametrize(("way", "ask"), [("result", "result"), ("preview", "pictures/1/after")])
def test_a_job_that_is_removed_before_its_file_is_read_is_not_found(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, way: str, ask: str
) -> None:
    id = client.post(JOBS, files=form(("a.png", picture()))).json()["id"]
    wait_for(client, id)
    find = getattr(Office, way)

    def find_and_remove(office: Office, *asked: Any) -> Any:
        path = find(office, *asked)
        office.remove(id)
        deadline = time.monotonic() + TIMEOUT_S
        while path.exists():  # the thread may not have done with a job that has just ended
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return path

    monkeypatch.setattr(Office, way, find_and_remove)
    assert problem(client.get(f"{JOBS}/{id}/{ask}"), HTTPStatus.NOT_FOUND) == NOT_FOUND


def test_a_part_of_a_result_can_be_asked_for(client: TestClient) -> None:
    id = client.post(JOBS, files=form(("a.png", picture()))).json()["id"]
    address = wait_for(client, id)["result"]
    whole = client.get(address).content
    rest = client.get(address, headers={"range": "bytes=10-"})
    assert (rest.status_code, rest.content) == (HTTPStatus.PARTIAL_CONTENT, whole[10:])
    for asked, status in [
        (f"bytes={len(whole)}-", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE),
        ("bytes=x", HTTPStatus.BAD_REQUEST),
    ]:
        answer = client.get(address, headers={"range": asked})
        assert "the header Range asks for bytes" in problem(answer, status)


def test_what_is_no_job_is_a_problem_and_the_next_one_works(
    client: TestClient, weights_dir: Path
) -> None:
    good = form(("a.png", picture()))
    for content, sentence in [
        ({"content": b"x"}, "send a form with files"),
        ({"files": {"file": (None, "no file")}}, "there is no picture in what was sent"),
        ({"files": form(("a.txt", b"x"))}, "a.txt is not named as a picture"),
        ({"files": form(("a.zip", b"x"))}, "a.zip is not a zip that can be read"),
        (
            {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
            "the form cannot be read",
        ),
    ]:
        answer = client.post(JOBS, **content)  # type: ignore[arg-type]
        assert sentence in problem(answer, HTTPStatus.BAD_REQUEST)
    answer = client.post(JOBS, files=form(*[(f"{i}.png", b"x") for i in range(31)]))
    assert "room for 30 files" in problem(answer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    answer = client.post(JOBS, params={"model": "negat"}, files=good)
    assert 'did you mean "negate"?' in problem(answer, HTTPStatus.NOT_FOUND)
    for hostile in (
        {"format": "gif"}, {"quality": "0"}, {"strength": "nan"}, {"format": "../x"}, {"glob": "*"}
    ):  # fmt: skip
        answer = client.post(JOBS, params=hostile, files=good)
        problem(answer, HTTPStatus.BAD_REQUEST)
    answer = client.post(JOBS, data={"model": "negate"}, files=good)
    assert "model is a field of the form" in problem(answer, HTTPStatus.BAD_REQUEST)
    assert not [path for path in (weights_dir.parent / "jobs").iterdir() if path.is_dir()]
    assert client.post(JOBS, files=good).status_code == HTTPStatus.CREATED


def test_a_client_with_too_many_jobs_is_told_to_come_again(weights_dir: Path) -> None:
    with serve(weights_dir, Limits(jobs_of_client=0)) as client:
        answer = client.post(JOBS, files=form(("a.png", picture())))
        assert "of your jobs have not ended" in problem(answer, HTTPStatus.TOO_MANY_REQUESTS)


def test_a_client_with_too_many_jobs_is_refused_while_their_files_come(
    weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive, refused = routes._receive, list[Any]()
    sent = form(("a.png", picture()))
    with serve(weights_dir, Limits(jobs_of_client=1)) as client:

        async def ask_again(request: Request, most: int) -> Sequence[UploadFile]:
            monkeypatch.setattr(routes, "_receive", receive)
            refused.append(await run_sync(lambda: client.post(JOBS, files=sent)))
            return await receive(request, most)

        monkeypatch.setattr(routes, "_receive", ask_again)
        answer = client.post(JOBS, files=sent)
        assert answer.status_code == HTTPStatus.CREATED
        assert "1 of your jobs" in problem(refused[0], HTTPStatus.TOO_MANY_REQUESTS)


def test_why_a_job_failed_is_told_without_paths(client: TestClient, weights_dir: Path) -> None:
    whole = (weights_dir / "negate.onnx").read_bytes()
    (weights_dir / "negate.onnx").write_bytes(bytes(len(whole)))
    created = client.post(JOBS, files=form(("a.png", picture()))).json()
    job = wait_for(client, created["id"])
    assert job["state"] == "failed"
    assert job["problem"].startswith("sha256 of negate.onnx is ")


def test_many_pictures_may_be_larger_than_one(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_BYTES", 1000)
    monkeypatch.setattr(guard, "MAX_JOB_BYTES", 3000)
    for size, status in ((2000, HTTPStatus.CREATED), (3000, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)):
        answer = client.post(JOBS, files=form(("a.png", bytes(size))))
        assert answer.status_code == status
    assert "limit is 0 MiB" in problem(answer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def test_neither_sending_nor_an_id_does_without_the_password(weights_dir: Path) -> None:
    with serve(weights_dir, auth=("me", "secret")) as client:
        sent = form(("a.png", picture()))
        problem(client.post(JOBS, files=sent), HTTPStatus.UNAUTHORIZED)
        client.auth = ("me", "secret")
        id = client.post(JOBS, files=sent).json()["id"]
        assert wait_for(client, id)["state"] == "done"
        foreign = {"sec-fetch-site": "cross-site"}
        problem(client.delete(f"{JOBS}/{id}", headers=foreign), HTTPStatus.FORBIDDEN)
        client.auth = None
        for ask in ("", "/result", "/pictures/1/before", "/pictures/1/after"):
            problem(client.get(f"{JOBS}/{id}{ask}"), HTTPStatus.UNAUTHORIZED)
        problem(client.post(f"{JOBS}/{id}/cancel"), HTTPStatus.UNAUTHORIZED)
        problem(client.delete(f"{JOBS}/{id}"), HTTPStatus.UNAUTHORIZED)
        client.auth = ("me", "secret")
        assert client.get(f"{JOBS}/{id}/result").status_code == HTTPStatus.OK


def test_the_description_knows_the_form(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {path for path in paths if path.startswith(JOBS)} == {
        JOBS,
        f"{JOBS}/{{id}}",
        f"{JOBS}/{{id}}/cancel",
        f"{JOBS}/{{id}}/result",
        f"{JOBS}/{{id}}/pictures/{{number}}/{{when}}",
    }
    body = paths[JOBS]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert body["properties"]["file"]["type"] == "array"
    for path in (JOBS, CONVERT):
        body = paths[path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert body["required"] == ["file"]


@pytest.mark.parametrize(("path", "status"), [(CONVERT, HTTPStatus.OK), (JOBS, HTTPStatus.CREATED)])
def test_a_form_is_one_in_whatever_letters_its_type_is_written(
    client: TestClient, path: str, status: HTTPStatus
) -> None:
    request = client.build_request("POST", path, files=form(("a.png", picture())))
    plain = request.headers["content-type"]
    request.headers["content-type"] = plain.replace("multipart/form", "Multipart/Form")
    assert client.send(request).status_code == status


def test_the_description_tells_what_is_answered(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    answered = {
        (path, method): {
            status: [*answer.get("content", ())] for status, answer in each["responses"].items()
        }
        for path, methods in paths.items()
        for method, each in methods.items()
    }
    problems = {"default": ["application/problem+json"]}
    assert all(problems.items() <= answers.items() for answers in answered.values())
    assert not any("422" in answers for answers in answered.values())  # that FastAPI would give
    picture = f"{JOBS}/{{id}}/pictures/{{number}}/{{when}}"
    assert answered[f"{JOBS}/{{id}}/result", "get"]["200"] == ["application/zip"]
    assert answered[picture, "get"]["200"] == ["image/jpeg"]
    assert answered["/metrics", "get"]["200"] == ["text/plain"]
