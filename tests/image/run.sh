#!/usr/bin/env bash
# Builds the image on a Debian made here, starts what its container starts, as its user, and
# converts a picture through it. As root, with buildah, debootstrap and curl; `make image-test`.
# MIRROR names a Debian mirror, BUILD_FLAGS what this machine's builds need (--volume, --env, ...).
set -euo pipefail
cd "$(dirname "$0")/../.."

release=${RELEASE:-trixie}
work=$(mktemp -d)
buildah() { command buildah --storage-driver vfs --root "$work/root" --runroot "$work/run" "$@"; }
cleanup() {
  [[ -z ${server:-} ]] || kill -- -"$server" 2>/dev/null || true  # its whole group
  buildah rm --all >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

echo "image: making a base of Debian $release"
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv \
  "$release" "$work/debian" ${MIRROR:+"$MIRROR"} >"$work/log" || { tail "$work/log"; exit 1; }
rm -rf "$work/debian/var/cache/apt" "$work/debian/var/lib/apt/lists"
base=$(buildah from scratch)
buildah add -q "$base" "$work/debian" / >/dev/null
buildah commit -q "$base" base >/dev/null
buildah rm "$base" >/dev/null
rm -rf "$work/debian"

echo "image: building"
read -ra flags <<<"${BUILD_FLAGS:-}"
buildah build --quiet --format docker --isolation chroot --build-arg BASE_IMAGE=localhost/base \
  "${flags[@]}" --tag cyclegan . >/dev/null

container=$(buildah from cyclegan)
folder=$(buildah mount "$container")
megabytes=$(du -sm "$folder" | cut -f1)
echo "image: $megabytes MB"
((megabytes < 1000)) || { echo "image: is 1 GB or more" >&2; exit 1; }

# What the image says: its user, its entry point, its command and its health check.
inspect() { buildah inspect --type image --format "$1" cyclegan; }
[[ $(inspect '{{.OCIv1.Config.User}}') == 10001 ]] || { echo "image: runs as root" >&2; exit 1; }
inspect '{{.Docker.Config.Healthcheck.Test}}' | grep -q healthz

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
set -m  # what starts in the background gets a group of processes of its own
buildah run --isolation chroot "$container" -- \
  cyclegan serve --host 0.0.0.0 --insecure --port "$port" &
server=$!
set +m
url=http://127.0.0.1:$port
until curl --silent --fail --output /dev/null "$url/healthz"; do
  kill -0 "$server" 2>/dev/null || { echo "image: the server ended" >&2; exit 1; }
  ((SECONDS < 900)) || { echo "image: the server did not answer" >&2; exit 1; }
  sleep 1
done
curl --silent --show-error --fail --form file=@app/web/examples/cat.jpg \
  --output "$work/cat.png" "$url/api/v1/convert?model=horse2zebra"
file_type=$(head -c 4 "$work/cat.png" | tail -c 3)
[[ $file_type == PNG ]] || { echo "image: answered no PNG" >&2; exit 1; }
curl --silent --fail --output /dev/null "$url/"
# Nothing but /data may be written: the root of the real container is read-only.
if find "$folder" -xdev -path "$folder/data" -prune -o -path "$folder/proc" -prune -o \
  -user 10001 -print | grep .; then
  echo "image: the files above were written outside /data" >&2
  exit 1
fi
echo "image: converted a picture, $(stat -c %s "$work/cat.png") bytes"
