import { sh } from './shell.ts';

/** VIPs on this machine. */
export const vipPart: string = sh`
# hold_vip LINK VIP REASON
hold_vip() {
  check_vip "$1" "$2"
  why=$3
  case $2 in
    *:*)
      want address "$1 $2/128" present
      return
      ;;
  esac
  label_for "$1" "$2/32"
  want address "$1 $2/32" "$label"
  [ "$1" = lo ] || return 0
  why=$why_host_route
  want route "4 main $2 0" "$2 dev lo scope link"
}

# label_for LINK ADDRESS: label: lo:0, lo:1…, as old tools show addresses; none for a link whose
# name leaves no room for it.
label_for() {
  now_address "$1 $2"
  label=present number=0
  [ "$now" = absent ] || return 0
  while read -r _ _ _ value_there _; do labels="$labels $value_there "; done <<END
$addresses
END
  while
    label=$1:$number
    case $labels in *" $label "*) ;; *) false ;; esac
  do number=$((number + 1)); done
  if [ \${#label} -gt 15 ]; then label=present; else labels="$labels $label "; fi
}
`;

/** ARP. */
export const quietPart: string = sh`
# keep_quiet LINK REASON REASON: what counts is the interface that ARP comes in by, or all; never the
# one that the VIP is on. It has to be in effect before the VIP is there.
keep_quiet() {
  why=$2
  # 2 answers only to neighbours of the same network, which keeps the VIP as quiet.
  want sysctl "net/ipv4/conf/$1/arp_ignore" 1 2
  why=$3
  want sysctl "net/ipv4/conf/$1/arp_announce" 2
}
`;

/** Direct routing. */
export const directPart: string = sh`
# check_gateway VIP: a default route through a VIP would lead answers to this machine itself.
check_gateway() {
  main_routes 4
  case $1 in *:*) main_routes 6 ;; esac
  case $routes in
    *"$newline"default' via '"$1 "* | *"$newline"default' via '"$1$newline"*)
      problem "the default route leads through $1, which is to be a VIP: this machine would send answers to itself"
      ;;
  esac
}
`;

/** Tunnels. */
export const tunnelPart: string = sh`
# accept_from_anywhere TUNNEL: no reverse path filter on the tunnel. The kernel takes the larger of
# all and the link, so all has to be 0 as well; what it did for the other links is written down for
# each of them first.
accept_from_anywhere() {
  original_of sysctl net/ipv4/conf/all/rp_filter
  filter=$original
  for link in default $names_there; do
    case $link in lo | "$1") continue ;; esac
    original_of sysctl "net/ipv4/conf/$link/rp_filter"
    { [ "$original" != absent ] && [ "$original" -lt "$filter" ]; } || continue
    why="keeps the filter that it had through all, which is 0 from now on"
    want sysctl "net/ipv4/conf/$link/rp_filter" "$filter"
  done
  why=$why_no_filter_of_all
  want sysctl net/ipv4/conf/all/rp_filter 0
  why=$why_no_filter
  want sysctl "net/ipv4/conf/$1/rp_filter" 0
}

# own_address FAMILY: local: the address that the director sends tunnelled packets to.
own_address() {
  local=
  [ -n "$addresses" ] || read_addresses
  while read -r link address scope _ _ flags_there; do
    case $1$address in 4*:* | 4 | 6) continue ;; 4* | 6*:*) ;; *) continue ;; esac
    case " $flags_there " in *' deprecated '*) continue ;; esac
    case " \${given_interfaces:-$link} " in *" $link "*) ;; *) continue ;; esac
    [ "$scope" != global ] || is_vip "\${address%/*}" || local=\${local:-\${address%/*}}
  done <<END
$addresses
END
  [ -n "$local" ] ||
    problem "no interface has an IPv$1 address that the director could send tunnelled packets to"
}
`;

/** Address translation. */
export const masqueradePart: string = sh`
# find_own GATEWAY: own and own_link: this machine's address in whose network the gateway is.
find_own() {
  own='' own_link='' best=-1 all_own=
  [ -n "$addresses" ] || read_addresses
  while read -r name address scope _; do
    { [ -n "$name" ] && is_same_family "$1" "$address"; } || continue
    [ "\${address%/*}" != "$1" ] || problem "gateway $1 is this machine's own address"
    [ "$name" = lo ] || all_own="$all_own\${all_own:+, }$address on $name"
    case $address in
      *:*/128) continue ;;
      *:*) ;;
      */32) continue ;;
    esac
    { [ "$scope" = global ] && is_within "$1" "$address"; } || continue
    [ "\${address#*/}" -le "$best" ] || own=$address own_link=$name best=\${address#*/}
  done <<END
$addresses
END
  [ -n "$own" ] || {
    problem "gateway $1 is on no network of this machine (\${all_own:-it has none}): with nat the director has to be the next hop"
    return 1
  }
}

# keep_to_gateway FAMILY: a director that sends answers out where they came in tells their sender of
# a shorter way.
keep_to_gateway() {
  why=$why_no_redirects
  if [ "$1" = 4 ]; then
    want sysctl net/ipv4/conf/all/accept_redirects 0
    why=$why_no_redirects_of_link
  fi
  want sysctl "net/ipv$1/conf/$own_link/accept_redirects" 0
}

# lead_by_default FAMILY GATEWAY METRIC: the metric is one that no other route goes before.
lead_by_default() {
  main_routes "$1"
  best='' best_metric=
  while read -r line; do
    case $line in default*) ;; *) continue ;; esac
    is_route "$line" default any || continue
    if [ -z "$best" ] || [ "$metric" -lt "$best_metric" ]; then best=$line best_metric=$metric; fi
  done <<END
$routes
END
  aim_metric=$3
  # The one that packets take now does, whatever its metric.
  case "$best " in "default via $2 dev $own_link "*) aim_metric=$best_metric ;; esac
  now_route "$1 main default $aim_metric"
  case $now in
    *nhid*) problem 'the default route uses a next hop object, which undo could not bring back: use a policy route (--reply-route policy), or replace that route' ;;
  esac
  shape="default via $2 dev $own_link"
  [ "$aim_metric" = 0 ] || shape="$shape metric $aim_metric"
  why=$why_leads_back
  want route "$1 main default $aim_metric" "$shape"
}

# lead_by_table FAMILY GATEWAY METRIC near|all: what the rules send through the director.
lead_by_table() {
  suffix=
  [ "$3" = 0 ] || suffix=" metric $3"
  if [ "$4" = all ]; then
    why=$why_stays_near
    network_of "$own"
    if [ "$1" = 4 ]; then want route "4 $reply_table $network 0" "$network dev $own_link scope link"
    else want route "6 $reply_table $network $3" "$network dev $own_link$suffix"; fi
  fi
  why=$why_leads_back
  want route "$1 $reply_table default $3" "default via $2 dev $own_link$suffix"
}

# warn_of_neighbours FAMILY: clients on this machine's own network would be answered directly.
warn_of_neighbours() {
  near=
  for vip in $vips; do ! is_within "$vip" "$own" || near="$near \${near:+, }$vip"; done
  if [ -n "$near" ]; then
    note "warning: VIP$near is on this machine's own network ($own on $own_link), so clients there are likely: their answers would go straight to them, past the director, and be dropped; $advice_port_route"
  else
    note "clients must not be on this machine's own network ($own on $own_link): their answers would go past the director; $advice_port_route"
  fi
}
`;
