#pragma once

#include <cerrno>
#include <exception>
#include <string>
#include <utility>

namespace lvskit::system {

/// A refusal by the kernel: which call, which errno, and the kernel's own words where it gave any.
/// Sentences for people are composed above the addon, where it is known what was being tried.
class SystemError : public std::exception {
 public:
  SystemError(int error_number, std::string syscall, std::string kernel_message = {})
      : error_number_(error_number),
        syscall_(std::move(syscall)),
        kernel_message_(std::move(kernel_message)) {}

  /// Takes errno as it stands, so it has to be built before anything else can change it.
  static SystemError FromErrno(std::string syscall) {
    const int error_number = errno;
    return SystemError(error_number, std::move(syscall));
  }

  [[nodiscard]] const char* what() const noexcept override { return syscall_.c_str(); }
  [[nodiscard]] int error_number() const { return error_number_; }
  [[nodiscard]] const std::string& syscall() const { return syscall_; }
  [[nodiscard]] const std::string& kernel_message() const { return kernel_message_; }

 private:
  int error_number_;
  std::string syscall_;
  std::string kernel_message_;
};

}  // namespace lvskit::system
