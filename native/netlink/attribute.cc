#include "netlink/attribute.h"

#include <algorithm>

namespace lvskit::netlink {

std::string_view Attribute::Text() const {
  const std::string_view all(reinterpret_cast<const char*>(payload.data()), payload.size());
  return all.substr(0, all.find('\0'));
}

void Attribute::CopyTo(std::span<std::byte> field) const {
  if (payload.size() > field.size()) throw FormatError("attribute longer than its field");
  const auto end = std::copy(payload.begin(), payload.end(), field.begin());
  std::fill(end, field.end(), std::byte{0});
}

void AttributeReader::RefuseShort() { throw FormatError("value shorter than its type"); }

void AttributeReader::RefuseLength(size_t length) {
  throw FormatError(length < sizeof(nlattr) ? "attribute shorter than its header"
                                            : "attribute runs past the end of its parent");
}

}  // namespace lvskit::netlink
