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

bool AttributeReader::Next(Attribute& attribute) {
  if (rest_.empty()) return false;
  const auto header = ReadPlain<nlattr>(rest_);
  if (header.nla_len < sizeof(nlattr)) throw FormatError("attribute shorter than its header");
  if (header.nla_len > rest_.size()) throw FormatError("attribute runs past the end of its parent");
  attribute.type = header.nla_type & NLA_TYPE_MASK;
  attribute.payload = rest_.subspan(sizeof(nlattr), header.nla_len - sizeof(nlattr));
  rest_ = rest_.subspan(std::min<size_t>(NLA_ALIGN(header.nla_len), rest_.size()));
  return true;
}

}  // namespace lvskit::netlink
