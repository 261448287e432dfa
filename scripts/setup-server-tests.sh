#!/usr/bin/env bash
# Makes sure that what the server tests run is there, and installs what is missing: Prometheus, Node.js with npm, curl, openssl.
set -euo pipefail

# A command, and the Debian package that brings it; one a line.
needed="
curl curl
openssl openssl
gzip gzip
cc build-essential
prometheus prometheus
promtool prometheus
node nodejs
npm npm
"

missing=()
while read -r command package; do
  [ -z "$command" ] || command -v "$command" >/dev/null || missing+=("$package")
done <<<"$needed"
[ "${#missing[@]}" -eq 0 ] && exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

run=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then run=(sudo -n); else run=(false); fi
fi
install() { "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1; }
if command -v apt-get >/dev/null && { install || { "${run[@]}" apt-get update >/dev/null 2>&1 && install; }; }; then
  echo "setup: installed ${missing[*]}"
  exit 0
fi
echo "setup: the server tests need these packages, which could not be installed: ${missing[*]}" >&2
exit 1
