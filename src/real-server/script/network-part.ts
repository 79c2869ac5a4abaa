import { sh } from './shell.ts';

/** How the script reckons with addresses, in both families. */
export const addressPart: string = sh`
# ---- Addresses ---------------------------------------------------------------------------------

# groups_of ADDRESS: groups: its parts as numbers, four of 8 bits or, with IPv6, eight of 16.
groups_of() {
  groups='' head=\${1%%::*} tail=
  case $1 in
    *.*.*.*)
      IFS=.
      set -- $1
      groups=$*
      IFS=' '
      groups=$*
      ;;
    *)
      case $1 in *::*) tail=\${1#*::} ;; esac
      IFS=:
      set -- $head
      parts=$#
      for group in "$@"; do groups="$groups $((0x$group))"; done
      set -- $tail
      while [ $((parts + $#)) -lt 8 ]; do
        groups="$groups 0"
        parts=$((parts + 1))
      done
      for group in "$@"; do groups="$groups $((0x$group))"; done
      ;;
  esac
  IFS=$usual_ifs
}

# is_same_family ADDRESS ADDRESS
is_same_family() {
  case $1/$2 in
    *:*/*:*) return 0 ;;
    *:*) return 1 ;;
  esac
}

# is_within ADDRESS PREFIX
is_within() {
  is_same_family "$1" "\${2%/*}" || return 1
  bits_left=\${2#*/} size=8
  case $1 in *:*) size=16 ;; esac
  groups_of "\${2%/*}"
  network=$groups
  groups_of "$1"
  set -- $groups
  for group in $network; do
    [ "$bits_left" -gt 0 ] || return 0
    beyond=$((bits_left < size ? size - bits_left : 0))
    [ $(($1 >> beyond)) -eq $((group >> beyond)) ] || return 1
    bits_left=$((bits_left - size))
    shift
  done
}

# is_same_prefix PREFIX PREFIX
is_same_prefix() {
  case $1/$2 in */*/*/*) ;; *) return 1 ;; esac
  [ "\${1#*/}" = "\${2#*/}" ] && is_within "\${1%/*}" "$2"
}

# is_network_end ADDRESS LENGTH: whether the bits behind the length are all zeros, or all ones.
is_network_end() {
  [ "$2" -le 30 ] || return 1
  groups_of "$1"
  bits_left=$2 zeros=yes ones=yes
  for group in $groups; do
    fixed=$((bits_left > 8 ? 8 : bits_left))
    mask=$(((1 << (8 - fixed)) - 1))
    [ $((group & mask)) -eq 0 ] || zeros=no
    [ $((group & mask)) -eq $mask ] || ones=no
    bits_left=$((bits_left - fixed))
  done
  [ $zeros = yes ] || [ $ones = yes ]
}

# network_of ADDRESS/LENGTH: network: the same with the bits behind the length zero.
network_of() {
  bits_left=\${1#*/} size=8 network=
  case $1 in *:*) size=16 ;; esac
  groups_of "\${1%/*}"
  for group in $groups; do
    fixed=$((bits_left > size ? size : bits_left))
    group=$(((group >> (size - fixed)) << (size - fixed)))
    if [ $size = 8 ]; then network=$network.$group
    else network=$network:$(printf %x "$group"); fi
    bits_left=$((bits_left - fixed))
  done
  network=\${network#?}
  case $network in
    *:0:0)
      while [ "$network" != "\${network%:0}" ]; do network=\${network%:0}; done
      network=$network::
      ;;
  esac
  network=$network/\${1#*/}
}
`;

/** How the script finds, on the machine that it runs on, what its settings leave open. */
export const findPart: string = sh`
# ---- What this machine has to do with the VIPs --------------------------------------------------

problem() { problems="$problems$*$newline"; }

# is_asked_on LINK: whether neighbours can ask on it who has an address.
is_asked_on() {
  [ "$1" != lo ] && flags_of "$1" || return 1
  case ,$flags, in *,NOARP,*) return 1 ;; esac
  case ,$flags, in *,BROADCAST,*) ;; *) return 1 ;; esac
  case ,$flags, in *,UP,*) ;; *) return 1 ;; esac
}

# is_vip ADDRESS
is_vip() {
  case " $vips " in *" $1 "*) ;; *) return 1 ;; esac
}

# find_interfaces: interfaces on which neighbours could ask for the IPv4 VIPs: those in whose
# network one is, else where the default route leads, else all with an address.
find_interfaces() {
  interfaces='' own=
  [ -n "$addresses" ] || read_addresses
  while read -r link address scope _; do
    case $address in *:* | '') continue ;; esac
    { [ "$scope" = global ] && ! is_vip "\${address%/*}" && is_asked_on "$link"; } || continue
    own="$own$link $address$newline"
  done <<END
$addresses
END
  needs_interface=no
  for vip in $vips; do
    case $vip in *:*) continue ;; esac
    needs_interface=yes
    add_interfaces_of "$vip"
  done
  [ -n "$interfaces" ] || [ $needs_interface = no ] ||
    problem 'no interface with an IPv4 address is up on which neighbours could ask for the VIP; name one with --interface'
}

add_interfaces_of() {
  found=
  while read -r link address; do
    [ -z "$link" ] || ! is_within "$1" "$address" || found="$found $link"
  done <<END
$own
END
  if [ -z "$found" ]; then
    main_routes 4
    while read -r line; do
      case $line in default*' dev '*) link=\${line#* dev } link=\${link%% *} ;; *) continue ;; esac
      ! is_asked_on "$link" || found="$found $link"
    done <<END
$routes
END
  fi
  if [ -z "$found" ]; then
    while read -r link _; do found="$found $link"; done <<END
$own
END
  fi
  for link in $found; do
    case " $interfaces " in *" $link "*) ;; *) interfaces="\${interfaces:+$interfaces }$link" ;; esac
  done
}

# check_interfaces: whether the interfaces that are given are there.
check_interfaces() {
  for link in $interfaces; do
    flags_of "$link" || problem "there is no interface $link; there are$(link_names)"
  done
}

link_names() {
  while read -r name _; do printf ' %s' "$name"; done <<END
$links
END
}

# check_vip LINK|- VIP: why a VIP cannot be on a link of this machine; with - on none.
check_vip() {
  [ "$pass" = survey ] || return 0
  full=32
  case $2 in *:*) full=128 ;; esac
  [ -n "$addresses" ] || read_addresses
  while read -r link address _ _ broadcast _; do
    [ -n "$link" ] || continue
    [ "\${address%/*}" != "$2" ] || check_place "$1" "$2" "$link" "$address" "$full"
    case $address$2 in *:*) continue ;; esac
    if [ "$broadcast" = "$2" ] ||
      { is_within "$2" "$address" && is_network_end "$2" "\${address#*/}"; }; then
      problem "VIP $2 is a broadcast address of the network of $address on $link"
    fi
  done <<END
$addresses
END
  [ "$full" = 32 ] || [ "$1" = - ] || check_ipv6 "$1" "$2"
}

# check_place LINK|- VIP LINK ADDRESS FULL: where a VIP is to be, and where it is.
check_place() {
  [ "$4 $3" != "$2/$5 $1" ] || return 0
  # What this setup made itself is no conflict.
  ! find_entry address "$3 $4" || return 0
  remove="(ip address del $4 dev $3)"
  # Nobody is advised to take the address away that the machine is reached at.
  if is_own "$3" "$4" "$5"; then
    problem "VIP $2 is this machine's own address $4 on $3: a VIP is an address of the director"
  elif [ "$1" = - ]; then
    problem "VIP $2 is on $3: with nat only the director has it, here it would be answered locally $remove"
  elif [ "$4" = "$2/$5" ]; then
    problem "VIP $2 is already on $3, and cannot be on $1 too $remove"
  else
    problem "VIP $2 is on $3 as $4: that makes the whole network local, it has to be /$5 $remove"
  fi
}

# is_own LINK ADDRESS FULL: whether it is the address of a network that the machine is on, or the only
# one of an interface.
is_own() {
  [ "$1" != lo ] || return 1
  [ "\${2#*/}" = "$3" ] || return 0
  is_asked_on "$1" || return 1
  while read -r name there scope _; do
    [ "$name $scope" = "$1 global" ] && [ "$there" != "$2" ] && is_same_family "$there" "$2" && return 1
  done <<END
$addresses
END
  return 0
}

check_ipv6() {
  if [ ! -d /proc/sys/net/ipv6/conf ]; then
    problem "VIP $2 cannot be: this kernel has no IPv6, or was started with ipv6.disable=1"
    return 0
  fi
  on=$1
  flags_of "$1" || on=default
  now_sysctl "net/ipv6/conf/$on/disable_ipv6"
  [ "$now" != 1 ] ||
    problem "VIP $2 cannot be on $1: IPv6 is disabled there (sysctl net/ipv6/conf/$on/disable_ipv6 is 1)"
}
`;
