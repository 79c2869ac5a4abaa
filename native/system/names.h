#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

/// Names as the C library finds them, through whatever /etc/nsswitch.conf tells it to ask. Every
/// call may wait for a name server.
namespace lvskit::system {

/// The first IPv4 address of a host, as gethostbyname() has it.
[[nodiscard]] std::optional<std::array<std::byte, 4>> HostAddress(const std::string& name);

/// The official name of the host with an address of 4 or 16 bytes, as gethostbyaddr() has it.
[[nodiscard]] std::optional<std::string> HostName(std::span<const std::byte> address);

/// The port of a service of a protocol such as "tcp", as getservbyname() has it.
[[nodiscard]] std::optional<uint16_t> ServicePort(const std::string& name,
                                                  const std::string& protocol);

/// The official name of the service at a port, as getservbyport() has it.
[[nodiscard]] std::optional<std::string> ServiceName(uint16_t port, const std::string& protocol);

/// What strerror() says of an error number, in English.
[[nodiscard]] std::string ErrorText(int error_number);

}  // namespace lvskit::system
