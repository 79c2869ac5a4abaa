#include "route/link.h"

#include <string_view>

namespace lvskit::route {

namespace {

enum class Settings : uint8_t { kNone, kTunnel, kGreTunnel, kBridge };

Settings SettingsOf(std::string_view kind) {
  if (kind == "ipip" || kind == "sit" || kind == "ip6tnl") return Settings::kTunnel;
  if (kind == "gre" || kind == "gretap" || kind == "ip6gre" || kind == "ip6gretap") {
    return Settings::kGreTunnel;
  }
  return kind == "bridge" ? Settings::kBridge : Settings::kNone;
}

Dialect DialectOf(Settings settings) {
  return settings == Settings::kGreTunnel ? Dialect::kGre : Dialect::kUsual;
}

}  // namespace

void Codec<LinkInfo>::Read(const netlink::Attribute& attribute, LinkInfo& out) {
  Decode(attribute.payload, out);
  const Settings settings = SettingsOf(out.kind.value_or(std::string()));
  if (settings == Settings::kNone) return;
  netlink::AttributeReader attributes(attribute.payload);
  netlink::Attribute inner;
  while (attributes.Next(inner)) {
    if (inner.type != IFLA_INFO_DATA) continue;
    if (settings == Settings::kBridge) {
      Decode(inner.payload, out.bridge.emplace());
    } else {
      Decode(inner.payload, out.tunnel.emplace(), DialectOf(settings));
    }
  }
}

void Codec<LinkInfo>::Write(netlink::MessageWriter& writer, uint16_t type, const LinkInfo& value) {
  const size_t mark = writer.BeginNest(type);
  Encode(writer, value);
  const size_t data = writer.BeginNest(IFLA_INFO_DATA);
  if (value.tunnel) {
    Encode(writer, *value.tunnel, DialectOf(SettingsOf(value.kind.value_or(std::string()))));
  }
  if (value.bridge) Encode(writer, *value.bridge);
  if (value.peer) Codec<Peer>::Write(writer, VETH_INFO_PEER, *value.peer);
  writer.EndNest(data);
  writer.EndNest(mark);
}

}  // namespace lvskit::route
