# shellcheck shell=bash
# Debian's cloud kernel for the counted bench, unpacked once into the cache.

# Prints the directory that holds `vmlinuz` and `modules/` (the IPVS modules, in loading order, one
# name a line in `modules/order`), fetching it first where it is missing.
counted_kernel() {
  local store=$1 package directory work
  for directory in "$store"/linux-image-*-cloud-amd64; do
    if [[ -e $directory/complete ]]; then
      printf '%s\n' "$directory"
      return
    fi
  done
  package=$(apt-cache depends linux-image-cloud-amd64 |
    sed -n 's/^ *Depends: \(linux-image-6[^ ]*-cloud-amd64\)$/\1/p' | head -n 1)
  if [[ -z $package ]]; then
    echo 'bench: apt knows no linux-image-cloud-amd64: run apt-get update' >&2
    return 1
  fi
  echo "bench: fetching $package" >&2
  mkdir -p "$store"
  work=$(mktemp -d "$store/unpacking.XXXXXX")
  (
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    # As its own user apt could not write here, and says so at length.
    apt-get -qq -o APT::Sandbox::User=root download "$package"
    dpkg-deb --extract ./*.deb unpacked
    mkdir -p kernel/modules
    release=$(basename unpacked/lib/modules/*)
    mv unpacked/boot/vmlinuz-* kernel/vmlinuz
    depmod --basedir unpacked "$release"
    modprobe --show-depends --dirname unpacked --set-version "$release" --all ip_vs ip_vs_wlc |
      sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' |
      while read -r module; do
        cp "$module" kernel/modules/
        basename "$module" >>kernel/modules/order
      done
    dpkg-deb --field ./*.deb Version >kernel/complete
    mv kernel "$store/$package"
  ) || return
  printf '%s\n' "$store/$package"
}
