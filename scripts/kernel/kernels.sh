# shellcheck shell=bash
# Which kernels there are, and where.

readonly installed_linux=/usr/bin/linux.uml installed_modules=/usr/lib/uml/modules

check_guest_is_possible() {
  [[ $(uname -s) == Linux && $(uname -m) == x86_64 ]] ||
    die "a guest needs Linux on x86-64, not $(uname -s) on $(uname -m)"
  ! grep -qs '^vendor_id.*User Mode Linux' /proc/cpuinfo ||
    die 'User-Mode Linux does not run inside itself: use --kernel host in a guest'
  local program packages=()
  for program in "$installed_linux":user-mode-linux busybox:busybox modprobe:kmod perl:perl-base; do
    PATH=$PATH:/usr/sbin:/sbin type -P "${program%:*}" >/dev/null || packages+=("${program#*:}")
  done
  ((${#packages[@]} == 0)) || die "a guest needs Debian packages: apt-get install ${packages[*]}"
  # What a guest's modules are mounted on; the machine's own kernel may have none.
  [[ -d /lib/modules ]] || mkdir /lib/modules 2>/dev/null ||
    die 'the directory /lib/modules is missing: run once as root: mkdir /lib/modules'
}

kernel_cache() {
  [[ ${XDG_CACHE_HOME:-} == /* || ${HOME:-} == /* ]] ||
    die 'neither XDG_CACHE_HOME nor HOME says where to keep kernels'
  [[ ${XDG_CACHE_HOME:-} == /* ]] && echo "$XDG_CACHE_HOME/lvskit/kernels" ||
    echo "$HOME/.cache/lvskit/kernels"
}

kernel_is_cached() {
  [[ -x $(kernel_cache)/$1/linux ]]
}

# find_kernel VERSION: sets linux and modules to the kernel's program and modules.
find_kernel() {
  local release cache
  linux=$installed_linux modules=$installed_modules
  if [[ -x $linux ]] && release=$("$linux" --version) && [[ $release == "$1".* ]]; then
    [[ -d $modules/$release ]] ||
      die "the modules of $linux are missing in $modules: apt-get install --reinstall user-mode-linux"
    return
  fi
  cache=$(kernel_cache)
  kernel_is_cached "$1" || "${BASH_SOURCE[0]%/*}/fetch" "$1" >&2
  linux=$cache/$1/linux modules=$cache/$1/modules
}
