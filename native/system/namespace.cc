#include "system/namespace.h"

#include <fcntl.h>
#include <sched.h>

#include <exception>
#include <thread>

#include "system/file_descriptor.h"
#include "system/system_error.h"

namespace lvskit::system {

void NetworkNamespace::Run(const std::function<void()>& work) const {
  if (own()) {
    work();
    return;
  }
  std::exception_ptr failure;
  std::thread visitor([&] {
    try {
      Enter();
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  visitor.join();
  if (failure) std::rethrow_exception(failure);
}

void NetworkNamespace::Enter() const {
  if (own()) return;
  if (const int* const fd = std::get_if<int>(&target_)) {
    if (::setns(*fd, CLONE_NEWNET) != 0) throw SystemError::FromErrno("setns");
    return;
  }
  const FileDescriptor file(::open(std::get<std::string>(target_).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) throw SystemError::FromErrno("open");
  if (::setns(file.get(), CLONE_NEWNET) != 0) throw SystemError::FromErrno("setns");
}

}  // namespace lvskit::system
