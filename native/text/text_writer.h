#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string_view>

namespace lvskit::text {

/// Writes text into a buffer, and never behind it: that is a std::length_error, since whoever
/// writes a line has to know how long it can become.
class TextWriter {
 public:
  explicit TextWriter(std::span<std::byte> buffer)
      : begin_(reinterpret_cast<char*>(buffer.data())), at_(begin_), end_(at_ + buffer.size()) {}

  [[nodiscard]] size_t written() const { return static_cast<size_t>(at_ - begin_); }
  [[nodiscard]] size_t room() const { return static_cast<size_t>(end_ - at_); }

  void Character(char character) { *Claim(1) = character; }

  void Text(std::string_view text) {
    if (!text.empty()) std::memcpy(Claim(text.size()), text.data(), text.size());
  }

  /// Text with blanks behind it up to a width.
  void Column(std::string_view text, size_t width) {
    const size_t start = written();
    Text(text);
    PadFrom(start, width);
  }

  /// Blanks, until `width` bytes follow `start`; none when there are more.
  void PadFrom(size_t start, size_t width) {
    const size_t length = written() - start;
    if (length < width) std::memset(Claim(width - length), ' ', width - length);
  }

  /// A number in decimal, with blanks or something else before it up to a width.
  void Number(uint64_t value, size_t width = 0, char filling = ' ') {
    std::array<char, 20> digits;
    const char* const end = std::to_chars(digits.begin(), digits.end(), value).ptr;
    const auto count = static_cast<size_t>(end - digits.data());
    if (count < width) std::memset(Claim(width - count), filling, width - count);
    Text({digits.data(), count});
  }

  /// A number with blanks behind it up to a width.
  void NumberColumn(uint64_t value, size_t width) {
    const size_t start = written();
    Number(value);
    PadFrom(start, width);
  }

 private:
  char* Claim(size_t size) {
    if (size > room()) throw std::length_error("text is longer than its buffer");
    char* const claimed = at_;
    at_ += size;
    return claimed;
  }

  char* begin_;
  char* at_;
  char* end_;
};

}  // namespace lvskit::text
