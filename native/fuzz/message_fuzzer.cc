// Messages, and attributes nested to any depth: reading never leaves the datagram, and what was
// read is written back as the same attributes.
#include <array>

#include "fuzz/harness.h"
#include "netlink/attribute.h"

namespace lvskit {
namespace {

void UseAccessors(const netlink::Attribute& attribute) {
  const auto attempt = [](const auto& read) {
    try {
      read();
    } catch (const netlink::FormatError&) {
      return;
    }
  };
  attempt([&] { (void)attribute.U8(); });
  attempt([&] { (void)attribute.U16(); });
  attempt([&] { (void)attribute.U32(); });
  attempt([&] { (void)attribute.S32(); });
  attempt([&] { (void)attribute.U64(); });
  fuzz::Require(attribute.Text().size() <= attribute.payload.size());
  attempt([&] {
    std::array<std::byte, 16> field{};
    attribute.CopyTo(field);
  });
}

// Every payload is taken for a nest: which of them are is for the decoders to know. The depth
// needs no limit, since each level is at least a header shorter.
void Walk(std::span<const std::byte> bytes) {
  netlink::AttributeReader reader(bytes);
  netlink::Attribute attribute;
  netlink::MessageWriter writer;
  try {
    while (reader.Next(attribute)) {
      fuzz::Require(attribute.payload.data() >= bytes.data());
      fuzz::Require(attribute.payload.data() + attribute.payload.size() <=
                    bytes.data() + bytes.size());
      UseAccessors(attribute);
      writer.Bytes(attribute.type, attribute.payload);
      Walk(attribute.payload);
    }
  } catch (const netlink::FormatError&) {
    return;
  }
  netlink::AttributeReader original(bytes);
  netlink::AttributeReader written(writer.bytes());
  netlink::Attribute copy;
  while (original.Next(attribute)) {
    fuzz::Require(written.Next(copy));
    fuzz::Require(copy.type == attribute.type && copy.payload.size() == attribute.payload.size());
  }
  fuzz::Require(!written.Next(copy));
}

}  // namespace
}  // namespace lvskit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::ForEachMessage(data, size, [](const lvskit::netlink::Message& message) {
    lvskit::Walk(message.payload);
    lvskit::Walk(message.AttributesAfter<uint32_t>());
  });
}
