#include "system/names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace lvskit::system {

namespace {

constexpr size_t kUsualAnswer = 1024;
constexpr size_t kLargestAnswer = 1024 * 1024;

/// Calls `lookup` with ever more room for what the entry points to, until it has enough. The entry
/// it finds lives as long as `room`.
template <typename Entry, typename Lookup>
Entry* Find(Entry& entry, std::vector<char>& room, const Lookup& lookup) {
  for (size_t size = kUsualAnswer; size <= kLargestAnswer; size *= 4) {
    room.resize(size);
    Entry* found = nullptr;
    const int result = lookup(&entry, room.data(), room.size(), &found);
    if (result != ERANGE) return result == 0 ? found : nullptr;
  }
  return nullptr;
}

}  // namespace

std::optional<std::array<std::byte, 4>> HostAddress(const std::string& name) {
  hostent entry{};
  std::vector<char> room;
  const hostent* const host =
      Find(entry, room, [&](hostent* into, char* buffer, size_t size, hostent** found) {
        int reason = 0;
        return ::gethostbyname_r(name.c_str(), into, buffer, size, found, &reason);
      });
  std::array<std::byte, 4> address{};
  if (host == nullptr || host->h_addrtype != AF_INET ||
      host->h_length != static_cast<int>(address.size()) || host->h_addr_list[0] == nullptr) {
    return std::nullopt;
  }
  std::memcpy(address.data(), host->h_addr_list[0], address.size());
  return address;
}

std::optional<std::string> HostName(std::span<const std::byte> address) {
  const int family = address.size() == 4 ? AF_INET : AF_INET6;
  hostent entry{};
  std::vector<char> room;
  const hostent* const host =
      Find(entry, room, [&](hostent* into, char* buffer, size_t size, hostent** found) {
        int reason = 0;
        return ::gethostbyaddr_r(address.data(), static_cast<socklen_t>(address.size()), family,
                                 into, buffer, size, found, &reason);
      });
  if (host == nullptr || host->h_name == nullptr) return std::nullopt;
  return host->h_name;
}

std::optional<uint16_t> ServicePort(const std::string& name, const std::string& protocol) {
  servent entry{};
  std::vector<char> room;
  const servent* const service =
      Find(entry, room, [&](servent* into, char* buffer, size_t size, servent** found) {
        return ::getservbyname_r(name.c_str(), protocol.c_str(), into, buffer, size, found);
      });
  if (service == nullptr) return std::nullopt;
  return ntohs(static_cast<uint16_t>(service->s_port));
}

std::optional<std::string> ServiceName(uint16_t port, const std::string& protocol) {
  servent entry{};
  std::vector<char> room;
  const servent* const service =
      Find(entry, room, [&](servent* into, char* buffer, size_t size, servent** found) {
        return ::getservbyport_r(htons(port), protocol.c_str(), into, buffer, size, found);
      });
  if (service == nullptr || service->s_name == nullptr) return std::nullopt;
  return service->s_name;
}

std::string ErrorText(int error_number) { return std::generic_category().message(error_number); }

}  // namespace lvskit::system
