#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>

#include "support.h"
#include "system/file_descriptor.h"
#include "system/namespace.h"
#include "system/open_file.h"
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

TEST_CASE(
    "a file is read until the buffer is full or the file ends, however little comes at once") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const FileDescriptor source(ends[0]);
  std::thread writer([sink = FileDescriptor(ends[1])] {
    for (int part = 0; part < 5; ++part) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      if (::write(sink.get(), "abc", 3) != 3) return;
    }
  });
  std::array<std::byte, 10> buffer{};
  CHECK(system::ReadFully(source, buffer) == 10);
  CHECK(buffer[9] == std::byte{'a'});
  CHECK(system::ReadFully(source, buffer) == 5);
  CHECK(buffer[4] == std::byte{'c'});
  CHECK(system::ReadFully(source, buffer) == 0);
  CHECK(system::ReadFully(source, std::span<std::byte>()) == 0);
  writer.join();
}

TEST_CASE("a file that cannot be read is refused by name of the call") {
  const FileDescriptor folder = system::OpenFile("/", NetworkNamespace());
  std::array<std::byte, 8> buffer{};
  try {
    static_cast<void>(system::ReadFully(folder, buffer));
    FAIL("a folder was read");
  } catch (const SystemError& error) {
    CHECK(error.syscall() == "read");
    CHECK(error.error_number() == EISDIR);
  }
}

}  // namespace
}  // namespace lvskit
