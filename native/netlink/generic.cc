#include "netlink/generic.h"

#include <linux/genetlink.h>

#include <cerrno>

#include "system/system_error.h"

namespace lvskit::netlink {

void BeginGeneric(MessageWriter& writer, uint16_t family, uint8_t command, uint8_t version,
                  uint16_t flags, uint32_t sequence) {
  writer.Begin(family, flags, sequence);
  writer.Header(genlmsghdr{.cmd = command, .version = version, .reserved = 0});
}

std::optional<uint16_t> DecodeFamilyNumber(const Message& message) {
  std::optional<uint16_t> family;
  AttributeReader attributes(message.AttributesAfter<genlmsghdr>());
  Attribute attribute;
  while (attributes.Next(attribute)) {
    if (attribute.type == CTRL_ATTR_FAMILY_ID) family = attribute.U16();
  }
  return family;
}

std::optional<uint16_t> ResolveFamily(Socket& socket, std::string_view name) {
  MessageWriter request;
  const uint32_t sequence = socket.ReserveSequences(1);
  BeginGeneric(request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0, sequence);
  request.String(CTRL_ATTR_FAMILY_NAME, name);
  request.End();

  std::optional<uint16_t> family;
  const auto failures = socket.Transact(request, sequence, [&](size_t, const Message& message) {
    family = DecodeFamilyNumber(message);
  });
  if (!failures.empty()) {
    const Failure& failure = failures.front();
    if (failure.error_number == ENOENT) return std::nullopt;
    if (failure.error_number != kUnanswered) {
      throw system::SystemError(failure.error_number, "sendmsg", failure.message);
    }
  }
  return family;
}

}  // namespace lvskit::netlink
