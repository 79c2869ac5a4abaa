#include "netlink/message.h"

#include <cstring>
#include <limits>

namespace lvskit::netlink {

void MessageWriter::Begin(uint16_t type, uint16_t flags, uint32_t sequence) {
  message_ = buffer_.size();
  ++count_;
  const nlmsghdr header{.nlmsg_len = 0,
                        .nlmsg_type = type,
                        .nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST),
                        .nlmsg_seq = sequence,
                        .nlmsg_pid = 0};
  Append(&header, sizeof header);
}

void MessageWriter::String(uint16_t type, std::string_view text) {
  const size_t mark = BeginNest(type);
  Append(text.data(), text.size());
  buffer_.push_back(std::byte{0});
  EndNest(mark);
}

size_t MessageWriter::BeginNest(uint16_t type) {
  const size_t mark = buffer_.size();
  const nlattr header{.nla_len = 0, .nla_type = type};
  Append(&header, sizeof header);
  return mark;
}

void MessageWriter::EndNest(size_t mark) {
  const size_t length = buffer_.size() - mark;
  if (length > std::numeric_limits<uint16_t>::max()) {
    throw FormatError("attribute longer than 65535 bytes");
  }
  StoreLength(mark, static_cast<uint16_t>(length));
  Pad();
}

void MessageWriter::End() {
  const auto length = static_cast<uint32_t>(buffer_.size() - message_);
  std::memcpy(buffer_.data() + message_ + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

void MessageWriter::Clear() {
  buffer_.clear();
  count_ = 0;
}

void MessageWriter::RequestAck() {
  if (count_ == 0) return;
  std::byte* const at = buffer_.data() + message_ + offsetof(nlmsghdr, nlmsg_flags);
  uint16_t flags = 0;
  std::memcpy(&flags, at, sizeof flags);
  flags |= NLM_F_ACK;
  std::memcpy(at, &flags, sizeof flags);
}

void MessageWriter::Append(const void* data, size_t size) {
  const auto* const bytes = static_cast<const std::byte*>(data);
  buffer_.insert(buffer_.end(), bytes, bytes + size);
}

void MessageWriter::Attribute(uint16_t type, const void* data, size_t size) {
  const size_t mark = BeginNest(type);
  if (size != 0) Append(data, size);
  EndNest(mark);
}

void MessageWriter::Pad() { buffer_.resize(NLMSG_ALIGN(buffer_.size())); }

void MessageWriter::StoreLength(size_t at, uint16_t length) {
  std::memcpy(buffer_.data() + at + offsetof(nlattr, nla_len), &length, sizeof length);
}

bool MessageReader::Next(Message& message) {
  if (rest_.empty()) return false;
  message.header = ReadPlain<nlmsghdr>(rest_);
  const size_t length = message.header.nlmsg_len;
  if (length < sizeof(nlmsghdr)) throw FormatError("message shorter than its header");
  if (length > rest_.size()) throw FormatError("message runs past the end of its datagram");
  message.payload = rest_.subspan(sizeof(nlmsghdr), length - sizeof(nlmsghdr));
  const size_t step = NLMSG_ALIGN(length);
  rest_ = rest_.subspan(step < rest_.size() ? step : rest_.size());
  return true;
}

}  // namespace lvskit::netlink
