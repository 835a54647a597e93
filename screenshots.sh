#!/usr/bin/env bash
# Takes the pictures of docs/screenshots anew: every page of the console, light and dark, 1440 and 390 pixels wide.
# Needs what ./test.sh installs.
set -euo pipefail
cd "$(dirname "$0")"
dotnet build test/Grapnel.Server.Tests --configuration Release --nologo --verbosity quiet
mkdir -p docs/screenshots
rm -f docs/screenshots/*.png
GRAPNEL_SCREENSHOTS=1 test/Grapnel.Server.Tests/bin/Release/net10.0/Grapnel.Server.Tests -noColor -method '*Every_page_has_its_picture_taken'
