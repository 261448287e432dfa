#!/usr/bin/env bash
# Installs the web UI's packages and builds it into ui/dist where anything changed; `ui.sh test` checks its types and runs its tests first.
set -euo pipefail
cd "$(dirname "$0")/../ui"

# Vite needs this version; without it the binary is built with a page that says how to get the pages.
needed=20
found=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/' || true)
if [ "${found:-0}" -lt "$needed" ] || ! command -v npm >/dev/null; then
  echo "ui: Node.js $needed or newer with npm is needed for the web UI (found: ${found:-none}); the binary is built without it" >&2
  if [ "${1:-}" = test ]; then exit 1; fi
  exit 0
fi

lock=$(sha256sum package-lock.json | cut -d' ' -f1)
if [ "$(cat node_modules/.quiver-lock 2>/dev/null)" != "$lock" ]; then
  npm ci --no-audit --no-fund --loglevel=error >&2
  echo "$lock" >node_modules/.quiver-lock
fi
if [ "${1:-}" = test ]; then npm run --silent check; fi
if [ ! -f dist/index.html ] || [ -n "$(find src index.html package-lock.json vite.config.ts -newer dist/index.html -print -quit)" ]; then
  npm run --silent build >&2
fi
