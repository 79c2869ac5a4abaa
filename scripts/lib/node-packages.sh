# shellcheck shell=bash
# The packages of package-lock.json, in node_modules.

readonly node_packages_stamp=node_modules/.lvskit-fingerprint

# Without a stamp somebody has run npm by hand; then npm's own record tells whether it was since
# the lock file changed.
node_packages_are_installed() {
  if [[ -e $node_packages_stamp ]]; then
    is_made node_modules/.package-lock.json "$node_packages_stamp" package-lock.json
  else
    [[ node_modules/.package-lock.json -nt package-lock.json ]]
  fi
}

install_node_packages() {
  npm ci --include=dev --no-fund --no-audit --loglevel=error &&
    fingerprint package-lock.json >"$node_packages_stamp"
}
