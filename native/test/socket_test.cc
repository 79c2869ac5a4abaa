// Against the running kernel's generic netlink controller, which every kernel has and which any
// user may ask: nothing here changes anything.
#include "netlink/socket.h"

#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>

#include "netlink/generic.h"
#include "support.h"
#include "system/system_error.h"

namespace lvskit {
namespace {

using netlink::Failure;
using netlink::FormatError;
using netlink::Message;
using netlink::MessageWriter;
using netlink::Socket;
using system::SystemError;

Socket OpenGeneric() { return Socket(NETLINK_GENERIC, system::NetworkNamespace()); }

/// Asks `count` times for a family, by the names that `name_of` gives.
template <typename NameOf>
uint32_t AskForFamilies(Socket& socket, MessageWriter& batch, size_t count, NameOf name_of) {
  const uint32_t first = socket.ReserveSequences(static_cast<uint32_t>(count));
  for (uint32_t index = 0; index < count; ++index) {
    netlink::BeginGeneric(batch, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0, first + index);
    batch.String(CTRL_ATTR_FAMILY_NAME, name_of(index));
    batch.End();
  }
  return first;
}

uint32_t DumpFamilies(Socket& socket, MessageWriter& request) {
  const uint32_t sequence = socket.ReserveSequences(1);
  netlink::BeginGeneric(request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_DUMP, sequence);
  request.End();
  return sequence;
}

std::vector<std::string> FamilyNames(Socket& socket) {
  MessageWriter request;
  const uint32_t sequence = DumpFamilies(socket, request);
  std::vector<std::string> names;
  const bool consistent = socket.Dump(request, sequence, [&](const Message& message) {
    netlink::AttributeReader attributes(message.AttributesAfter<genlmsghdr>());
    netlink::Attribute attribute;
    while (attributes.Next(attribute)) {
      if (attribute.type == CTRL_ATTR_FAMILY_NAME) names.emplace_back(attribute.Text());
    }
  });
  CHECK(consistent);
  return names;
}

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

uint32_t PortOf(int fd) {
  sockaddr_nl address{};
  socklen_t length = sizeof address;
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return address.nl_pid;
}

TEST_CASE("the controller resolves itself, and knows no family that does not exist") {
  Socket socket = OpenGeneric();
  CHECK(netlink::ResolveFamily(socket, "nlctrl") == GENL_ID_CTRL);
  CHECK_FALSE(netlink::ResolveFamily(socket, "no-such-family").has_value());
  CHECK_THROWS_AS((void)netlink::ResolveFamily(socket, std::string(300, 'x')), SystemError);
  CHECK(netlink::ResolveFamily(socket, "nlctrl") == GENL_ID_CTRL);
}

TEST_CASE("of a batch, exactly the requests that failed are reported, in their order") {
  Socket socket = OpenGeneric();
  MessageWriter batch;
  const auto exists = [](size_t index) { return index % 3 == 0; };
  const uint32_t first = AskForFamilies(
      socket, batch, 90, [&](size_t index) { return exists(index) ? "nlctrl" : "no-such-family"; });
  std::vector<size_t> replied;
  const auto failures = socket.Transact(
      batch, first, [&](size_t index, const Message&) { replied.push_back(index); });
  std::vector<size_t> failed;
  for (const Failure& failure : failures) {
    if (failure.error_number == netlink::kUnanswered) continue;
    CHECK(failure.error_number == ENOENT);
    failed.push_back(failure.index);
  }
  CHECK(replied.size() == 30);
  CHECK(failed.size() == 60);
  for (const size_t index : replied) CHECK(exists(index));
  for (const size_t index : failed) CHECK_FALSE(exists(index));
  CHECK(std::is_sorted(failed.begin(), failed.end()));
}

TEST_CASE("every one of 300 failing requests is accounted for") {
  Socket socket = OpenGeneric();
  MessageWriter batch;
  const uint32_t first =
      AskForFamilies(socket, batch, 300, [](size_t) { return "no-such-family"; });
  const auto failures = socket.Transact(batch, first, [](size_t, const Message&) {});
  REQUIRE(failures.size() == 300);
  for (size_t index = 0; index < failures.size(); ++index) CHECK(failures[index].index == index);
  CHECK(failures.front().error_number == ENOENT);
  if (::geteuid() == 0) CHECK(failures.back().error_number == ENOENT);
}

TEST_CASE("answers lost to a full receive buffer are reported as unanswered, and only once") {
  Socket socket = OpenGeneric();
  const int smallest = 0;
  REQUIRE(::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest) == 0);
  MessageWriter batch;
  const uint32_t first =
      AskForFamilies(socket, batch, 128, [](size_t) { return "no-such-family"; });
  const auto failures = socket.Transact(batch, first, [](size_t, const Message&) {});
  REQUIRE(failures.size() == 128);
  size_t unanswered = 0;
  for (size_t index = 0; index < failures.size(); ++index) {
    CHECK(failures[index].index == index);
    const int error_number = failures[index].error_number;
    if (error_number == netlink::kUnanswered) {
      ++unanswered;
    } else {
      CHECK(error_number == ENOENT);
      CHECK(unanswered == 0);
    }
  }
  CHECK(unanswered > 0);

  CHECK(Contains(FamilyNames(socket), "nlctrl"));
}

TEST_CASE("an empty batch asks nothing and fails nothing") {
  Socket socket = OpenGeneric();
  MessageWriter batch;
  CHECK(socket.Transact(batch, 1, [](size_t, const Message&) {}).empty());
}

TEST_CASE("a dump lists the families there are") {
  Socket socket = OpenGeneric();
  CHECK(Contains(FamilyNames(socket), "nlctrl"));
}

TEST_CASE("what a handler throws ends the exchange and leaves the socket usable") {
  Socket socket = OpenGeneric();
  MessageWriter request;
  const uint32_t dump = DumpFamilies(socket, request);
  CHECK_THROWS_AS(
      (void)socket.Dump(request, dump, [](const Message&) { throw std::domain_error("enough"); }),
      std::domain_error);
  MessageWriter batch;
  const uint32_t first = AskForFamilies(socket, batch, 40, [](size_t) { return "nlctrl"; });
  CHECK_THROWS_AS(
      (void)socket.Transact(batch, first,
                            [](size_t, const Message&) { throw std::domain_error("enough"); }),
      std::domain_error);
  CHECK(netlink::ResolveFamily(socket, "nlctrl") == GENL_ID_CTRL);
  CHECK(Contains(FamilyNames(socket), "nlctrl"));
}

TEST_CASE("a refused dump throws with the kernel's errno and words") {
  Socket generic = OpenGeneric();
  MessageWriter unknown_command;
  const uint32_t sequence = generic.ReserveSequences(1);
  netlink::BeginGeneric(unknown_command, GENL_ID_CTRL, 0x7f, 1, NLM_F_DUMP, sequence);
  unknown_command.End();
  try {
    (void)generic.Dump(unknown_command, sequence, [](const Message&) {});
    FAIL("the kernel took an unknown command");
  } catch (const SystemError& error) {
    CHECK(error.error_number() == EOPNOTSUPP);
    CHECK(error.syscall() == "sendmsg");
  }

  Socket route(NETLINK_ROUTE, system::NetworkNamespace());
  MessageWriter invalid;
  invalid.Begin(RTM_GETADDR, NLM_F_DUMP, 1);
  invalid.Header(ifaddrmsg{
      .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_flags = 0, .ifa_scope = 0, .ifa_index = 0});
  invalid.End();
  try {
    (void)route.Dump(invalid, 1, [](const Message&) {});
    FAIL("the kernel took a prefix length as a filter");
  } catch (const SystemError& error) {
    CHECK(error.error_number() == EINVAL);
    CHECK(error.kernel_message().find("Invalid values in header for address dump request") !=
          std::string::npos);
  }
}

TEST_CASE("what other processes send to our port is dropped") {
  Socket socket = OpenGeneric();
  Socket foreigner = OpenGeneric();
  const uint32_t sequence = socket.ReserveSequences(1);
  netlink::MessageWriter forged;
  forged.Begin(NLMSG_ERROR, 0, sequence);
  nlmsgerr error{};
  error.error = -EPERM;
  forged.Header(error);
  forged.End();
  std::vector<std::byte> datagram(forged.bytes().begin(), forged.bytes().end());
  test::Patch<uint32_t>(datagram, offsetof(nlmsghdr, nlmsg_pid), PortOf(socket.fd()));
  sockaddr_nl victim{
      .nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = PortOf(socket.fd()), .nl_groups = 0};
  const ssize_t sent = ::sendto(foreigner.fd(), datagram.data(), datagram.size(), 0,
                                reinterpret_cast<sockaddr*>(&victim), sizeof victim);
  if (::geteuid() != 0) {
    // Without CAP_NET_ADMIN the kernel itself refuses such a sender.
    CHECK(sent == -1);
    return;
  }
  REQUIRE(sent == static_cast<ssize_t>(datagram.size()));

  MessageWriter batch;
  netlink::BeginGeneric(batch, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0, sequence);
  batch.String(CTRL_ATTR_FAMILY_NAME, "nlctrl");
  batch.End();
  size_t replies = 0;
  const auto failures =
      socket.Transact(batch, sequence, [&](size_t, const Message&) { ++replies; });
  CHECK(failures.empty());
  CHECK(replies == 1);
}

TEST_CASE("sequence numbers start again at one before they would wrap into zero") {
  Socket socket = OpenGeneric();
  CHECK(socket.ReserveSequences(0xfffffff0U) == 1);
  CHECK(socket.ReserveSequences(14) == 0xfffffff1U);
  CHECK(socket.ReserveSequences(1) == 1);
}

TEST_CASE("receiving from an empty queue delivers nothing and does not wait") {
  Socket socket(NETLINK_ROUTE, system::NetworkNamespace());
  socket.Join(RTNLGRP_LINK);
  socket.Receive([](const Message&) {});
  CHECK_THROWS_AS(socket.Join(100'000), SystemError);
}

}  // namespace
}  // namespace lvskit
