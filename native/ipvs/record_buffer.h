#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace lvskit::ipvs {

/// A growing run of plain records that can be handed to JavaScript without a copy. It grows by
/// realloc(), which moves pages rather than bytes when the run is large.
class RecordBuffer {
 public:
  RecordBuffer() = default;
  RecordBuffer(RecordBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  RecordBuffer& operator=(RecordBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  RecordBuffer(const RecordBuffer&) = delete;
  RecordBuffer& operator=(const RecordBuffer&) = delete;
  ~RecordBuffer() { std::free(data_); }

  template <typename T>
  void Append(const T& record) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (capacity_ - size_ < sizeof record) Grow(sizeof record);
    std::memcpy(data_ + size_, &record, sizeof record);
    size_ += sizeof record;
  }

  template <typename T>
  [[nodiscard]] T Read(size_t offset) const {
    T record;
    std::memcpy(&record, data_ + offset, sizeof record);
    return record;
  }

  template <typename T>
  void Write(size_t offset, const T& record) {
    std::memcpy(data_ + offset, &record, sizeof record);
  }

  /// Forgets all but the first `size` bytes, and keeps the memory.
  void Truncate(size_t size) { size_ = size; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] const std::byte* data() const { return data_; }

  /// Gives the memory away; the receiver ends it with std::free().
  [[nodiscard]] std::byte* Release() {
    size_ = capacity_ = 0;
    return std::exchange(data_, nullptr);
  }

 private:
  void Grow(size_t needed) {
    const size_t capacity = capacity_ + capacity_ / 2 + needed + kFirst;
    auto* const data = static_cast<std::byte*>(std::realloc(data_, capacity));
    if (data == nullptr) throw std::bad_alloc();
    data_ = data;
    capacity_ = capacity;
  }

  static constexpr size_t kFirst = 4096;

  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace lvskit::ipvs
