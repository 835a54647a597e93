#!/usr/bin/env bash
# Builds what a release consists of, into artifacts/: one archive per platform with the executable, the packages of the .NET tool and for receivers, and SHA256SUMS.
#
#   deploy/build.sh                        all platforms
#   deploy/build.sh linux-x64 win-x64      some of them
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
platforms=("$@")
if [ $# -eq 0 ]; then platforms=(linux-x64 linux-arm64 win-x64 osx-arm64); fi

mkdir -p artifacts
rm -f artifacts/*
dotnet pack src/Grapnel.Server --configuration Release --output artifacts --verbosity quiet
version=$(basename artifacts/Grapnel.*.nupkg .nupkg)
version=${version#Grapnel.}
dotnet pack src/Grapnel.Receiver --configuration Release --output artifacts --verbosity quiet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for platform in "${platforms[@]}"; do
  name=grapnel-$version-$platform
  dotnet publish src/Grapnel.Server --runtime "$platform" --output "$work/$name" --verbosity quiet
  cp LICENSE "$work/$name"
  # A zip is what Windows opens by itself.
  if [[ $platform == win-* ]]; then
    (cd "$work" && python3 -m zipfile --create "$OLDPWD/artifacts/$name.zip" "$name")
  else
    tar --create --gzip --owner 0 --group 0 --file "artifacts/$name.tar.gz" --directory "$work" "$name"
  fi
done
(cd artifacts && sha256sum -- * >SHA256SUMS && ls -l && cat SHA256SUMS)
