// Writes the messages with which the running kernel answers our questions into files, as corpora
// for the fuzzers, and what it sends over a link meanwhile: capture FOLDER PREFIX LINK SECONDS.
// scripts/capture-corpora sets the scene and calls it.
#include <linux/fou.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ipvs/client.h"
#include "ipvs/decode.h"
#include "ipvs/encode.h"
#include "netlink/generic.h"
#include "netlink/socket.h"
#include "packet/socket.h"
#include "system/file_descriptor.h"
#include "system/open_file.h"
#include "system/system_error.h"

namespace lvskit {
namespace {

using netlink::Message;
using netlink::MessageWriter;

/// The files of one fuzzer.
class Corpus {
 public:
  Corpus(const std::filesystem::path& folder, const std::string& fuzzer, std::string prefix)
      : folder_(folder / fuzzer), prefix_(std::move(prefix)) {
    std::filesystem::create_directories(folder_);
  }

  [[nodiscard]] size_t kept() const { return kept_; }

  /// Keeps what was not seen before, the first `volatile_size` bytes aside.
  void Add(std::span<const std::byte> bytes, size_t volatile_size = 0) {
    const auto rest = bytes.subspan(std::min(volatile_size, bytes.size()));
    if (kept_ == kMaxKept || !seen_.emplace(rest.begin(), rest.end()).second) return;
    std::array<char, 16> number{};
    (void)std::snprintf(number.data(), number.size(), "-%02zu.bin", ++kept_);
    std::ofstream file(folder_ / (prefix_ + number.data()), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw system::SystemError(EIO, "write");
  }

 private:
  static constexpr size_t kMaxKept = 64;

  std::filesystem::path folder_;
  std::string prefix_;
  std::set<std::vector<std::byte>> seen_;
  size_t kept_ = 0;
};

/// Sends requests and sees every byte of the answers, refusals included.
class RawSocket {
 public:
  explicit RawSocket(int protocol) : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
    if (!fd_.valid()) throw system::SystemError::FromErrno("socket");
  }

  void Enable(int option) {
    const int on = 1;
    if (::setsockopt(fd_.get(), SOL_NETLINK, option, &on, sizeof on) != 0) {
      throw system::SystemError::FromErrno("setsockopt");
    }
  }

  /// Hands on each message of the answer, its header included, up to the end of the answer.
  void Ask(const MessageWriter& request,
           const std::function<void(std::span<const std::byte>)>& on_message) {
    const auto bytes = request.bytes();
    if (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0) {
      throw system::SystemError::FromErrno("send");
    }
    for (bool done = false; !done;) {
      const ssize_t size = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
      if (size < 0) throw system::SystemError::FromErrno("recv");
      netlink::MessageReader reader(
          std::span<const std::byte>(buffer_).first(static_cast<size_t>(size)));
      Message message{};
      while (reader.Next(message)) {
        const uint16_t type = message.header.nlmsg_type;
        if (type == NLMSG_ERROR || type == NLMSG_DONE) done = true;
        on_message({message.payload.data() - sizeof(nlmsghdr), message.header.nlmsg_len});
      }
    }
  }

 private:
  system::FileDescriptor fd_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(size_t{256} * 1024);
};

class Capture {
 public:
  Capture(std::filesystem::path folder, std::string prefix)
      : folder_(std::move(folder)),
        prefix_(std::move(prefix)),
        generic_(NETLINK_GENERIC),
        route_(NETLINK_ROUTE) {}

  void Run(const std::string& link, std::chrono::seconds duration) {
    const packet::Socket arp(packet::Protocol::kArp, link, system::NetworkNamespace());
    const packet::Socket ndp(packet::Protocol::kNdp, link, system::NetworkNamespace());
    Families();
    Ipvs();
    Table();
    Connections();
    Fou();
    Dump<ifinfomsg>("route_link", RTM_GETLINK);
    Dump<ifaddrmsg>("route_address", RTM_GETADDR);
    Dump<rtmsg>("route_route", RTM_GETROUTE);
    Dump<ndmsg>("route_neighbour", RTM_GETNEIGH);
    Dump<rtmsg>("route_rule", RTM_GETRULE);
    Refusals();
    std::this_thread::sleep_for(duration);
    Frames("arp", arp);
    Frames("ndp", ndp);
  }

 private:
  Corpus Open(const std::string& fuzzer) { return {folder_, fuzzer, prefix_}; }

  static bool IsData(std::span<const std::byte> message) {
    return netlink::ReadPlain<nlmsghdr>(message).nlmsg_type >= NLMSG_MIN_TYPE;
  }

  static void Report(const char* fuzzer, const Corpus& corpus) {
    std::printf("%s: %zu\n", fuzzer, corpus.kept());
    if (corpus.kept() == 0) throw system::SystemError(ENODATA, fuzzer);
  }

  void Generic(Corpus& corpus, const MessageWriter& request) {
    generic_.Ask(request, [&](std::span<const std::byte> message) {
      if (IsData(message)) corpus.Add(message, sizeof(nlmsghdr));
    });
  }

  uint16_t Family(std::string_view name, Corpus& corpus) {
    MessageWriter request;
    netlink::BeginGeneric(request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK, 1);
    request.String(CTRL_ATTR_FAMILY_NAME, name);
    request.End();
    uint16_t number = 0;
    generic_.Ask(request, [&](std::span<const std::byte> message) {
      if (!IsData(message)) return;
      corpus.Add(message, sizeof(nlmsghdr));
      netlink::MessageReader reader(message);
      Message description{};
      if (reader.Next(description)) {
        number = netlink::DecodeFamilyNumber(description).value_or(uint16_t{0});
      }
    });
    return number;
  }

  void Families() {
    Corpus corpus = Open("generic_family");
    Family("nlctrl", corpus);
    ipvs_ = Family(IPVS_GENL_NAME, corpus);
    fou_ = Family("fou", corpus);
    Report("generic_family", corpus);
  }

  void Ipvs() {
    Corpus services = Open("ipvs_service");
    std::vector<ipvs::ServiceRecord> found;
    MessageWriter request;
    ipvs::EncodeQuery(request, ipvs_, 1, IPVS_CMD_GET_SERVICE, NLM_F_DUMP, nullptr);
    generic_.Ask(request, [&](std::span<const std::byte> message) {
      if (!IsData(message)) return;
      services.Add(message, sizeof(nlmsghdr));
      netlink::MessageReader reader(message);
      Message answer{};
      ipvs::StatisticsRecord statistics;
      if (reader.Next(answer)) ipvs::DecodeService(answer, found.emplace_back(), statistics);
    });
    Report("ipvs_service", services);

    Corpus destinations = Open("ipvs_destination");
    for (const ipvs::ServiceRecord& service : found) {
      request.Clear();
      ipvs::EncodeQuery(request, ipvs_, 1, IPVS_CMD_GET_DEST, NLM_F_DUMP, &service);
      Generic(destinations, request);
    }
    Report("ipvs_destination", destinations);

    Corpus daemons = Open("ipvs_daemon");
    request.Clear();
    ipvs::EncodeQuery(request, ipvs_, 1, IPVS_CMD_GET_DAEMON, NLM_F_DUMP, nullptr);
    Generic(daemons, request);
    Report("ipvs_daemon", daemons);

    Corpus settings = Open("ipvs_settings");
    for (const uint8_t command : {IPVS_CMD_GET_CONFIG, IPVS_CMD_GET_INFO}) {
      request.Clear();
      ipvs::EncodeQuery(request, ipvs_, 1, command, NLM_F_ACK, nullptr);
      Generic(settings, request);
    }
    Report("ipvs_settings", settings);
  }

  /// The whole table as records, behind a byte that counts the services.
  void Table() {
    Corpus corpus = Open("table_lines");
    ipvs::Client client{system::NetworkNamespace()};
    for (const bool statistics : {false, true}) {
      const ipvs::Table table =
          client.ReadTable({.statistics = statistics, .destinations = true, .consistent = false});
      const std::span services(table.services.data(), table.services.size());
      const std::span destinations(table.destinations.data(), table.destinations.size());
      std::vector<std::byte> bytes{static_cast<std::byte>(services.size() / table.service_stride)};
      bytes.insert(bytes.end(), services.begin(), services.end());
      bytes.insert(bytes.end(), destinations.begin(), destinations.end());
      corpus.Add(bytes);
    }
    Report("table_lines", corpus);
  }

  /// The table of connections below its headings.
  void Connections() {
    Corpus corpus = Open("connection_rows");
    const auto file = system::OpenFile("/proc/thread-self/net/ip_vs_conn", {});
    std::vector<std::byte> buffer(size_t{64} * 1024);
    const auto text = std::span(buffer).first(system::ReadFully(file, buffer));
    const auto headings_end = std::ranges::find(text, std::byte{'\n'});
    if (headings_end == text.end()) throw system::SystemError(ENODATA, "connection_rows");
    corpus.Add({std::next(headings_end), text.end()});
    Report("connection_rows", corpus);
  }

  void Fou() {
    Corpus corpus = Open("fou_port");
    MessageWriter request;
    netlink::BeginGeneric(request, fou_, FOU_CMD_GET, FOU_GENL_VERSION, NLM_F_DUMP, 1);
    request.End();
    Generic(corpus, request);
    Report("fou_port", corpus);
  }

  template <typename Header>
  void Dump(const char* fuzzer, uint16_t type) {
    Corpus corpus = Open(fuzzer);
    MessageWriter request;
    request.Begin(type, NLM_F_DUMP, 1);
    request.Header(Header{});
    request.End();
    route_.Ask(request, [&](std::span<const std::byte> message) {
      if (IsData(message)) corpus.Add(message, sizeof(nlmsghdr));
    });
    Report(fuzzer, corpus);
  }

  /// What the kernel says to a scheduler it does not have, to an address that is none, and to a
  /// dump with a filter it does not know; each with the refused message and without.
  void Refusals() {
    Corpus corpus = Open("extended_ack");
    const auto keep = [&](std::span<const std::byte> message) {
      if (!IsData(message)) corpus.Add(message, sizeof(nlmsghdr));
    };
    for (const bool capped : {false, true}) {
      RawSocket generic(NETLINK_GENERIC);
      RawSocket route(NETLINK_ROUTE);
      for (RawSocket* const socket : {&generic, &route}) {
        socket->Enable(NETLINK_EXT_ACK);
        socket->Enable(NETLINK_GET_STRICT_CHK);
        if (capped) socket->Enable(NETLINK_CAP_ACK);
      }
      MessageWriter request;
      ipvs::ServiceRecord service{};
      service.family = AF_INET;
      service.protocol = IPPROTO_TCP;
      service.port = 9;
      service.scheduler[0] = std::byte{'?'};
      ipvs::RequestRecord change{};
      change.command = IPVS_CMD_NEW_SERVICE;
      change.rule.service = service;
      ipvs::EncodeRequest(request, ipvs_, 1, change);
      generic.Ask(request, keep);

      request.Clear();
      netlink::BeginGeneric(request, ipvs_, IPVS_CMD_NEW_SERVICE, 1, 0, 1);
      const size_t nest = request.BeginNest(IPVS_CMD_ATTR_SERVICE | NLA_F_NESTED);
      request.U32(IPVS_SVC_ATTR_AF, AF_INET);
      request.EndNest(nest);
      request.End();
      generic.Ask(request, keep);

      request.Clear();
      request.Begin(RTM_NEWADDR, NLM_F_CREATE, 1);
      ifaddrmsg address{};
      address.ifa_family = AF_INET;
      request.Header(address);
      request.U8(IFA_LOCAL, 1);
      request.End();
      route.Ask(request, keep);

      request.Clear();
      request.Begin(RTM_GETADDR, NLM_F_DUMP, 1);
      address.ifa_prefixlen = 24;
      request.Header(address);
      request.End();
      route.Ask(request, keep);
    }
    Report("extended_ack", corpus);
  }

  void Frames(const char* fuzzer, const packet::Socket& socket) {
    Corpus corpus = Open(fuzzer);
    socket.Receive([&](const packet::Socket::Frame& frame) { corpus.Add(frame.bytes); });
    Report(fuzzer, corpus);
  }

  std::filesystem::path folder_;
  std::string prefix_;
  RawSocket generic_;
  RawSocket route_;
  uint16_t ipvs_ = 0;
  uint16_t fou_ = 0;
};

}  // namespace
}  // namespace lvskit

int main(int count, char** arguments) {
  if (count != 5) {
    (void)std::fprintf(stderr, "usage: capture FOLDER PREFIX LINK SECONDS\n");
    return 2;
  }
  try {
    lvskit::Capture(arguments[1], arguments[2])
        .Run(arguments[3], std::chrono::seconds(std::stoi(arguments[4])));
  } catch (const lvskit::system::SystemError& error) {
    (void)std::fprintf(stderr, "capture: %s: error %d\n", error.what(), error.error_number());
    return 1;
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "capture: %s\n", error.what());
    return 1;
  }
  return 0;
}
