#include "netlink/attribute.h"

#include <array>
#include <string_view>

#include "support.h"

namespace lvskit {
namespace {

using netlink::Attribute;
using netlink::AttributeReader;
using netlink::FormatError;
using test::Bytes;
using test::Octets;

/// What reading all of `bytes` gives: the attributes' types and sizes.
std::vector<std::pair<uint16_t, size_t>> Walk(std::span<const std::byte> bytes) {
  std::vector<std::pair<uint16_t, size_t>> found;
  AttributeReader reader(bytes);
  Attribute attribute;
  while (reader.Next(attribute)) found.emplace_back(attribute.type, attribute.payload.size());
  return found;
}

TEST_CASE("attributes are read in their order, each at a multiple of four") {
  using Found = std::vector<std::pair<uint16_t, size_t>>;
  CHECK(Walk({}) == Found{});
  CHECK(Walk(Octets({4, 0, 1, 0})) == Found{{1, 0}});
  CHECK(Walk(Octets({5, 0, 1, 0, 9, 0, 0, 0, 4, 0, 2, 0})) == Found{{1, 1}, {2, 0}});
}

TEST_CASE("the padding after the last attribute may be missing") {
  for (const Bytes& bytes : {Octets({5, 0, 1, 0, 9}), Octets({5, 0, 1, 0, 9, 0}),
                             Octets({5, 0, 1, 0, 9, 0, 0}), Octets({5, 0, 1, 0, 9, 0, 0, 0})}) {
    CAPTURE(bytes.size());
    CHECK(Walk(bytes) == std::vector<std::pair<uint16_t, size_t>>{{1, 1}});
  }
}

TEST_CASE("attributes that do not add up are refused") {
  CHECK_THROWS_AS(Walk(Octets({4})), FormatError);
  CHECK_THROWS_AS(Walk(Octets({4, 0, 1})), FormatError);
  CHECK_THROWS_WITH_AS(Walk(Octets({0, 0, 1, 0})), "attribute shorter than its header",
                       FormatError);
  CHECK_THROWS_AS(Walk(Octets({3, 0, 1, 0})), FormatError);
  CHECK_THROWS_WITH_AS(Walk(Octets({5, 0, 1, 0})), "attribute runs past the end of its parent",
                       FormatError);
  CHECK_THROWS_AS(Walk(Octets({0xff, 0xff, 1, 0, 0, 0, 0, 0})), FormatError);
  CHECK_THROWS_AS(Walk(Octets({4, 0, 1, 0, 4, 0, 2})), FormatError);
}

TEST_CASE("an attribute inside a nest cannot reach beyond the nest") {
  const Bytes bytes = Octets({8, 0, 1, 0, 8, 0, 2, 0,  // the inner one claims four bytes too many
                              4, 0, 3, 0});
  AttributeReader outer(bytes);
  Attribute nest;
  REQUIRE(outer.Next(nest));
  AttributeReader inner(nest.payload);
  Attribute attribute;
  CHECK_THROWS_AS(inner.Next(attribute), FormatError);
}

TEST_CASE("the flags in an attribute's type are no part of its number") {
  CHECK(Walk(Octets({4, 0, 7, 0x80})).at(0).first == 7);
  CHECK(Walk(Octets({4, 0, 7, 0x40})).at(0).first == 7);
}

TEST_CASE("a number of another size than asked for is refused") {
  const Bytes eight = Octets({1, 2, 3, 4, 5, 6, 7, 8});
  const auto of_size = [&](size_t size) {
    return Attribute{.type = 1, .payload = std::span<const std::byte>(eight).first(size)};
  };
  CHECK(of_size(1).U8() == 0x01);
  CHECK(of_size(2).U16() == 0x0201);
  CHECK(of_size(4).U32() == 0x04030201);
  CHECK(of_size(4).S32() == 0x04030201);
  CHECK(of_size(8).U64() == 0x0807060504030201);
  for (size_t size = 0; size <= 8; ++size) {
    CAPTURE(size);
    if (size != 1) CHECK_THROWS_AS((void)of_size(size).U8(), FormatError);
    if (size != 2) CHECK_THROWS_AS((void)of_size(size).U16(), FormatError);
    if (size != 4) CHECK_THROWS_AS((void)of_size(size).U32(), FormatError);
    if (size != 4) CHECK_THROWS_AS((void)of_size(size).S32(), FormatError);
    if (size != 8) CHECK_THROWS_AS((void)of_size(size).U64(), FormatError);
  }
}

TEST_CASE("text ends at its first NUL, or with the attribute") {
  const Bytes terminated = Octets({'r', 'r', 0, 'x'});
  const Bytes open = Octets({'w', 'l', 'c'});
  CHECK(Attribute{.type = 1, .payload = terminated}.Text() == "rr");
  CHECK(Attribute{.type = 1, .payload = open}.Text() == "wlc");
  CHECK(Attribute{}.Text().empty());
}

TEST_CASE("a field shorter than its attribute is refused, a longer one is filled with zeros") {
  const Bytes payload = Octets({1, 2, 3});
  const Attribute attribute{.type = 1, .payload = payload};
  std::array<std::byte, 2> too_short{};
  CHECK_THROWS_AS(attribute.CopyTo(too_short), FormatError);
  std::array<std::byte, 5> field{};
  field.fill(std::byte{0xff});
  attribute.CopyTo(field);
  CHECK(Bytes(field.begin(), field.end()) == Octets({1, 2, 3, 0, 0}));
}

}  // namespace
}  // namespace lvskit
