#pragma once

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <optional>

#include "route/shape.h"

namespace lvskit::route {

struct Neighbour {
  uint8_t family = 0;
  uint32_t link = 0;
  uint16_t state = 0;
  uint8_t flags = 0;
  uint8_t type = 0;
  std::optional<Bytes> destination;
  std::optional<Bytes> link_layer_address;
  std::optional<uint32_t> probes;
  std::optional<uint8_t> protocol;
  /// Only asks a dump for the entries of one link; entries themselves carry `link`.
  std::optional<uint32_t> only_link;
};

template <>
struct Shape<Neighbour> {
  static constexpr const char* kName = "neighbour";
  static constexpr uint16_t kNew = RTM_NEWNEIGH;
  static constexpr uint16_t kDelete = RTM_DELNEIGH;
  static constexpr uint16_t kGet = RTM_GETNEIGH;
  static constexpr bool kPerFamily = true;

  using Header = ndmsg;
  static constexpr auto kHeader =
      std::tuple(HeaderField{"family", &ndmsg::ndm_family, &Neighbour::family},
                 HeaderField{"link", &ndmsg::ndm_ifindex, &Neighbour::link},
                 HeaderField{"state", &ndmsg::ndm_state, &Neighbour::state},
                 HeaderField{"flags", &ndmsg::ndm_flags, &Neighbour::flags},
                 HeaderField{"type", &ndmsg::ndm_type, &Neighbour::type});
  static constexpr auto kAttributes =
      std::tuple(AttributeField{"destination", NDA_DST, &Neighbour::destination},
                 AttributeField{"linkLayerAddress", NDA_LLADDR, &Neighbour::link_layer_address},
                 AttributeField{"probes", NDA_PROBES, &Neighbour::probes},
                 AttributeField{"protocol", NDA_PROTOCOL, &Neighbour::protocol},
                 AttributeField{"onlyLink", NDA_IFINDEX, &Neighbour::only_link});
};

}  // namespace lvskit::route
