#pragma once

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include <optional>

#include "route/shape.h"

namespace lvskit::route {

struct PortRange {
  uint16_t first = 0;
  uint16_t last = 0;
};

template <>
struct Shape<PortRange> {
  using Header = fib_rule_port_range;
  static constexpr auto kHeader =
      std::tuple(HeaderField{"first", &fib_rule_port_range::start, &PortRange::first},
                 HeaderField{"last", &fib_rule_port_range::end, &PortRange::last});
  static constexpr auto kAttributes = std::tuple();
};

struct UserRange {
  uint32_t first = 0;
  uint32_t last = 0;
};

template <>
struct Shape<UserRange> {
  using Header = fib_rule_uid_range;
  static constexpr auto kHeader =
      std::tuple(HeaderField{"first", &fib_rule_uid_range::start, &UserRange::first},
                 HeaderField{"last", &fib_rule_uid_range::end, &UserRange::last});
  static constexpr auto kAttributes = std::tuple();
};

struct Rule {
  uint8_t family = 0;
  uint8_t to_length = 0;
  uint8_t from_length = 0;
  uint8_t tos = 0;
  uint8_t action = 0;
  uint32_t flags = 0;
  std::optional<Bytes> to;
  std::optional<Bytes> from;
  std::optional<uint32_t> priority;
  std::optional<uint32_t> table;
  std::optional<uint32_t> firewall_mark;
  std::optional<uint32_t> firewall_mask;
  std::optional<std::string> input_link;
  std::optional<std::string> output_link;
  std::optional<uint32_t> target;
  std::optional<uint32_t> suppress_prefix_length;
  std::optional<uint8_t> protocol;
  std::optional<uint8_t> transport;
  std::optional<PortRange> source_ports;
  std::optional<PortRange> destination_ports;
  std::optional<UserRange> users;
};

template <>
struct Shape<Rule> {
  static constexpr const char* kName = "rule";
  static constexpr uint16_t kNew = RTM_NEWRULE;
  static constexpr uint16_t kDelete = RTM_DELRULE;
  static constexpr uint16_t kGet = RTM_GETRULE;
  static constexpr bool kPerFamily = true;

  using Header = fib_rule_hdr;
  static constexpr auto kHeader =
      std::tuple(HeaderField{"family", &fib_rule_hdr::family, &Rule::family},
                 HeaderField{"toLength", &fib_rule_hdr::dst_len, &Rule::to_length},
                 HeaderField{"fromLength", &fib_rule_hdr::src_len, &Rule::from_length},
                 HeaderField{"tos", &fib_rule_hdr::tos, &Rule::tos},
                 HeaderField{"action", &fib_rule_hdr::action, &Rule::action},
                 HeaderField{"flags", &fib_rule_hdr::flags, &Rule::flags});
  static constexpr auto kAttributes = std::tuple(
      AttributeField{"to", FRA_DST, &Rule::to}, AttributeField{"from", FRA_SRC, &Rule::from},
      AttributeField{"priority", FRA_PRIORITY, &Rule::priority},
      AttributeField{"table", FRA_TABLE, &Rule::table},
      AttributeField{"firewallMark", FRA_FWMARK, &Rule::firewall_mark},
      AttributeField{"firewallMask", FRA_FWMASK, &Rule::firewall_mask},
      AttributeField{"inputLink", FRA_IIFNAME, &Rule::input_link},
      AttributeField{"outputLink", FRA_OIFNAME, &Rule::output_link},
      AttributeField{"target", FRA_GOTO, &Rule::target},
      AttributeField{"suppressPrefixLength", FRA_SUPPRESS_PREFIXLEN, &Rule::suppress_prefix_length},
      AttributeField{"protocol", FRA_PROTOCOL, &Rule::protocol},
      AttributeField{"transport", FRA_IP_PROTO, &Rule::transport},
      AttributeField{"sourcePorts", FRA_SPORT_RANGE, &Rule::source_ports},
      AttributeField{"destinationPorts", FRA_DPORT_RANGE, &Rule::destination_ports},
      AttributeField{"users", FRA_UID_RANGE, &Rule::users});
};

}  // namespace lvskit::route
