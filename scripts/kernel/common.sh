# shellcheck shell=bash
# What the programs of scripts/kernel share.

die() {
  printf 'in-kernel: %s\n' "$1" >&2
  exit 1
}

has_ipvs() {
  [[ -e /proc/net/ip_vs ]]
}

# Loading the module changes no behaviour of a host: IPVS does nothing without a service.
host_has_ipvs() {
  ((EUID == 0)) || return 1
  has_ipvs && return 0
  modprobe --quiet ip_vs 2>/dev/null && has_ipvs
}
