#include "system/names.h"

#include <cerrno>
#include <string>
#include <vector>

#include "support.h"

namespace lvskit {
namespace {

using system::ErrorText;
using system::HostAddress;
using system::HostName;
using system::ServiceName;
using system::ServicePort;

TEST_CASE("hosts are found by name and by address") {
  const auto address = HostAddress("localhost");
  REQUIRE(address);
  CHECK(test::Copy(*address) == test::Octets({127, 0, 0, 1}));
  CHECK(HostName(*address) == "localhost");
}

TEST_CASE("numbers are hosts too, when they are addresses") {
  const auto address = HostAddress("192.0.2.7");
  REQUIRE(address);
  CHECK(test::Copy(*address) == test::Octets({192, 0, 2, 7}));
  CHECK_FALSE(HostAddress("192.0.2.256"));
}

TEST_CASE("what cannot be a name is none") {
  CHECK_FALSE(HostAddress(""));
  CHECK_FALSE(HostAddress("no host has spaces"));
  CHECK_FALSE(HostAddress(std::string(70'000, 'x')));
  CHECK_FALSE(HostAddress("\xff\xfe"));
}

TEST_CASE("services are found by name and by port, of one protocol each") {
  CHECK(ServicePort("http", "tcp") == 80);
  CHECK(ServiceName(80, "tcp") == "http");
  CHECK(ServicePort("domain", "udp") == 53);
  CHECK_FALSE(ServicePort("http", "no such protocol"));
  CHECK_FALSE(ServicePort("no-such-service", "tcp"));
  CHECK_FALSE(ServicePort("", "tcp"));
  CHECK_FALSE(ServiceName(0, "tcp"));
}

TEST_CASE("errors have the C library's words") {
  CHECK(ErrorText(ENODEV) == "No such device");
  CHECK(ErrorText(ERANGE) == "Numerical result out of range");
  CHECK(ErrorText(4096) == "Unknown error 4096");
}

}  // namespace
}  // namespace lvskit
