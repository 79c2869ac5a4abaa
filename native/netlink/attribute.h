#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "netlink/format_error.h"

namespace lvskit::netlink {

/// Copies a plain value from the front of `bytes`, which need not be aligned.
template <typename T>
[[nodiscard]] T ReadPlain(std::span<const std::byte> bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (bytes.size() < sizeof(T)) throw FormatError("value shorter than its type");
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// One attribute. Its accessors demand the exact size, and throw FormatError otherwise: a number
/// of another width would be a different attribute from the one we think it is.
struct Attribute {
  uint16_t type = 0;
  std::span<const std::byte> payload;

  [[nodiscard]] uint8_t U8() const { return Exactly<uint8_t>(); }
  [[nodiscard]] uint16_t U16() const { return Exactly<uint16_t>(); }
  [[nodiscard]] uint32_t U32() const { return Exactly<uint32_t>(); }
  [[nodiscard]] int32_t S32() const { return Exactly<int32_t>(); }
  [[nodiscard]] uint64_t U64() const { return Exactly<uint64_t>(); }

  /// Up to the first NUL, or all of it when there is none.
  [[nodiscard]] std::string_view Text() const;

  /// Copies into a fixed field, zero-filled. Throws FormatError when it does not fit.
  void CopyTo(std::span<std::byte> field) const;

 private:
  template <typename T>
  [[nodiscard]] T Exactly() const {
    if (payload.size() != sizeof(T)) throw FormatError("attribute is not of the expected size");
    return ReadPlain<T>(payload);
  }
};

/// Walks a run of attributes. Padding after the last one may be missing, as it is after the last
/// attribute of a message; anything else that does not add up is a FormatError.
class AttributeReader {
 public:
  explicit AttributeReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  /// Here for the compiler to inline: a large table is read through millions of calls.
  bool Next(Attribute& attribute) {
    if (rest_.empty()) return false;
    nlattr header;
    if (rest_.size() < sizeof header) RefuseShort();
    std::memcpy(&header, rest_.data(), sizeof header);
    const size_t length = header.nla_len;
    if (length < sizeof header || length > rest_.size()) RefuseLength(length);
    attribute.type = header.nla_type & NLA_TYPE_MASK;
    attribute.payload = rest_.subspan(sizeof header, length - sizeof header);
    const size_t step = NLA_ALIGN(length);
    rest_ = rest_.subspan(step < rest_.size() ? step : rest_.size());
    return true;
  }

 private:
  [[noreturn]] static void RefuseShort();
  [[noreturn]] static void RefuseLength(size_t length);

  std::span<const std::byte> rest_;
};

}  // namespace lvskit::netlink
