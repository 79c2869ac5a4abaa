#!/bin/sh
# Fills the connection table of a namespace of its own and has each contestant list it, in turns.
# Prints one line of JSON for each listing; progress goes to standard error.
#
# Needs BENCH_BIN (floor, measure), BENCH_NODE, BENCH_DROP_IN, BENCH_CONTESTANTS (of floor, drop-in
# and ipvsadm), and BENCH_CONNECTIONS ("CONNECTIONS:TURNS ...").
set -eu
case ${1:-} in
  '')
    echo "{\"work\":\"kernel\",\"release\":\"$(busybox uname -r)\"}"
    # Where files are slow, this is not to count.
    "$BENCH_NODE" "$BENCH_DROP_IN" -h >/dev/null
    for step in $BENCH_CONNECTIONS; do
      busybox unshare -n sh "$0" "${step%:*}" "${step#*:}"
    done
    echo '{"work":"done"}'
    exit
    ;;
esac

connections=$1 turns=$2
echo "making $connections connections" >&2
busybox ip link set lo up
busybox ip link add dummy0 type dummy
busybox ip link set dummy0 up
busybox ip address add 10.8.0.1/24 dev dummy0
ipvsadm --start-daemon backup --mcast-interface dummy0
"$BENCH_BIN/floor" feed "$connections" 10.8.0.1
number=1
while [ "$number" -le "$turns" ]; do
  "$BENCH_BIN/measure" contestant=node work=start turn="$number" -- "$BENCH_NODE" -e 0
  for contestant in $BENCH_CONTESTANTS; do
    echo "$connections connections, turn $number: $contestant" >&2
    case $contestant in
      floor) set -- "$BENCH_BIN/floor" connections ;;
      drop-in) set -- "$BENCH_NODE" "$BENCH_DROP_IN" -Lnc ;;
      ipvsadm) set -- ipvsadm -Lnc ;;
      *) continue ;;
    esac
    "$BENCH_BIN/measure" contestant="$contestant" work=connections connections="$connections" \
      turn="$number" -- "$@"
  done
  number=$((number + 1))
done
