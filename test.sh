#!/usr/bin/env bash
# Builds everything with warnings as errors and runs every test. Installs what the tests need where it is missing
# (needs root for that; on a machine that has it all, nothing is installed). Ends with "N passed, N failed".
#
#   ./test.sh                 all test projects
#   ./test.sh Grapnel.Tests   one of them; further arguments go to the test runner, for example -method '*order*'
set -euo pipefail
cd "$(dirname "$0")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# Most processes that tests start live for a moment: too short for the runtime to learn what is hot.
export DOTNET_TieredPGO=0
configuration=Release
projects=(Grapnel.Tests Grapnel.Storage.Tests Grapnel.Server.Tests)
if [ $# -gt 0 ]; then projects=("$1"); shift; fi

command -v dotnet >/dev/null || { echo "test.sh needs the .NET 10 SDK: https://dot.net" >&2; exit 2; }

# Stores are tested on real servers, which the tests start themselves, and so is what deploy/ puts in front. Signatures are checked with the stock library of npm, run by Node.js; the console is looked at in Chromium without
# a window, which needs a font.
missing=()
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v curl >/dev/null || missing+=(curl)
command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || missing+=(chromium-headless-shell)
[ -d /usr/share/fonts/truetype/dejavu ] || missing+=(fonts-dejavu-core)
command -v redis-server >/dev/null || missing+=(redis-server)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null || missing+=(postgresql)
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
if [ ! -d test/node/node_modules ] || [ test/node/package-lock.json -nt test/node/node_modules ]; then
  npm ci --prefix test/node --no-audit --no-fund --silent
fi

dotnet build Grapnel.slnx --configuration "$configuration" --nologo --verbosity quiet

# The first two leave a processor to each other; the last one measures time, and is alone.
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0 broken=0
# A test that hangs is named after three minutes, and does not keep anybody waiting for ever. A soak takes its time.
patience=20m
if [ -n "${GRAPNEL_SOAK:-}" ]; then patience=0; fi
run() {
  timeout --kill-after=10 "$patience" "test/$1/bin/$configuration/net10.0/$1" -noColor -longRunning 180 "${@:2}" 2>&1 || echo "$1 ended with $?" >"$logs/$1.broken"
}
count() { sed -nE "s/.*$2: ([0-9]+).*/\1/p" <<<"$1"; }
note() {
  # "Total: 52, Errors: 0, Failed: 1, Skipped: 0, ..." is the runner's own summary.
  local summary
  summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+' "$logs/$1" | tail -n 1 || true)
  if [ -z "$summary" ] || [ "$(count "$summary" Total)" = 0 ]; then
    echo "$1 ran no test" >&2
    broken=1
    return
  fi
  local bad=$(( $(count "$summary" Failed) + $(count "$summary" Errors) ))
  failed=$(( failed + bad ))
  passed=$(( passed + $(count "$summary" Total) - bad - $(count "$summary" Skipped) ))
  if [ -e "$logs/$1.broken" ]; then broken=1; fi
}

beside=()
for project in "${projects[@]}"; do
  if [ "$project" != Grapnel.Server.Tests ]; then
    run "$project" "$@" >"$logs/$project" &
    beside+=("$project")
  fi
done
wait
for project in "${beside[@]}"; do
  echo "== $project"
  cat "$logs/$project"
  note "$project"
done
if [[ " ${projects[*]} " == *" Grapnel.Server.Tests "* ]]; then
  echo "== Grapnel.Server.Tests"
  # Many of these wait most of the time, for a page or a process.
  run Grapnel.Server.Tests -maxThreads 4 "$@" | tee "$logs/Grapnel.Server.Tests"
  note Grapnel.Server.Tests
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$broken" -eq 0 ]
