#pragma once

#include <sys/socket.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace lvskit::route {

using Bytes = std::vector<std::byte>;

/// A value whose type only says how it travels; above it is the value alone.
template <typename T>
concept Wrapper = requires {
  typename T::Wrapped;
};

/// A number that travels in network byte order.
template <typename T>
struct BigEndian {
  using Wrapped = T;
  Wrapped value{};
};

/// Settings that two kinds of link share may be numbered differently by each: the tunnels of the
/// GRE kinds have attribute numbers of their own for what the others call IFLA_IPTUN_….
enum class Dialect : uint8_t { kUsual, kGre };

/// Ties a member to a field of the fixed header, and both to the name of a property above.
template <typename Owner, typename Header, typename Wire, typename Value>
struct HeaderField {
  const char* name;
  Wire Header::*wire;
  Value Owner::*member;
};
template <typename Owner, typename Header, typename Wire, typename Value>
HeaderField(const char*, Wire Header::*, Value Owner::*) -> HeaderField<Owner, Header, Wire, Value>;

/// Ties a member to an attribute's number, and both to the name of a property above. Number zero
/// means that the member is no attribute by itself: somebody else reads and writes it.
template <typename Owner, typename Value>
struct AttributeField {
  const char* name;
  uint16_t usual;
  Value Owner::*member;
  uint16_t gre = 0;

  [[nodiscard]] uint16_t Type(Dialect dialect) const {
    return dialect == Dialect::kGre ? gre : usual;
  }
};
template <typename Owner, typename Value>
AttributeField(const char*, uint16_t, Value Owner::*) -> AttributeField<Owner, Value>;
template <typename Owner, typename Value>
AttributeField(const char*, uint16_t, Value Owner::*, uint16_t) -> AttributeField<Owner, Value>;

/// The one table of a message or nested attribute: `kAttributes`, a tuple of AttributeField, and
/// where it starts with a fixed structure, `Header` and `kHeader`, a tuple of HeaderField.
/// Encoding, decoding and the conversion to JavaScript are all driven by it.
template <typename T>
struct Shape;

template <typename T>
concept Shaped = requires {
  Shape<T>::kAttributes;
};

template <typename T>
concept ShapedWithHeader = Shaped<T> && requires {
  typename Shape<T>::Header;
};

/// A message of rtnetlink: its three numbers, whether there is a table of it for each address
/// family, and what it is called above.
template <typename T>
concept RouteMessage = ShapedWithHeader<T> && requires {
  { Shape<T>::kName } -> std::convertible_to<const char*>;
  { Shape<T>::kNew } -> std::convertible_to<uint16_t>;
  { Shape<T>::kDelete } -> std::convertible_to<uint16_t>;
  { Shape<T>::kGet } -> std::convertible_to<uint16_t>;
  { Shape<T>::kPerFamily } -> std::convertible_to<bool>;
};

/// Whether an entry is of IPv4 or IPv6, or of the one table of links. Bridges, MPLS and multicast
/// routing send messages of the same types that mean something else.
template <RouteMessage T>
[[nodiscard]] bool Concerns(const T& entry) {
  if constexpr (Shape<T>::kPerFamily) return entry.family == AF_INET || entry.family == AF_INET6;
  return entry.family == AF_UNSPEC;
}

}  // namespace lvskit::route
