"""A server that speaks S3, for tests: moto's, in this process."""

import urllib.request
from collections.abc import Iterator

import pytest

SECRET = "sentinel-that-is-nowhere"


def serve_s3() -> Iterator[str]:
    """Serve an empty bucket and yield its address; the environment says where, and as whom."""
    server_module = pytest.importorskip("moto.server", reason="needs moto (extra: dev)")
    server = server_module.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_REGION", "us-east-1")
        make = urllib.request.Request(f"http://127.0.0.1:{port}/bucket", method="PUT")
        urllib.request.urlopen(make).close()
        yield "s3://bucket"
    server.stop()
