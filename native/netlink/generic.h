#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "netlink/socket.h"

namespace lvskit::netlink {

/// Asks the controller for the number of a generic netlink family. Asking makes kernels that know
/// the alias (5.16 and newer) load its module. Absent when the kernel has no such family.
/// Throws SystemError for any other refusal.
[[nodiscard]] std::optional<uint16_t> ResolveFamily(Socket& socket, std::string_view name);

/// The family's number in the controller's description of it, if it is there.
/// Throws FormatError for bytes that do not add up.
[[nodiscard]] std::optional<uint16_t> DecodeFamilyNumber(const Message& message);

/// Starts a generic netlink message: netlink header and genlmsghdr.
void BeginGeneric(MessageWriter& writer, uint16_t family, uint8_t command, uint8_t version,
                  uint16_t flags, uint32_t sequence);

}  // namespace lvskit::netlink
