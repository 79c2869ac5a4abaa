#!/bin/sh
# Lets lvskit and keepalived direct the same services on the kernel that it finds, as root, one after
# the other, and prints lines of JSON; progress goes to standard error.
#
# Needs BENCH_BIN (floor, measure, listener), BENCH_NODE, BENCH_LVSKIT (its program), BENCH_SECONDS
# (how long checks are measured) and BENCH_DIRECTOR ("WORK:SIZE:TURNS ..."): tcp and http by the number
# of servers, table by that of services, refused and silent by that of deaths.
set -eu
here=${0%/*}/director
case ${1:-} in
  '')
    BENCH_SCRATCH=$(busybox mktemp -d "${TMPDIR:-/tmp}/lvskit-bench.XXXXXX")
    export BENCH_SCRATCH
    trap 'busybox rm -rf "$BENCH_SCRATCH"' EXIT
    echo "{\"work\":\"kernel\",\"release\":\"$(busybox uname -r)\"}"
    for step in $BENCH_DIRECTOR; do
      work=${step%%:*}
      size=${step#*:}
      turns=${size#*:}
      size=${size%:*}
      number=1
      while [ "$number" -le "$turns" ]; do
        "$BENCH_BIN/measure" contestant=node work=start turn="$number" -- "$BENCH_NODE" -e 0
        for contestant in lvskit keepalived; do
          echo "$work of $size, turn $number: $contestant" >&2
          busybox unshare -n sh "$0" "$contestant" "$work" "$size" "$number"
        done
        number=$((number + 1))
      done
    done
    echo '{"work":"done"}'
    exit
    ;;
esac

contestant=$1 work=$2 size=$3 number=$4
busybox ip link set lo up
busybox ip route add local 172.16.0.0/12 dev lo
case $work in
  tcp | http)
    "$BENCH_BIN/listener" 80 &
    trap 'kill %1' EXIT
    "$BENCH_NODE" "$here/checks.mjs" "$contestant" "$work" "$size" "$number"
    ;;
  table) "$BENCH_NODE" "$here/table.mjs" "$contestant" "$size" "$number" ;;
  refused | silent)
    busybox ip link add dummy0 type dummy
    busybox ip link set dummy0 up
    "$BENCH_NODE" "$here/death.mjs" "$contestant" "$work" "$size" "$number"
    ;;
esac
