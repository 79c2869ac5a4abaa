# shellcheck shell=bash
# The Debian packages lvskit needs, by purpose, and how they get here.

# A package and what we use of it: a program in PATH, or a file. We look for the thing rather than
# the package, since a compiler or a Python from elsewhere does as well.
readonly packages_for_start='
g++             g++
make            make
python3         python3
user-mode-linux linux.uml
kmod            modprobe
busybox         busybox
iproute2        ip
'
readonly packages_for_test='
ipvsadm         ipvsadm
keepalived      keepalived
tcpdump         tcpdump
openssh-server  sshd
openssh-client  ssh
iptables        iptables-legacy
git             git
patchelf        patchelf
xz-utils        xz
shellcheck      shellcheck
zsh             zsh
fish            fish
mandoc          mandoc
man-db          man
systemd         systemd-analyze
nfs-common      mount.nfs
open-iscsi      iscsiadm
ifupdown        ifup
netplan.io      /lib/netplan/generate
e2fsprogs       mke2fs
cmake           cmake
ninja-build     ninja
doctest-dev     /usr/include/doctest/doctest.h
clang           clang++
clang-format    clang-format
clang-tidy      clang-tidy
llvm            llvm-symbolizer
'

readonly packages_for_bench='
ipvsadm         ipvsadm
keepalived      keepalived
'
readonly packages_for_counted='
qemu-system-x86 qemu-system-x86_64
xz-utils        xz
'

# The sanitizers' and libFuzzer's libraries: a line of their package, which is named after clang's
# version, and one of its files.
clang_runtime() {
  local library=(/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a) version=''
  if [[ -e ${library[0]} ]]; then
    version=${library[0]#/usr/lib/llvm-}
    version=${version%%/*}
  elif command -v apt-cache >/dev/null; then
    version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p')
  fi
  printf 'libclang-rt-%s-dev %s\n' "${version:-14}" "${library[0]}"
}

# needed_packages PURPOSE: lines of a package and what we use of it.
needed_packages() {
  sed '/^$/d' <<<"$packages_for_start"
  case $1 in
    test)
      sed '/^$/d' <<<"$packages_for_test"
      clang_runtime
      ;;
    bench) sed '/^$/d' <<<"$packages_for_bench" ;;
    counted) sed '/^$/d' <<<"$packages_for_bench$packages_for_counted" ;;
  esac
}

# Ordinary users do not have the administrator's programs in their PATH.
has() {
  if [[ $1 == /* ]]; then [[ -e $1 ]]; else PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null; fi
}

# missing_packages PURPOSE: prints the packages whose things are not here.
missing_packages() {
  local package thing
  while read -r package thing; do
    has "$thing" || printf '%s\n' "$package"
  done < <(needed_packages "$1")
}

as_one_line() { paste -sd ' '; }

# How to install everything by hand.
install_command() {
  printf 'apt-get update && apt-get install -y --no-install-recommends %s' \
    "$(needed_packages "$1" | cut -d ' ' -f 1 | as_one_line)"
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

# install_packages PURPOSE: installs what is missing, or says how to and ends the script.
install_packages() {
  local purpose=$1 missing
  missing=$(missing_packages "$purpose" | as_one_line)
  [[ -n $missing ]] || return 0

  if ! command -v apt-get >/dev/null; then
    complain "missing: what these Debian packages hold: $missing"
    complain 'this is no Debian (there is no apt-get), so they cannot be installed from here;'
    die "on Debian 12 all of it comes with: $(install_command "$purpose")"
  fi
  if [[ $(id -u) != 0 ]]; then
    complain "missing Debian packages: $missing"
    die "only root can install them; as root, run: $(install_command "$purpose")"
  fi
  local names
  read -ra names <<<"$missing"
  quietly 'reading the lists of Debian packages' apt_get update ||
    die "apt-get update failed; once it works, run: $(install_command "$purpose")"
  quietly "installing $missing" apt_get install -y --no-install-recommends "${names[@]}" ||
    die "apt-get install failed; once it works, run: $(install_command "$purpose")"
  missing=$(missing_packages "$purpose" | as_one_line)
  [[ -z $missing ]] || die "still missing after their installation: $missing"
}
