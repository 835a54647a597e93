#!/usr/bin/env bash
# Builds everything with warnings as errors and runs every test. Installs what the tests need where it is missing
# (needs root for that; on a machine that has it all, nothing is installed). Ends with "N passed, N failed".
#
#   ./test.sh                 all test projects
#   ./test.sh Grapnel.Tests   one of them; further arguments go to the test runner, for example -method '*order*'
set -euo pipefail
cd "$(dirname "$0")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
configuration=Release
projects=(Grapnel.Tests Grapnel.Storage.Tests Grapnel.Server.Tests)
if [ $# -gt 0 ]; then projects=("$1"); shift; fi

command -v dotnet >/dev/null || { echo "test.sh needs the .NET 10 SDK: https://dot.net" >&2; exit 2; }

# Signatures are checked with the stock library of npm, run by Node.js; the console is looked at in Chromium without
# a window, which needs a font.
missing=()
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || missing+=(chromium-headless-shell)
[ -d /usr/share/fonts/truetype/dejavu ] || missing+=(fonts-dejavu-core)
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
if [ ! -d test/node/node_modules ] || [ test/node/package-lock.json -nt test/node/node_modules ]; then
  npm ci --prefix test/node --no-audit --no-fund --silent
fi

dotnet build Grapnel.slnx --configuration "$configuration" --nologo --verbosity quiet

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 broken=0
for project in "${projects[@]}"; do
  echo "== $project"
  status=0
  "test/$project/bin/$configuration/net10.0/$project" -noColor "$@" 2>&1 | tee "$log" || status=$?
  # "Total: 52, Errors: 0, Failed: 1, Skipped: 0, ..." is the runner's own summary.
  summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+' "$log" | tail -n 1 || true)
  count() { sed -nE "s/.*$1: ([0-9]+).*/\1/p" <<<"$summary"; }
  if [ -z "$summary" ] || [ "$(count Total)" = 0 ]; then
    echo "$project ran no test" >&2
    broken=1
    continue
  fi
  bad=$(( $(count Failed) + $(count Errors) ))
  failed=$(( failed + bad ))
  passed=$(( passed + $(count Total) - bad - $(count Skipped) ))
  if [ "$status" -ne 0 ]; then broken=1; fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$broken" -eq 0 ]
