"""A folder on a real cluster of two nodes, one of which is killed."""

import importlib.util
import json
import os
import pickle
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

ray = pytest.importorskip("ray", reason="needs ray (extra: ray)")
from ray.cluster_utils import Cluster  # noqa: E402

from app.manifest import open_manifest  # noqa: E402
from app.places import Address, names_in, read, write  # noqa: E402
from app.plan import FolderPlan, Job  # noqa: E402
from app.ray_engine import _read, convert_all  # noqa: E402
from app.store import Store  # noqa: E402
from tests.app.stores import SECRET  # noqa: E402

NODE = {
    "num_cpus": 1,
    "object_store_memory": 80 * 2**20,
    "include_dashboard": False,
    "include_log_monitor": False,
}

pytestmark = pytest.mark.filterwarnings("default")  # Ray's own, of its threads and files


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A node with a CPU, quick to notice when others are gone; none of what people look at."""
    if importlib.util.find_spec("moto"):
        request.getfixturevalue("s3")  # first: workers have the environment of when they start
    health = {"health_check_period_ms": 1000, "health_check_failure_threshold": 4}
    made = Cluster()
    _start_node(made, _system_config=health, no_monitor=True)
    yield made
    made.shutdown()


def _start_node(cluster: Any, **options: object) -> Any:
    try:
        return cluster.add_node(**NODE, **options)
    except Exception as error:  # noqa: BLE001 (it raises nothing narrower)
        pytest.skip(f"a busy machine: Ray gives its processes 15 s to start ({error})")


def test_a_lost_machine_costs_nothing_but_time(cluster: Any, weights_dir: Path, put, noise) -> None:
    at = put("in/000.png", "in/sub/a.jpg", "in/torn.png")
    Image.fromarray(noise(64, 64)).save(at / "in" / "000.png")
    for i in range(1, 120):
        os.link(at / "in" / "000.png", at / "in" / f"{i:03}.png")
    (at / "in" / "torn.png").write_text("no picture")
    second = _start_node(cluster)
    translate = Store(weights_dir).load("negate").translate
    plan = FolderPlan(at / "in", at / "out", recursive=True)
    with open_manifest(at / "out", {}) as manifest:
        results = convert_all(translate, plan, manifest, address=cluster.address)
        told = [next(results)]
        while ray.available_resources().get("CPU"):  # until both work
            time.sleep(0.1)
        cluster.remove_node(second, allow_graceful=False)
        told += results
    assert sorted(str(each.source) for each in told) == sorted(str(job.source) for job in plan)
    (failed,) = [result for result in told if result.status == "failed"]
    assert failed.source.name == "torn.png"
    assert "is not a picture that can be read" in (failed.reason or "")
    for i in range(120):
        with Image.open(at / "out" / f"{i:03}.png") as image:
            np.testing.assert_array_equal(np.asarray(image), 255 - noise(64, 64))
    assert (at / "out" / "sub" / "a.jpg").exists()
    assert not list(at.rglob(".tmp-*"))


def test_an_address_without_a_cluster_is_told_at_once(command, put) -> None:
    at = put("in/a.png")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for address in (f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}", "127.0.0.1:port"):
        ran = command("convert", at / "in", at / "out", "--engine", "ray", "--address", address)
        assert ran.code == 2
        assert f"error: there is no Ray cluster at {address}: " in ran.stderr


def test_a_picture_that_cannot_be_read_is_left_to_the_worker() -> None:
    jobs = [Job(source, Path("a.png")) for source in (Address("sftp://h/a.png"), Path("no.png"))]
    rows = [_read({"job": pickle.dumps(job)}) for job in jobs]  # no driver, no file
    assert [row["content"] for row in rows] == [None, None]


def test_the_command_tells_of_a_folder_as_it_does_on_one_machine(
    cluster: Any, put, command, tmp_path: Path
) -> None:
    at = put("in/a.png", "in/b.png", "in/c.png")
    (at / "in" / "b.png").write_text("no picture")
    report = tmp_path / "report.jsonl"
    arguments = ("convert", at / "in", at / "out", "--engine", "ray", "--address", cluster.address)
    ran = command(*arguments, "--report", report)
    assert ran.code == 3
    assert ": 2 done, 0 skipped, 1 failed" in ran.stdout
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert {Path(line["source"]).name: line["status"] for line in lines} == {
        "a.png": "done",
        "b.png": "failed",
        "c.png": "done",
    }
    ran = command("convert", at / "in", at / "out", "--limit", 1)  # here, it is known to be done
    assert ": 0 done, 1 skipped, 0 failed" in ran.stdout


def test_pictures_go_from_store_to_store(
    s3: str, cluster: Any, put, command, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    at = put("a.png")
    for name in ("a.png", "sub/b.png"):
        write(Address(f"{s3}/ray/in/{name}"), (at / "a.png").read_bytes())
    write(Address(f"{s3}/ray/in/torn.png"), b"no picture")
    arguments = ("convert", f"{s3}/ray/in", f"{s3}/ray/out", "-r", "--engine", "ray")
    report = tmp_path / "report.jsonl"
    ran = command(*arguments, "--address", cluster.address, "--report", report)
    assert f"{s3}/ray/out: 2 done, 0 skipped, 1 failed" in ran.stdout
    assert names_in(Address(f"{s3}/ray/out")) == {"a.png", "sub"}
    (at / "b.png").write_bytes(read(Address(f"{s3}/ray/out/sub/b.png")))
    with Image.open(at / "b.png") as image:
        assert image.getpixel((0, 0)) == (255, 255, 255)
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert {line["source"]: line["status"] for line in lines} == {
        f"{s3}/ray/in/a.png": "done",
        f"{s3}/ray/in/sub/b.png": "done",
        f"{s3}/ray/in/torn.png": "failed",
    }
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    written += [read(Address(f"{s3}/ray/out/{name}")) for name in ("a.png", "sub/b.png")]
    assert len(list((tmp_path / "state").rglob("*.sqlite"))) == 1
    assert not [each for each in written if SECRET.encode() in each]
    assert SECRET not in ran.stdout + ran.stderr
    ran = command("convert", f"{s3}/ray/in", f"{s3}/ray/out", "-r")  # here, it is known to be done
    assert ": 0 done, 2 skipped, 1 failed" in ran.stdout
