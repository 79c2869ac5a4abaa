#include "text/connection_rows.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "text/endpoint.h"
#include "text/text_writer.h"

namespace lvskit::text {

namespace {

/// The fields of a line, in their order.
enum Field : size_t {
  kProtocol,
  kClient,
  kClientPort,
  kVirtual,
  kVirtualPort,
  kDestination,
  kDestinationPort,
  kState,
  kExpires,
  kEngine,
  kData,
  kMostFields,
};
constexpr size_t kFewestFields = kEngine;

constexpr std::array<bool, 256> kIsBlank = [] {
  std::array<bool, 256> blank{};
  for (const char character : {' ', '\t', '\n', '\v', '\f', '\r'}) {
    blank[static_cast<unsigned char>(character)] = true;
  }
  return blank;
}();

constexpr uint8_t kNoDigit = 0xff;
constexpr std::array<uint8_t, 256> kDigitValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (uint8_t digit = 0; digit < 10; ++digit) values['0' + digit] = digit;
  for (uint8_t letter = 0; letter < 6; ++letter) {
    values['a' + letter] = values['A' + letter] = static_cast<uint8_t>(10 + letter);
  }
  return values;
}();

/// The number that one to eight hexadecimal digits spell.
std::optional<uint32_t> Hexadecimal(std::string_view digits) {
  if (digits.empty() || digits.size() > 8) return std::nullopt;
  uint32_t value = 0;
  uint8_t seen = 0;
  for (const char character : digits) {
    const uint8_t digit = kDigitValues[static_cast<unsigned char>(character)];
    seen |= digit;
    value = value << 4 | digit;
  }
  if (seen > 15) return std::nullopt;
  return value;
}

/// A line cut at its blanks. What comes behind the last field of interest is not looked at.
class Line {
 public:
  explicit Line(std::string_view text) {
    const char* at = text.data();
    const char* const end = at + text.size();
    while (count_ < kMostFields) {
      while (at != end && kIsBlank[static_cast<unsigned char>(*at)]) ++at;
      if (at == end) return;
      const char* const from = at;
      while (at != end && !kIsBlank[static_cast<unsigned char>(*at)]) ++at;
      fields_[count_++] = {from, static_cast<size_t>(at - from)};
    }
  }

  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] std::string_view operator[](Field field) const { return fields_[field]; }

 private:
  std::array<std::string_view, kMostFields> fields_;
  size_t count_ = 0;
};

void StoreBigEndian(uint32_t value, std::span<std::byte> bytes) {
  for (size_t index = bytes.size(); index > 0; value >>= 8) bytes[--index] = std::byte(value);
}

/// An address and a port, with blanks behind them up to a width.
bool WriteEndpoint(TextWriter& writer, std::string_view address, std::string_view port_digits,
                   size_t width) {
  const auto port = Hexadecimal(port_digits);
  if (!port || *port > UINT16_MAX) return false;
  const size_t start = writer.written();
  if (address.size() == 8) {
    const auto number = Hexadecimal(address);
    if (!number) return false;
    std::array<std::byte, 4> bytes{};
    StoreBigEndian(*number, bytes);
    WriteIpv4Endpoint(writer, bytes, static_cast<uint16_t>(*port));
  } else {
    constexpr size_t kGroups = 8;
    constexpr size_t kGroupSize = 5;  // with the colon behind it, which the last one lacks
    if (address.size() != kGroups * kGroupSize - 1) return false;
    std::array<std::byte, 16> bytes{};
    for (size_t group = 0; group < kGroups; ++group) {
      const size_t from = group * kGroupSize;
      const auto number = Hexadecimal(address.substr(from, kGroupSize - 1));
      if (!number || (group > 0 && address[from - 1] != ':')) return false;
      StoreBigEndian(*number, std::span(bytes).subspan(group * 2, 2));
    }
    WriteIpv6Endpoint(writer, bytes, static_cast<uint16_t>(*port));
  }
  writer.PadFrom(start, width);
  return true;
}

/// Seconds as minutes and seconds, of two digits at least each.
bool WriteTime(TextWriter& writer, std::string_view digits) {
  if (digits.size() > 10) return false;
  uint64_t total = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return false;
    total = total * 10 + static_cast<uint64_t>(digit - '0');
  }
  const size_t start = writer.written();
  writer.Number(total / 60, 2, '0');
  writer.Character(':');
  writer.Number(total % 60, 2, '0');
  writer.PadFrom(start, 6);
  return true;
}

/// False when the line is no entry, with part of the row written.
bool WriteRow(TextWriter& writer, std::string_view text, bool with_engines) {
  const Line line(text);
  if (line.count() < kFewestFields) return false;
  writer.Column(line[kProtocol], 3);
  writer.Character(' ');
  if (!WriteTime(writer, line[kExpires])) return false;
  writer.Character(' ');
  writer.Column(line[kState], 11);
  writer.Character(' ');
  if (!WriteEndpoint(writer, line[kClient], line[kClientPort], 18)) return false;
  writer.Character(' ');
  if (!WriteEndpoint(writer, line[kVirtual], line[kVirtualPort], 18)) return false;
  writer.Character(' ');
  const bool has_engine = with_engines && line.count() == kMostFields;
  const size_t width = has_engine ? 16 : 0;
  if (!WriteEndpoint(writer, line[kDestination], line[kDestinationPort], width)) return false;
  if (has_engine) {
    writer.Character(' ');
    writer.Column(line[kEngine], 18);
    writer.Character(' ');
    writer.Text(line[kData]);
  }
  writer.Character('\n');
  return true;
}

}  // namespace

ConnectionRows WriteConnectionRows(std::span<const std::byte> input, std::span<std::byte> output,
                                   bool with_engines) {
  const char* const text = reinterpret_cast<const char*>(input.data());
  ConnectionRows rows{};
  while (rows.read < input.size() && output.size() - rows.written >= kLongestLine + kMostAdded) {
    const char* const from = text + rows.read;
    const auto* const end =
        static_cast<const char*>(std::memchr(from, '\n', input.size() - rows.read));
    if (end == nullptr) break;
    const auto size = static_cast<size_t>(end - from);
    TextWriter writer(output.subspan(rows.written));
    if (size > kLongestLine || !WriteRow(writer, {from, size}, with_engines)) {
      rows.malformed = true;
      break;
    }
    rows.read += size + 1;
    rows.written += writer.written();
  }
  return rows;
}

}  // namespace lvskit::text
