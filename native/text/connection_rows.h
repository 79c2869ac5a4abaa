#pragma once

#include <cstddef>
#include <span>

namespace lvskit::text {

/// Longer lines are none of a kernel's: those have at most 430 bytes or so.
inline constexpr size_t kLongestLine = 4096;

/// A row is longer than its line by no more than this, the widths of its columns included.
inline constexpr size_t kMostAdded = 256;

/// How far a block was turned into rows.
struct ConnectionRows {
  size_t read;     ///< Bytes of whole lines that are done with.
  size_t written;  ///< Bytes of the rows of these.
  bool malformed;  ///< Whether the next line is no entry of the table.
};

/// Turns lines of /proc/net/ip_vs_conn, without the headings above them, into rows as
/// `ipvsadm -Lnc` prints them, until there is no whole line left, or no room for any line.
///
/// `with_engines`: with name and data of persistence engines (`--persistent-conn`). `output` must
/// have room for a row of kLongestLine + kMostAdded, or nothing is done.
[[nodiscard]] ConnectionRows WriteConnectionRows(std::span<const std::byte> input,
                                                 std::span<std::byte> output, bool with_engines);

}  // namespace lvskit::text
