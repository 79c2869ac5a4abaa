// Lines of connections: every row has its line, is longer than that by no more than is promised,
// and what was left at one call is taken up by the next.
#include <algorithm>
#include <vector>

#include "fuzz/harness.h"
#include "text/connection_rows.h"

namespace lvskit {
namespace {

void Check(std::span<const std::byte> input, bool with_engines) {
  constexpr size_t kRoom = text::kLongestLine + text::kMostAdded;
  std::vector<std::byte> output(kRoom);
  std::vector<std::byte> piecemeal;
  size_t read = 0;
  bool malformed = false;
  for (;;) {
    const auto rows = text::WriteConnectionRows(input.subspan(read), output, with_engines);
    fuzz::Require(rows.read <= input.size() - read && rows.written <= output.size());
    const auto lines = input.subspan(read, rows.read);
    const auto text = std::span<const std::byte>(output).first(rows.written);
    fuzz::Require(std::ranges::count(lines, std::byte{'\n'}) ==
                  std::ranges::count(text, std::byte{'\n'}));
    piecemeal.insert(piecemeal.end(), text.begin(), text.end());
    read += rows.read;
    malformed = rows.malformed;
    if (malformed || rows.read == 0) break;
  }
  std::vector<std::byte> large(piecemeal.size() + kRoom);
  const auto whole = text::WriteConnectionRows(input, large, with_engines);
  fuzz::Require(whole.read == read && whole.malformed == malformed);
  fuzz::Require(std::ranges::equal(std::span(large).first(whole.written), piecemeal));
}

}  // namespace
}  // namespace lvskit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  lvskit::Check(input, false);
  lvskit::Check(input, true);
  return 0;
}
