#pragma once

#include <algorithm>
#include <vector>

#include "fuzz/harness.h"
#include "route/codec.h"

namespace lvskit::fuzz {

/// Reads an entry of rtnetlink and writes it: writing is not allowed to be refused, and reading
/// and writing once more must change nothing.
template <route::ShapedWithHeader T>
int RoundTrip(const uint8_t* data, size_t size) {
  const auto write = [](const T& entry) {
    netlink::MessageWriter writer;
    try {
      route::EncodeWithHeader(writer, entry);
    } catch (const netlink::FormatError&) {
      Require(false);
    }
    return std::vector<std::byte>(writer.bytes().begin(), writer.bytes().end());
  };
  return ForEachMessage(data, size, [&](const netlink::Message& message) {
    T entry;
    route::DecodeWithHeader(message.payload, entry);
    const auto written = write(entry);
    T again;
    try {
      route::DecodeWithHeader(std::span<const std::byte>(written), again);
    } catch (const netlink::FormatError&) {
      Require(false);
    }
    Require(write(again) == written);
  });
}

}  // namespace lvskit::fuzz
