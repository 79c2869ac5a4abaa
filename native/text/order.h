#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace lvskit::text {

/// By what ipvsadm sorts services and destinations.
struct SortKey {
  uint32_t mark;
  uint32_t kind;  ///< Family and protocol as one number below 2^31.
  bool ipv6;
  std::array<uint32_t, 4> address;  ///< In host order; IPv4 is the first, and zeros behind it.
  uint16_t port;
};

/// ipvsadm compares numbers of 32 bits by a difference that turns round at 2^31.
inline int32_t Turning(uint32_t first, uint32_t second) {
  return static_cast<int32_t>(first - second);
}

/// Less than 0 when the first belongs before the second. Of addresses as many bits are compared as
/// the first one has, whatever the second is.
inline int32_t Compare(const SortKey& first, const SortKey& second) {
  if (first.mark != second.mark) return Turning(first.mark, second.mark);
  if (first.kind != second.kind) return Turning(first.kind, second.kind);
  for (size_t word = 0; word < (first.ipv6 ? 4U : 1U); ++word) {
    if (first.address[word] != second.address[word]) {
      return Turning(first.address[word], second.address[word]);
    }
  }
  return int32_t{first.port} - int32_t{second.port};
}

/// Puts the places of `keys` in order.
///
/// Since the comparison turns round, 10.0.0.1 is before 127.0.0.1, that before 192.0.0.1, and that
/// before 10.0.0.1. What comes out of an order with circles depends on which pairs are compared:
/// this is the merge sort of the C library's qsort(), that takes its halves from the top down and
/// the first of two equals first. std::sort may do anything with it.
class Order {
 public:
  /// The places from 0 on, sorted; good until the next call, which uses the memory again.
  const std::vector<uint32_t>& Sort(const std::vector<SortKey>& keys) {
    const std::vector<uint32_t>& places = Keep(keys.size());
    merged_.resize(keys.size());
    Sort(keys, 0, keys.size());
    return places;
  }

  /// The places as they are.
  const std::vector<uint32_t>& Keep(size_t count) {
    places_.resize(count);
    std::iota(places_.begin(), places_.end(), 0U);
    return places_;
  }

 private:
  // As deep as the count has bits.
  void Sort(const std::vector<SortKey>& keys, size_t from, size_t to) {
    if (to - from < 2) return;
    const size_t middle = from + (to - from) / 2;
    Sort(keys, from, middle);
    Sort(keys, middle, to);
    size_t left = from;
    size_t right = middle;
    size_t at = from;
    while (left < middle && right < to) {
      const bool is_left = Compare(keys[places_[left]], keys[places_[right]]) <= 0;
      merged_[at++] = places_[is_left ? left++ : right++];
    }
    // What is left of the right half is where it belongs already.
    while (left < middle) merged_[at++] = places_[left++];
    std::copy(merged_.begin() + static_cast<ptrdiff_t>(from),
              merged_.begin() + static_cast<ptrdiff_t>(at),
              places_.begin() + static_cast<ptrdiff_t>(from));
  }

  std::vector<uint32_t> places_;
  std::vector<uint32_t> merged_;
};

}  // namespace lvskit::text
