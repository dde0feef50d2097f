# The app with its bundled models: what it needs to serve and to convert, nothing to train.
#
#   docker build --tag cyclegan .
#   docker run --rm --read-only --volume cyclegan:/data --publish 127.0.0.1:7860:7860 cyclegan
#
# BASE_IMAGE may be any Debian with python3, its venv module and CA certificates.
ARG BASE_IMAGE=python:3.12-slim

FROM ${BASE_IMAGE} AS build
# The certificates that the base trusts, a company's own among them, count for uv too.
ENV UV_NATIVE_TLS=true UV_SYSTEM_CERTS=true
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --quiet uv && python3 -m venv /opt/cyclegan
WORKDIR /src
# Dependencies first: they change less often than the code.
COPY constraints.txt pyproject.toml ./
RUN /opt/uv/bin/uv pip install --python /opt/cyclegan/bin/python --no-cache \
    --constraint constraints.txt --requirements pyproject.toml --extra web
COPY LICENSE ./
COPY cyclegan cyclegan
COPY app app
RUN /opt/uv/bin/uv pip install --python /opt/cyclegan/bin/python --no-cache --no-deps \
    --compile-bytecode .

FROM ${BASE_IMAGE}
COPY --from=build /opt/cyclegan /opt/cyclegan
COPY weights /opt/weights
# All that is ever written goes to /data: uploads and results until they are an hour old, and jobs.
RUN useradd --uid 10001 --home-dir /data --create-home --shell /usr/sbin/nologin cyclegan
ENV PATH=/opt/cyclegan/bin:$PATH \
    CYCLEGAN_WEIGHTS=/opt/weights \
    CYCLEGAN_JOBS=/data/jobs \
    TMPDIR=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python3", "-c", \
    "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
ENTRYPOINT ["cyclegan"]
# Inside a container every address is another's: who gets in is decided where the port is published.
CMD ["serve", "--host", "0.0.0.0", "--insecure"]
