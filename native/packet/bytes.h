#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace lvskit::packet {

/// Reads fields in network order from the front of a frame. Past its end it gives zeros and turns
/// bad, so that a decoder asks once, at its end.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::span<const std::byte> rest() const { return rest_; }

  uint8_t U8() { return std::to_integer<uint8_t>(Array<1>()[0]); }

  uint16_t U16() {
    const auto bytes = Array<2>();
    return static_cast<uint16_t>(std::to_integer<unsigned>(bytes[0]) << 8 |
                                 std::to_integer<unsigned>(bytes[1]));
  }

  template <size_t kSize>
  std::array<std::byte, kSize> Array() {
    std::array<std::byte, kSize> value{};
    const auto bytes = Take(kSize);
    if (ok_) std::memcpy(value.data(), bytes.data(), kSize);
    return value;
  }

  std::span<const std::byte> Take(size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

 private:
  std::span<const std::byte> rest_;
  bool ok_ = true;
};

/// Writes fields in network order into a buffer that is large enough for all of them.
class Writer {
 public:
  explicit Writer(std::span<std::byte> buffer) : rest_(buffer) {}

  void U8(unsigned value) { Bytes(std::array{static_cast<std::byte>(value)}); }

  void U16(unsigned value) {
    Bytes(std::array{static_cast<std::byte>(value >> 8), static_cast<std::byte>(value)});
  }

  void Bytes(std::span<const std::byte> bytes) {
    std::memcpy(rest_.data(), bytes.data(), bytes.size());
    rest_ = rest_.subspan(bytes.size());
  }

 private:
  std::span<std::byte> rest_;
};

}  // namespace lvskit::packet
