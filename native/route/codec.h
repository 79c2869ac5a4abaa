#pragma once

#include <arpa/inet.h>

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "netlink/attribute.h"
#include "netlink/message.h"
#include "route/shape.h"

namespace lvskit::route {

/// How a member of type T reads and writes itself as one attribute.
template <typename T>
struct Codec;

/// Reads a run of attributes into what `out` has members for; others are passed over, since every
/// kernel adds some.
template <Shaped T>
void Decode(std::span<const std::byte> bytes, T& out, Dialect dialect = Dialect::kUsual) {
  netlink::AttributeReader attributes(bytes);
  netlink::Attribute attribute;
  const auto read = [&](const auto& field) {
    if (attribute.type != 0 && attribute.type == field.Type(dialect)) {
      using Value = std::remove_cvref_t<decltype(out.*field.member)>;
      Codec<Value>::Read(attribute, out.*field.member);
    }
  };
  while (attributes.Next(attribute)) {
    std::apply([&](const auto&... fields) { (read(fields), ...); }, Shape<T>::kAttributes);
  }
}

template <ShapedWithHeader T>
void DecodeHeader(const typename Shape<T>::Header& header, T& out) {
  std::apply(
      [&](const auto&... fields) {
        ((out.*fields.member =
              static_cast<std::remove_cvref_t<decltype(out.*fields.member)>>(header.*fields.wire)),
         ...);
      },
      Shape<T>::kHeader);
}

/// Reads a fixed structure and the attributes behind it.
template <ShapedWithHeader T>
void DecodeWithHeader(std::span<const std::byte> payload, T& out) {
  using Header = typename Shape<T>::Header;
  const netlink::Message message{.header = {}, .payload = payload};
  DecodeHeader(message.FixedHeader<Header>(), out);
  Decode(message.AttributesAfter<Header>(), out);
}

template <Shaped T>
void Encode(netlink::MessageWriter& writer, const T& value, Dialect dialect = Dialect::kUsual) {
  const auto write = [&](const auto& field) {
    using Value = std::remove_cvref_t<decltype(value.*field.member)>;
    const uint16_t type = field.Type(dialect);
    if (type != 0) Codec<Value>::Write(writer, type, value.*field.member);
  };
  std::apply([&](const auto&... fields) { (write(fields), ...); }, Shape<T>::kAttributes);
}

template <ShapedWithHeader T>
[[nodiscard]] typename Shape<T>::Header EncodeHeader(const T& value) {
  typename Shape<T>::Header header{};
  std::apply(
      [&](const auto&... fields) {
        ((header.*fields.wire = static_cast<std::remove_cvref_t<decltype(header.*fields.wire)>>(
              value.*fields.member)),
         ...);
      },
      Shape<T>::kHeader);
  return header;
}

template <ShapedWithHeader T>
void EncodeWithHeader(netlink::MessageWriter& writer, const T& value) {
  writer.Header(EncodeHeader(value));
  Encode(writer, value);
}

template <>
struct Codec<uint8_t> {
  static void Read(const netlink::Attribute& attribute, uint8_t& out) { out = attribute.U8(); }
  static void Write(netlink::MessageWriter& writer, uint16_t type, uint8_t value) {
    writer.U8(type, value);
  }
};

template <>
struct Codec<uint16_t> {
  static void Read(const netlink::Attribute& attribute, uint16_t& out) { out = attribute.U16(); }
  static void Write(netlink::MessageWriter& writer, uint16_t type, uint16_t value) {
    writer.U16(type, value);
  }
};

template <>
struct Codec<uint32_t> {
  static void Read(const netlink::Attribute& attribute, uint32_t& out) { out = attribute.U32(); }
  static void Write(netlink::MessageWriter& writer, uint16_t type, uint32_t value) {
    writer.U32(type, value);
  }
};

template <>
struct Codec<int32_t> {
  static void Read(const netlink::Attribute& attribute, int32_t& out) { out = attribute.S32(); }
  static void Write(netlink::MessageWriter& writer, uint16_t type, int32_t value) {
    writer.U32(type, static_cast<uint32_t>(value));
  }
};

template <>
struct Codec<BigEndian<uint16_t>> {
  static void Read(const netlink::Attribute& attribute, BigEndian<uint16_t>& out) {
    out.value = ntohs(attribute.U16());
  }
  static void Write(netlink::MessageWriter& writer, uint16_t type,
                    const BigEndian<uint16_t>& value) {
    writer.U16(type, htons(value.value));
  }
};

template <>
struct Codec<BigEndian<uint32_t>> {
  static void Read(const netlink::Attribute& attribute, BigEndian<uint32_t>& out) {
    out.value = ntohl(attribute.U32());
  }
  static void Write(netlink::MessageWriter& writer, uint16_t type,
                    const BigEndian<uint32_t>& value) {
    writer.U32(type, htonl(value.value));
  }
};

/// An attribute without payload: it is there, or it is not.
template <>
struct Codec<bool> {
  static void Read(const netlink::Attribute& /*attribute*/, bool& out) { out = true; }
  static void Write(netlink::MessageWriter& writer, uint16_t type, bool value) {
    if (value) writer.Flag(type);
  }
};

template <>
struct Codec<std::string> {
  static void Read(const netlink::Attribute& attribute, std::string& out) {
    out = attribute.Text();
  }
  static void Write(netlink::MessageWriter& writer, uint16_t type, const std::string& value) {
    writer.String(type, value);
  }
};

template <>
struct Codec<Bytes> {
  static void Read(const netlink::Attribute& attribute, Bytes& out) {
    out.assign(attribute.payload.begin(), attribute.payload.end());
  }
  static void Write(netlink::MessageWriter& writer, uint16_t type, const Bytes& value) {
    writer.Bytes(type, value);
  }
};

/// Absent and present are told apart for every attribute.
template <typename T>
struct Codec<std::optional<T>> {
  static void Read(const netlink::Attribute& attribute, std::optional<T>& out) {
    Codec<T>::Read(attribute, out.emplace());
  }
  static void Write(netlink::MessageWriter& writer, uint16_t type, const std::optional<T>& value) {
    if (value) Codec<T>::Write(writer, type, *value);
  }
};

/// An attribute that may come several times in a row.
template <>
struct Codec<std::vector<std::string>> {
  static void Read(const netlink::Attribute& attribute, std::vector<std::string>& out) {
    out.emplace_back(attribute.Text());
  }
  static void Write(netlink::MessageWriter& writer, uint16_t type,
                    const std::vector<std::string>& values) {
    for (const std::string& value : values) writer.String(type, value);
  }
};

/// A nested attribute, with a fixed structure in front where its shape has one.
template <Shaped T>
struct Codec<T> {
  static void Read(const netlink::Attribute& attribute, T& out) {
    if constexpr (ShapedWithHeader<T>) {
      DecodeWithHeader(attribute.payload, out);
    } else {
      Decode(attribute.payload, out);
    }
  }
  static void Write(netlink::MessageWriter& writer, uint16_t type, const T& value) {
    const size_t mark = writer.BeginNest(type);
    if constexpr (ShapedWithHeader<T>) {
      EncodeWithHeader(writer, value);
    } else {
      Encode(writer, value);
    }
    writer.EndNest(mark);
  }
};

}  // namespace lvskit::route
