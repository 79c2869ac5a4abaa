#include "text/connection_rows.h"

#include <string>
#include <string_view>
#include <vector>

#include "kernel_messages.h"
#include "support.h"

namespace lvskit {
namespace {

using text::ConnectionRows;
using text::kLongestLine;
using text::kMostAdded;
using text::WriteConnectionRows;

struct Listing {
  std::string rows;
  size_t read;
  bool malformed;
};

Listing List(std::string_view lines, bool with_engines = false,
             size_t room = kLongestLine + kMostAdded) {
  // In memory of their own size, so that a sanitizer sees a step over either end.
  const auto bytes = std::as_bytes(std::span(lines));
  const std::vector<std::byte> input(bytes.begin(), bytes.end());
  std::vector<std::byte> output(room);
  Listing listing{};
  for (;;) {
    const ConnectionRows rows =
        WriteConnectionRows(std::span(input).subspan(listing.read), output, with_engines);
    listing.rows.append(reinterpret_cast<const char*>(output.data()), rows.written);
    listing.read += rows.read;
    listing.malformed = rows.malformed;
    if (rows.malformed || rows.read == 0) return listing;
  }
}

constexpr std::string_view kPlain =
    "TCP 0A090001 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED     899\n";

TEST_CASE("connections of every kind become rows as ipvsadm prints them") {
  CHECK(List(kPlain).rows ==
        "TCP 14:59  ESTABLISHED 10.9.0.1:35434     10.9.0.1:80        10.9.0.2:8080\n");
  CHECK(List("SCTP FFFFFFFF FFFF 00000000 0001 C0A86464 0009 ESTABLISHED   86399\n").rows ==
        "SCTP 1439:59 ESTABLISHED 255.255.255.255:65535 0.0.0.0:1          192.168.100.100:9\n");
  CHECK(List("TCP fd00:0009:0000:0000:0000:0000:0000:0001 CFD4 "
             "0000:0000:0000:0000:0000:0000:0102:0304 0050 "
             "fd00:0009:0000:0000:0000:0000:0000:0002 1F90 CLOSE             9\n")
            .rows ==
        "TCP 00:09  CLOSE       [fd00:9::1]:53204  [::1.2.3.4]:80     [fd00:9::2]:8080\n");
}

TEST_CASE("name and data of an engine are shown when they are asked for") {
  constexpr std::string_view kCall =
      "UDP 0A090001 0000 0A090001 13C4 0A090002 13C4 NONE             59 sip abc@10.3.0.2\n";
  CHECK(List(kCall).rows ==
        "UDP 00:59  NONE        10.9.0.1:0         10.9.0.1:5060      10.9.0.2:5060\n");
  CHECK(List(kCall, true).rows ==
        "UDP 00:59  NONE        10.9.0.1:0         10.9.0.1:5060      10.9.0.2:5060    "
        "sip                abc@10.3.0.2\n");
}

TEST_CASE("a line that is no entry ends the rows, and is left") {
  for (const std::string_view wrong : {
           "\n",
           "TCP\n",
           "TCP 0A090001 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED\n",
           "TCP 0A09000 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED 899\n",
           "TCP 0A09000G 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED 899\n",
           "TCP 0A090001 8A6A 0A090001 0050 0A090002 11F90 ESTABLISHED 899\n",
           "TCP 0A090001 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED -1\n",
           "TCP 0A090001 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED 12345678901\n",
           "TCP fd00:9::1 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED 899\n",
           "TCP fd00:0009:0000:0000:0000:0000:0000.0001 1 0A090001 0050 0A090002 1 CLOSE 9\n",
       }) {
    CAPTURE(wrong);
    const Listing listing = List(std::string(kPlain).append(wrong).append(kPlain));
    CHECK(listing.malformed);
    CHECK(listing.read == kPlain.size());
  }
}

TEST_CASE("a line without its end is left for the next block") {
  for (size_t size = 0; size < kPlain.size(); ++size) {
    const Listing listing = List(kPlain.substr(0, size));
    CHECK_FALSE(listing.malformed);
    CHECK(listing.read == 0);
  }
}

TEST_CASE("rows are made as long as there is room for the longest") {
  std::string lines;
  for (size_t line = 0; line < 1000; ++line) lines += kPlain;
  const Listing whole = List(lines, false, size_t{1} << 20);
  CHECK(whole.read == lines.size());
  CHECK(List(lines).rows == whole.rows);
  CHECK(List(lines, false, kLongestLine + kMostAdded - 1).read == 0);
  CHECK(List({}).read == 0);
}

TEST_CASE("the longest line has room, and one that is longer is none") {
  std::string line = "UDP FFFFFFFF FFFF FFFFFFFF FFFF FFFFFFFF FFFF NONE 4294967295 sip ";
  line.resize(kLongestLine, 'x');
  const Listing longest = List(line + '\n', true);
  CHECK_FALSE(longest.malformed);
  CHECK(longest.rows.size() <= kLongestLine + kMostAdded);
  CHECK(List(line + "x\n", true).malformed);
}

TEST_CASE("every kernel's tables are read to their end") {
  for (const std::string kernel : test::kKernels) {
    CAPTURE(kernel);
    for (const test::Bytes& bytes : test::Captured("connection_rows", kernel)) {
      const std::string_view lines(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      const Listing listing = List(lines, true);
      CHECK_FALSE(listing.malformed);
      CHECK(listing.read == lines.size());
      CHECK(listing.rows.find("ESTABLISHED") != std::string::npos);
      CHECK(listing.rows.find("[fd00:") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace lvskit
