#include "route/route.h"

#include <sys/socket.h>

#include <algorithm>
#include <span>

namespace lvskit::route {

using netlink::FormatError;

void Codec<Via>::Read(const netlink::Attribute& attribute, Via& out) {
  if (attribute.payload.size() < sizeof(sa_family_t)) throw FormatError("gateway without family");
  const auto address = attribute.payload.subspan(sizeof(sa_family_t));
  out.value.assign(address.begin(), address.end());
}

void Codec<Via>::Write(netlink::MessageWriter& writer, uint16_t type, const Via& value) {
  const sa_family_t family = value.value.size() == 4 ? AF_INET : AF_INET6;
  const auto family_bytes = std::as_bytes(std::span(&family, 1));
  Bytes payload(family_bytes.begin(), family_bytes.end());
  payload.insert(payload.end(), value.value.begin(), value.value.end());
  writer.Bytes(type, payload);
}

void Codec<std::vector<NextHop>>::Read(const netlink::Attribute& attribute,
                                       std::vector<NextHop>& out) {
  std::span<const std::byte> rest = attribute.payload;
  while (!rest.empty()) {
    const auto header = netlink::ReadPlain<rtnexthop>(rest);
    const size_t length = header.rtnh_len;
    if (length < sizeof(rtnexthop)) throw FormatError("next hop shorter than its header");
    if (length > rest.size()) throw FormatError("next hop runs past the end of its route");
    DecodeWithHeader(rest.first(length), out.emplace_back());
    rest = rest.subspan(std::min<size_t>(RTNH_ALIGN(length), rest.size()));
  }
}

void Codec<std::vector<NextHop>>::Write(netlink::MessageWriter& writer, uint16_t type,
                                        const std::vector<NextHop>& values) {
  if (values.empty()) return;
  Bytes payload;
  for (const NextHop& value : values) {
    netlink::MessageWriter attributes;
    Encode(attributes, value);
    rtnexthop header = EncodeHeader(value);
    header.rtnh_len = static_cast<uint16_t>(sizeof header + attributes.bytes().size());
    const auto header_bytes = std::as_bytes(std::span(&header, 1));
    payload.insert(payload.end(), header_bytes.begin(), header_bytes.end());
    payload.insert(payload.end(), attributes.bytes().begin(), attributes.bytes().end());
  }
  writer.Bytes(type, payload);
}

}  // namespace lvskit::route
