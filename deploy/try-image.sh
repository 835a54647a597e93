#!/usr/bin/env bash
# Builds deploy/Dockerfile and runs what comes out as a hardened engine would, where there is neither an engine nor a registry of images to reach: buildah
# runs the steps in a chroot, and the two base images are made from Debian's packages and the .NET SDK of this machine.
#
#   deploy/try-image.sh            needs root and, from Debian: buildah mmdebstrap; takes some minutes
#
# Ends with the size of the image, and with what ran on it: a webhook, delivered by user 1654 on a root file system that nobody can write to.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "try-image.sh needs root: it makes mounts of its own" >&2; exit 2; }
for program in buildah mmdebstrap unshare setpriv curl; do command -v "$program" >/dev/null || { echo "try-image.sh needs $program" >&2; exit 2; }; done

work=$(mktemp -d)
buildah=(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs)
server='' receiver=''
end() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
  if [ -n "$receiver" ]; then kill "$receiver" 2>/dev/null || true; fi
  wait
  "${buildah[@]}" umount --all >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap end EXIT

release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(ls /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -n 1 || true)
make_image() { # name, root
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" add --quiet "$container" "$2" / >/dev/null
  "${buildah[@]}" commit --quiet --rm "$container" "localhost/$1" >/dev/null
}

echo "== base images"
# As the small base of .NET: the C library, OpenSSL and the certificates, with nothing to run them by.
mmdebstrap --quiet --variant=extract --include=libc6,libgcc-s1,libssl3,libstdc++6,zlib1g "$release" "$work/base" "$mirror"
rm -rf "$work"/base/usr/share/{doc,man,locale,lintian} "$work"/base/var/{lib,cache}/*
mkdir -p "$work/base/etc/ssl/certs" && cp /etc/ssl/certs/ca-certificates.crt "$work/base/etc/ssl/certs/"
make_image grapnel-base "$work/base"
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
mmdebstrap --quiet --variant=minbase --include=ca-certificates,git,libicu72,libssl3,libstdc++6,tzdata "$release" "$work/sdk" "$mirror"
mkdir -p "$work/sdk/$dotnet" && cp -a "$dotnet/." "$work/sdk/$dotnet/" && ln -sf "$dotnet/dotnet" "$work/sdk/usr/bin/dotnet"
cp /etc/ssl/certs/ca-certificates.crt "$work/sdk/etc/ssl/certs/"
make_image grapnel-sdk "$work/sdk"
rm -rf "$work/sdk"

echo "== build"
# Where this machine gets its packages from stays this machine's affair.
"${buildah[@]}" build --format docker --isolation chroot --quiet --volume "$HOME/.nuget:/root/.nuget" \
  --build-arg SDK=localhost/grapnel-sdk --build-arg BASE=localhost/grapnel-base --build-arg COMPRESS="${COMPRESS:-true}" \
  --file deploy/Dockerfile --tag localhost/grapnel . >/dev/null
"${buildah[@]}" images --format '{{.Name}} {{.Size}}'

echo "== run"
root=$("${buildah[@]}" mount "$("${buildah[@]}" from localhost/grapnel)")
du --summarize --bytes "$root" | awk '{ printf "%.0f MB unpacked, with a base of ", $1 / 1e6 }'
du --summarize --bytes "$work/base" | awk '{ printf "%.0f MB\n", $1 / 1e6 }'
stat --format '/data belongs to %u:%g, %A' "$root/data"
install --directory --owner 1654 --group 1654 --mode 0700 "$work/data"
chmod 0711 "$work"
key=a-key-of-this-trial-and-no-other
mapfile -t variables < <("${buildah[@]}" inspect --type image --format '{{range .OCIv1.Config.Env}}{{println .}}{{end}}' localhost/grapnel | grep .)
# What an engine does: a root that is only read, one volume, the image's user and variables, and nothing gained by executing. It becomes the program that follows.
as_image=(env -i "${variables[@]}" GRAPNEL_NETWORK__ALLOW_NET=127.0.0.0/8 GRAPNEL_API_KEY="$key" GRAPNEL_URLS=http://127.0.0.1:18080 GRAPNEL_URL=http://127.0.0.1:18080
  /usr/bin/setpriv --no-new-privs /usr/bin/unshare --mount /bin/bash -c '
  mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && mount --bind "$2" "$1/data" && mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev"
  exec /usr/bin/unshare --root "$1" --wd /data --setgid 1654 --setuid 1654 "${@:3}"' - "$root" "$work/data")
mkdir -p "$root/proc" "$root/dev"
"${as_image[@]}" /app/grapnel serve >"$work/server" 2>&1 &
server=$!
for try in $(seq 100); do
  if "${as_image[@]}" /app/grapnel health >"$work/health" 2>&1; then break; fi
  kill -0 "$server" 2>/dev/null || break
done
cat "$work/health"
"${as_image[@]}" /app/grapnel listen --port 18088 >"$work/receiver" 2>&1 &
receiver=$!
call() { curl --silent --show-error --fail --header "Authorization: Bearer $key" --header 'Content-Type: application/json' "http://127.0.0.1:18080$1" --data "$2" >/dev/null; }
call /api/v1/event-type '{"name":"order.created","description":"A trial"}'
call /api/v1/app/default/endpoint '{"url":"http://127.0.0.1:18088/shop"}'
call /trigger/order.created '{"orderId":42}'
for try in $(seq 100); do grep -q 'POST /shop' "$work/receiver" && break; sleep 0.1; done
grep --max-count 1 'POST /shop' "$work/receiver"
grep -E '^(Uid|NoNewPrivs|CapEff|VmRSS):' "/proc/$server/status"
if "${as_image[@]}" /app/grapnel serve --data /app/elsewhere >"$work/refused" 2>&1; then echo "the root file system can be written to" >&2; exit 1; fi
echo "no other place can be written to: $(tail -n 1 "$work/refused")"
kill "$server" && wait "$server" && echo "stopped in order"
server=''
