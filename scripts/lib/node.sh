# shellcheck shell=bash
# The Node.js that runs us, and the headers that belong to it.

# Ends the script unless Node is there and new enough (package.json, "engines").
require_node() {
  command -v node >/dev/null ||
    die 'node is missing: install Node.js 20.19 or newer (https://nodejs.org, or the packages of deb.nodesource.com)'
  local version major minor
  version=$(node --version)
  IFS=. read -r major minor _ <<<"${version#v}"
  if ((major < 20 || major == 21 || (major == 20 && minor < 19) || (major == 22 && minor < 12))); then
    die "Node.js $version is too old: install 20.19 or newer of the 20 line, or 22.12 or newer (https://nodejs.org, or the packages of deb.nodesource.com)"
  fi
}

# Prints the folder whose include/node holds Node's headers, so that nothing has to be downloaded.
node_headers() {
  local node folder
  node=$(readlink -f -- "$(command -v node)")
  for folder in "${npm_config_nodedir:-}" "${node%/bin/*}" /usr /usr/local; do
    if [[ -n $folder && -e $folder/include/node/node_api.h && -e $folder/include/node/common.gypi ]]; then
      printf '%s\n' "$folder"
      return
    fi
  done
  complain "no headers of Node.js beside $node"
  die "if that is Debian's own Node.js, run: apt-get install -y libnode-dev; otherwise install Node.js from https://nodejs.org or deb.nodesource.com, which bring them"
}
