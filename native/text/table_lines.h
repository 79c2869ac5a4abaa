#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace lvskit::text {

/// A table as the records of ipvs/records.h: services one behind the other, and in another run the
/// destinations of each in turn. Behind each record may be one of statistics.
struct PackedTable {
  std::span<const std::byte> services;
  size_t service_stride;
  std::span<const std::byte> destinations;
  size_t destination_stride;
};

struct TableLayout {
  bool statistics;  ///< The columns of `--stats`, zeros where none were read, else those of `-L`.
  bool exact;       ///< Counters in full (`--exact`).
  bool sort;        ///< In ipvsadm's order, else in that of the records (`--nosort`).
};

/// Whether the strides fit the records, and the counts of destinations what there is of them.
[[nodiscard]] bool IsWhole(const PackedTable& table);

/// The lines that `ipvsadm -Ln` prints below its headings. The table has to be whole.
[[nodiscard]] std::string TableLines(const PackedTable& table, const TableLayout& layout);

}  // namespace lvskit::text
