#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "netlink/attribute.h"
#include "netlink/format_error.h"

namespace lvskit::netlink {

/// Writes one or many netlink messages into one buffer, ready for one sendmsg().
/// All integers are written in host order unless the caller has swapped them.
class MessageWriter {
 public:
  /// Starts a message. Its length is filled in by End().
  void Begin(uint16_t type, uint16_t flags, uint32_t sequence);

  /// Appends the family's own fixed header (genlmsghdr, ifinfomsg …), padded to four bytes.
  template <typename T>
  void Header(const T& header) {
    static_assert(std::is_trivially_copyable_v<T>);
    Append(&header, sizeof header);
    Pad();
  }

  void U8(uint16_t type, uint8_t value) { Plain(type, value); }
  void U16(uint16_t type, uint16_t value) { Plain(type, value); }
  void U32(uint16_t type, uint32_t value) { Plain(type, value); }
  void U64(uint16_t type, uint64_t value) { Plain(type, value); }
  void Flag(uint16_t type) { Bytes(type, {}); }
  void Bytes(uint16_t type, std::span<const std::byte> bytes);

  /// An attribute of a size that the compiler knows, which makes it a few plain stores.
  template <typename T>
  void Plain(uint16_t type, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    constexpr size_t kSize = sizeof(nlattr) + sizeof(T);
    constexpr size_t kPadding = NLA_ALIGN(kSize) - kSize;
    static_assert(kSize <= UINT16_MAX);
    const nlattr header{.nla_len = kSize, .nla_type = type};
    std::byte* const start = Extend(kSize + kPadding);
    std::memcpy(start, &header, sizeof header);
    std::memcpy(start + sizeof header, &value, sizeof value);
    if constexpr (kPadding != 0) std::memset(start + kSize, 0, kPadding);
  }
  /// With the terminating NUL that NLA_NUL_STRING asks for.
  void String(uint16_t type, std::string_view text);

  /// Opens a nested attribute; hand the returned mark to EndNest().
  [[nodiscard]] size_t BeginNest(uint16_t type) {
    const size_t mark = size_;
    const nlattr header{.nla_len = 0, .nla_type = type};
    Append(&header, sizeof header);
    return mark;
  }
  void EndNest(size_t mark);

  void End();
  void Clear();

  /// Asks the kernel to acknowledge the message that was begun last.
  void RequestAck();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {buffer_.get(), size_}; }
  [[nodiscard]] size_t count() const { return count_; }

 private:
  /// Makes room for `size` more bytes and returns where they start; they are not cleared.
  std::byte* Extend(size_t size) {
    if (capacity_ - size_ < size) Grow(size);
    std::byte* const start = buffer_.get() + size_;
    size_ += size;
    return start;
  }
  void Grow(size_t size);
  void Append(const void* data, size_t size) {
    if (size != 0) std::memcpy(Extend(size), data, size);
  }
  void Pad();

  std::unique_ptr<std::byte[]> buffer_;
  size_t size_ = 0;
  size_t capacity_ = 0;
  size_t message_ = 0;
  size_t count_ = 0;
};

/// One received message: its header by value (the buffer may be unaligned) and its payload.
struct Message {
  nlmsghdr header;
  std::span<const std::byte> payload;

  /// The family's fixed header. Throws FormatError when the payload is shorter.
  template <typename T>
  [[nodiscard]] T FixedHeader() const {
    return ReadPlain<T>(payload);
  }

  /// The attributes that follow a fixed header of type T.
  template <typename T>
  [[nodiscard]] std::span<const std::byte> AttributesAfter() const {
    constexpr size_t kOffset = NLMSG_ALIGN(sizeof(T));
    if (payload.size() < sizeof(T)) throw FormatError("message shorter than its header");
    return payload.subspan(payload.size() < kOffset ? payload.size() : kOffset);
  }
};

/// Walks the messages of one datagram.
class MessageReader {
 public:
  explicit MessageReader(std::span<const std::byte> datagram) : rest_(datagram) {}

  /// Steps to the next message; false at the end. Throws FormatError for a length that is smaller
  /// than a header or runs past the datagram.
  bool Next(Message& message);

 private:
  std::span<const std::byte> rest_;
};

}  // namespace lvskit::netlink
