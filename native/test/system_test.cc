#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <thread>
#include <utility>

#include "support.h"
#include "system/file_descriptor.h"
#include "system/namespace.h"
#include "system/system_error.h"

namespace lvskit {
namespace {

using system::FileDescriptor;
using system::NetworkNamespace;
using system::SystemError;

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

FileDescriptor OpenNull() { return FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST_CASE("a descriptor is closed once, by its last owner") {
  int number = -1;
  {
    FileDescriptor first = OpenNull();
    REQUIRE(first.valid());
    number = first.get();
    FileDescriptor second = std::move(first);
    CHECK(second.get() == number);
    CHECK(IsOpen(number));
    FileDescriptor other = OpenNull();
    const int replaced = other.get();
    other = std::move(second);
    CHECK_FALSE(IsOpen(replaced));
    CHECK(other.get() == number);
    FileDescriptor& itself = other;
    other = std::move(itself);
    CHECK(IsOpen(number));
  }
  CHECK_FALSE(IsOpen(number));
}

TEST_CASE("a released descriptor stays open, and closing twice closes nothing else") {
  FileDescriptor owner = OpenNull();
  const int number = owner.Release();
  CHECK_FALSE(owner.valid());
  CHECK(IsOpen(number));
  FileDescriptor again(number);
  again.Close();
  CHECK_FALSE(IsOpen(number));
  const FileDescriptor reused = OpenNull();
  again.Close();
  CHECK(IsOpen(reused.get()));
}

void CheckRefusal(const NetworkNamespace& target, const char* syscall, int error_number) {
  try {
    target.Run([] { FAIL("work was done outside the namespace"); });
    FAIL("the namespace was entered");
  } catch (const SystemError& error) {
    CHECK(error.syscall() == syscall);
    CHECK(error.error_number() == error_number);
  }
}

TEST_CASE("work for the process's own namespace runs on the calling thread") {
  std::thread::id worker;
  NetworkNamespace().Run([&] { worker = std::this_thread::get_id(); });
  CHECK(worker == std::this_thread::get_id());
}

TEST_CASE("a namespace that is missing, or is none, is refused by name of the call") {
  CheckRefusal(NetworkNamespace("/run/netns/no-such-namespace"), "open", ENOENT);
  CheckRefusal(NetworkNamespace(1'000'000), "setns", EBADF);
  const FileDescriptor null = OpenNull();
  CheckRefusal(NetworkNamespace(null.get()), "setns", EINVAL);
}

TEST_CASE("work for another namespace runs there, and the calling thread stays where it was") {
  const NetworkNamespace own("/proc/self/ns/net");
  if (::geteuid() != 0) {
    CheckRefusal(own, "setns", EPERM);
    return;
  }
  std::thread::id worker;
  own.Run([&] { worker = std::this_thread::get_id(); });
  CHECK(worker != std::this_thread::get_id());
  CHECK_THROWS_AS(own.Run([] { throw std::domain_error("enough"); }), std::domain_error);
}

}  // namespace
}  // namespace lvskit
