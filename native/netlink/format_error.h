#pragma once

#include <stdexcept>

namespace lvskit::netlink {

/// Bytes that are not the netlink message they claim to be. A kernel never sends such; seeing one
/// means memory was overwritten or somebody else is talking, so nothing of it is used.
class FormatError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace lvskit::netlink
