# shellcheck shell=bash
# Runs a command on this machine's own kernel, in namespaces of its own.

run_on_host() {
  local timeout=$1
  shift
  ((EUID == 0)) || die 'the host kernel can be used by root only: run as root, or leave --kernel out for a guest'
  host_has_ipvs || die 'the host kernel has no IPVS (modprobe ip_vs does not give /proc/net/ip_vs): leave --kernel out for a guest'
  local command=("$@")
  ((timeout == 0)) || command=(timeout --kill-after=5 "$timeout" "$@")
  # The names of namespaces (ip netns) and the view of interfaces in sysfs must be this run's own.
  exec unshare --net --mount --propagation private -- bash -c '
    set -e
    mount -t sysfs sysfs /sys
    mkdir -p /run/netns
    mount -t tmpfs -o mode=755 lvskit /run/netns
    ip link set lo up
    export LVSKIT_KERNEL=host
    exec "$@"' in-kernel "${command[@]}"
}
