#pragma once

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <optional>

#include "route/shape.h"

namespace lvskit::route {

/// In seconds; all ones means for ever.
struct AddressLifetimes {
  uint32_t preferred = UINT32_MAX;
  uint32_t valid = UINT32_MAX;
};

template <>
struct Shape<AddressLifetimes> {
  using Header = ifa_cacheinfo;
  static constexpr auto kHeader = std::tuple(
      HeaderField{"preferred", &ifa_cacheinfo::ifa_prefered, &AddressLifetimes::preferred},
      HeaderField{"valid", &ifa_cacheinfo::ifa_valid, &AddressLifetimes::valid});
  static constexpr auto kAttributes = std::tuple();
};

struct Address {
  uint8_t family = 0;
  uint8_t prefix_length = 0;
  uint8_t scope = 0;
  uint32_t link = 0;
  std::optional<Bytes> address;
  std::optional<Bytes> local;
  std::optional<Bytes> broadcast;
  std::optional<std::string> label;
  std::optional<uint32_t> flags;
  std::optional<uint32_t> metric;
  std::optional<uint8_t> protocol;
  std::optional<AddressLifetimes> lifetimes;
};

/// IFA_PROTO, in headers since 5.18.
inline constexpr uint16_t kIfaProto = 11;

template <>
struct Shape<Address> {
  static constexpr const char* kName = "address";
  static constexpr uint16_t kNew = RTM_NEWADDR;
  static constexpr uint16_t kDelete = RTM_DELADDR;
  static constexpr uint16_t kGet = RTM_GETADDR;
  static constexpr bool kPerFamily = true;

  using Header = ifaddrmsg;
  static constexpr auto kHeader =
      std::tuple(HeaderField{"family", &ifaddrmsg::ifa_family, &Address::family},
                 HeaderField{"prefixLength", &ifaddrmsg::ifa_prefixlen, &Address::prefix_length},
                 HeaderField{"scope", &ifaddrmsg::ifa_scope, &Address::scope},
                 HeaderField{"link", &ifaddrmsg::ifa_index, &Address::link});
  static constexpr auto kAttributes =
      std::tuple(AttributeField{"address", IFA_ADDRESS, &Address::address},
                 AttributeField{"local", IFA_LOCAL, &Address::local},
                 AttributeField{"broadcast", IFA_BROADCAST, &Address::broadcast},
                 AttributeField{"label", IFA_LABEL, &Address::label},
                 AttributeField{"flags", IFA_FLAGS, &Address::flags},
                 AttributeField{"metric", IFA_RT_PRIORITY, &Address::metric},
                 AttributeField{"protocol", kIfaProto, &Address::protocol},
                 AttributeField{"lifetimes", IFA_CACHEINFO, &Address::lifetimes});
};

}  // namespace lvskit::route
