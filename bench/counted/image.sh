# shellcheck shell=bash
# The file tree of the counted guest: the programs under test and what they need, nothing else.

# Copies files to the same paths under the tree $1, with the libraries they load.
install_files() {
  local tree=$1 file library
  shift
  for file in "$@"; do
    [[ -e $tree$file ]] && continue
    install -D "$file" "$tree$file"
    { ldd "$file" 2>/dev/null || true; } | sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' |
      while read -r library; do
        [[ -e $tree$library ]] || install -D "$library" "$tree$library"
      done
  done
}

# Writes an initramfs to $1: the checkout $2 with its production modules, the kernel modules of $3,
# the programs in $4, and what follows as the environment of the bench.
build_image() {
  local image=$1 checkout=$2 kernel=$3 binaries=$4 tree module
  shift 4
  tree=$(mktemp -d "${TMPDIR:-/tmp}/lvskit-image.XXXXXX")
  (
    trap 'rm -rf "$tree"' EXIT
    mkdir -p "$tree"/{bin,dev,etc,lvskit,modules,proc,sys,tmp}
    install_files "$tree" "$(command -v busybox)" "$(command -v ipvsadm)" \
      "$(node -p process.execPath)"
    ln -s "$(command -v busybox)" "$tree/bin/sh"
    cp "$kernel"/modules/* "$tree/modules/"
    cp -r "$binaries" "$tree/programs"
    cp "$checkout/bench/counted/init" "$tree/init"
    printf 'export %q\n' "$@" >"$tree/etc/bench"

    cd "$checkout"
    cp -r --parents package.json dist bench "$tree/lvskit/"
    for module in $(npm --silent ls --omit=dev --all --parseable | tail -n +2); do
      cp -r --parents "${module#"$checkout"/}" "$tree/lvskit/"
    done
    install_files "$tree" "$checkout/build/Release/lvskit.node"
    mkdir -p "$tree/lvskit/build/Release"
    mv "$tree$checkout/build/Release/lvskit.node" "$tree/lvskit/build/Release/"

    cd "$tree"
    find . -print0 | sort -z | tr '\0' '\n' | busybox cpio -o -H newc 2>/dev/null >"$image"
  )
}
