#include "route/client.h"

#include <fcntl.h>
#include <linux/fou.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <cerrno>

#include "system/system_error.h"

namespace lvskit::route {

using system::SystemError;

namespace {

/// A table under steady change may interrupt one read after another; whoever asks is told rather
/// than kept waiting.
constexpr int kDumpAttempts = 8;

std::optional<system::FileDescriptor> Hold(const system::NetworkNamespace& network_namespace) {
  if (network_namespace.own()) return std::nullopt;
  system::FileDescriptor held;
  network_namespace.Run([&] {
    held = system::FileDescriptor(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!held.valid()) throw SystemError::FromErrno("open");
  });
  return held;
}

}  // namespace

Client::Client(const system::NetworkNamespace& network_namespace)
    : namespace_(Hold(network_namespace)), route_(NETLINK_ROUTE, Namespace()) {}

system::NetworkNamespace Client::Namespace() const {
  if (!namespace_) return {};
  return system::NetworkNamespace(namespace_->get());
}

uint16_t Client::FlagsOf(Verb verb) {
  switch (verb) {
    case Verb::kAdd:
      return NLM_F_CREATE | NLM_F_EXCL;
    case Verb::kReplace:
      return NLM_F_CREATE | NLM_F_REPLACE;
    case Verb::kModify:
    case Verb::kRemove:
      break;
  }
  return 0;
}

void Client::Transact(netlink::Socket& socket, uint32_t sequence, const Reply& on_reply) {
  const auto failures =
      socket.Transact(writer_, sequence, [&](size_t /*index*/, const netlink::Message& message) {
        if (on_reply) on_reply(message);
      });
  if (failures.empty()) return;
  throw SystemError(failures.front().error_number, "sendmsg", failures.front().message);
}

void Client::Dump(netlink::Socket& socket, const std::function<uint32_t()>& request,
                  const std::function<void()>& restart, const Reply& on_entry) {
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    restart();
    const uint32_t sequence = request();
    if (socket.Dump(writer_, sequence, on_entry)) return;
  }
  throw SystemError(EINTR, "recvmmsg");
}

uint16_t Client::FouFamily() {
  if (!generic_) generic_.emplace(NETLINK_GENERIC, Namespace());
  // Asked every time: loading the module again gives the family another number.
  const auto family = netlink::ResolveFamily(*generic_, FOU_GENL_NAME);
  if (!family) throw SystemError(ENOENT, "CTRL_CMD_GETFAMILY");
  return *family;
}

uint32_t Client::FouRequest(uint16_t family, uint8_t command, uint16_t flags, const FouPort& port) {
  const uint32_t sequence = generic_->ReserveSequences(1);
  writer_.Clear();
  netlink::BeginGeneric(writer_, family, command, FOU_GENL_VERSION, flags, sequence);
  Encode(writer_, port);
  writer_.End();
  return sequence;
}

void Client::Change(Verb verb, const FouPort& port) {
  const uint8_t command = verb == Verb::kRemove ? FOU_CMD_DEL : FOU_CMD_ADD;
  const uint32_t sequence = FouRequest(FouFamily(), command, 0, port);
  Transact(*generic_, sequence, {});
}

std::vector<FouPort> Client::List(const FouPort& filter) {
  std::vector<FouPort> ports;
  const uint16_t family = FouFamily();
  Dump(
      *generic_, [&] { return FouRequest(family, FOU_CMD_GET, NLM_F_DUMP, filter); },
      [&] { ports.clear(); },
      [&](const netlink::Message& message) {
        if (message.header.nlmsg_type == family) {
          Decode(message.AttributesAfter<genlmsghdr>(), ports.emplace_back());
        }
      });
  return ports;
}

}  // namespace lvskit::route
