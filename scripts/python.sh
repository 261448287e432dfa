#!/usr/bin/env bash
# Prints the Python of a virtual environment that holds exactly REQUIREMENTS, making it when it is not there.
set -euo pipefail
requirements=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/quiver/python
environment=$cache/$(sha256sum "$requirements" | cut -c1-16)
if [ ! -f "$environment/.complete" ]; then
  rm -rf "$environment"
  mkdir -p "$cache"
  python3 -m venv "$environment" >&2
  "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >&2
  touch "$environment/.complete"
fi
echo "$environment/bin/python"
