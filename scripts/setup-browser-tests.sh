#!/usr/bin/env bash
# Makes sure that what the browser tests run is there, and installs what is missing: Node.js with npm, Chromium, ui/node_modules.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
has_browser=false
for browser in "${QUIVER_CHROMIUM:-}" /usr/bin/chromium-headless-shell /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
  if [ -n "$browser" ] && [ -x "$browser" ]; then has_browser=true; fi
done
$has_browser || missing+=(chromium)

run=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then run=(sudo -n); else run=(false); fi
fi
install() { "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1; }
if [ "${#missing[@]}" -gt 0 ]; then
  if command -v apt-get >/dev/null && { install || { "${run[@]}" apt-get update >/dev/null 2>&1 && install; }; }; then
    echo "setup: installed ${missing[*]}"
  else
    echo "setup: the browser tests need these packages, which could not be installed: ${missing[*]}" >&2
    exit 1
  fi
fi

# Anew only when the lock has changed.
installed=ui/node_modules/.package-lock.json
if [ ! -f "$installed" ] || [ ui/package-lock.json -nt "$installed" ]; then
  (cd ui && npm ci --no-fund --no-audit --loglevel=error)
fi
