#pragma once

#include <linux/rtnetlink.h>

#include <optional>

#include "route/codec.h"
#include "route/shape.h"

namespace lvskit::route {

struct RouteMetrics {
  std::optional<uint32_t> locked;
  std::optional<uint32_t> mtu;
  std::optional<uint32_t> window;
  std::optional<uint32_t> advertised_mss;
  std::optional<uint32_t> hop_limit;
  std::optional<uint32_t> initial_congestion_window;
  std::optional<uint32_t> initial_receive_window;
  std::optional<uint32_t> quick_ack;
  std::optional<std::string> congestion_control;
};

template <>
struct Shape<RouteMetrics> {
  static constexpr auto kAttributes = std::tuple(
      AttributeField{"locked", RTAX_LOCK, &RouteMetrics::locked},
      AttributeField{"mtu", RTAX_MTU, &RouteMetrics::mtu},
      AttributeField{"window", RTAX_WINDOW, &RouteMetrics::window},
      AttributeField{"advertisedMss", RTAX_ADVMSS, &RouteMetrics::advertised_mss},
      AttributeField{"hopLimit", RTAX_HOPLIMIT, &RouteMetrics::hop_limit},
      AttributeField{"initialCongestionWindow", RTAX_INITCWND,
                     &RouteMetrics::initial_congestion_window},
      AttributeField{"initialReceiveWindow", RTAX_INITRWND, &RouteMetrics::initial_receive_window},
      AttributeField{"quickAck", RTAX_QUICKACK, &RouteMetrics::quick_ack},
      AttributeField{"congestionControl", RTAX_CC_ALGO, &RouteMetrics::congestion_control});
};

/// A gateway of another address family than the route's (RTA_VIA): its address alone, since the
/// length tells the family.
struct Via {
  using Wrapped = Bytes;
  Wrapped value;
};

template <>
struct Codec<Via> {
  static void Read(const netlink::Attribute& attribute, Via& out);
  static void Write(netlink::MessageWriter& writer, uint16_t type, const Via& value);
};

/// One of several gateways of a route. `weight` is the kernel's rtnh_hops, one less than what
/// people write.
struct NextHop {
  uint8_t flags = 0;
  uint8_t weight = 0;
  uint32_t link = 0;
  std::optional<Bytes> gateway;
  std::optional<Via> via;
};

template <>
struct Shape<NextHop> {
  using Header = rtnexthop;
  static constexpr auto kHeader =
      std::tuple(HeaderField{"flags", &rtnexthop::rtnh_flags, &NextHop::flags},
                 HeaderField{"weight", &rtnexthop::rtnh_hops, &NextHop::weight},
                 HeaderField{"link", &rtnexthop::rtnh_ifindex, &NextHop::link});
  static constexpr auto kAttributes =
      std::tuple(AttributeField{"gateway", RTA_GATEWAY, &NextHop::gateway},
                 AttributeField{"via", RTA_VIA, &NextHop::via});
};

/// RTA_MULTIPATH: a run of rtnexthop, each with its own length and attributes.
template <>
struct Codec<std::vector<NextHop>> {
  static void Read(const netlink::Attribute& attribute, std::vector<NextHop>& out);
  static void Write(netlink::MessageWriter& writer, uint16_t type,
                    const std::vector<NextHop>& values);
};

struct Route {
  uint8_t family = 0;
  uint8_t destination_length = 0;
  uint8_t from_length = 0;
  uint8_t tos = 0;
  uint8_t protocol = 0;
  uint8_t scope = 0;
  uint8_t type = 0;
  uint32_t flags = 0;
  std::optional<Bytes> destination;
  std::optional<Bytes> from;
  std::optional<uint32_t> input_link;
  std::optional<uint32_t> link;
  std::optional<Bytes> gateway;
  std::optional<Via> via;
  std::optional<uint32_t> metric;
  std::optional<Bytes> source;
  std::optional<RouteMetrics> metrics;
  std::optional<uint32_t> table;
  std::optional<uint32_t> mark;
  std::optional<uint8_t> preference;
  std::optional<uint32_t> next_hop_id;
  std::optional<uint32_t> user;
  std::vector<NextHop> next_hops;
};

template <>
struct Shape<Route> {
  static constexpr const char* kName = "route";
  static constexpr uint16_t kNew = RTM_NEWROUTE;
  static constexpr uint16_t kDelete = RTM_DELROUTE;
  static constexpr uint16_t kGet = RTM_GETROUTE;
  static constexpr bool kPerFamily = true;

  using Header = rtmsg;
  static constexpr auto kHeader =
      std::tuple(HeaderField{"family", &rtmsg::rtm_family, &Route::family},
                 HeaderField{"destinationLength", &rtmsg::rtm_dst_len, &Route::destination_length},
                 HeaderField{"fromLength", &rtmsg::rtm_src_len, &Route::from_length},
                 HeaderField{"tos", &rtmsg::rtm_tos, &Route::tos},
                 HeaderField{"protocol", &rtmsg::rtm_protocol, &Route::protocol},
                 HeaderField{"scope", &rtmsg::rtm_scope, &Route::scope},
                 HeaderField{"type", &rtmsg::rtm_type, &Route::type},
                 HeaderField{"flags", &rtmsg::rtm_flags, &Route::flags});
  static constexpr auto kAttributes =
      std::tuple(AttributeField{"destination", RTA_DST, &Route::destination},
                 AttributeField{"from", RTA_SRC, &Route::from},
                 AttributeField{"inputLink", RTA_IIF, &Route::input_link},
                 AttributeField{"link", RTA_OIF, &Route::link},
                 AttributeField{"gateway", RTA_GATEWAY, &Route::gateway},
                 AttributeField{"via", RTA_VIA, &Route::via},
                 AttributeField{"metric", RTA_PRIORITY, &Route::metric},
                 AttributeField{"source", RTA_PREFSRC, &Route::source},
                 AttributeField{"metrics", RTA_METRICS, &Route::metrics},
                 AttributeField{"table", RTA_TABLE, &Route::table},
                 AttributeField{"mark", RTA_MARK, &Route::mark},
                 AttributeField{"preference", RTA_PREF, &Route::preference},
                 AttributeField{"nextHopId", RTA_NH_ID, &Route::next_hop_id},
                 AttributeField{"user", RTA_UID, &Route::user},
                 AttributeField{"nextHops", RTA_MULTIPATH, &Route::next_hops});
};

}  // namespace lvskit::route
