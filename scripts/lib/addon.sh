# shellcheck shell=bash
# The addon as it is published: build/Release/lvskit.node.

readonly addon_stamp=build/.lvskit-fingerprint
readonly addon_sources=(native binding.gyp package-lock.json)

addon_is_built() {
  is_made build/Release/lvskit.node "$addon_stamp" "${addon_sources[@]}"
}

# build_addon JOBS: compiles what changed; the list of sources is read anew each time.
build_addon() {
  local headers before
  headers=$(node_headers) || return
  before=$(fingerprint "${addon_sources[@]}")
  node_modules/.bin/node-gyp configure build --nodedir="$headers" --jobs="$1" --loglevel=warn &&
    printf '%s\n' "$before" >"$addon_stamp"
}
