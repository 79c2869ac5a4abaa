#include "napi/text.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "napi/arguments.h"
#include "text/connection_rows.h"
#include "text/table_lines.h"

namespace lvskit::napi {

namespace {

bool Overlap(std::span<const std::byte> first, std::span<const std::byte> second) {
  return first.data() < second.data() + second.size() &&
         second.data() < first.data() + first.size();
}

Napi::Value ConnectionRows(const Napi::CallbackInfo& info) {
  const auto input = BytesArgument(info, 0, "input");
  const auto output = BufferArgument(info, 1, "output");
  if (Overlap(input, output)) {
    throw Napi::TypeError::New(info.Env(), "input and output must not overlap");
  }
  const text::ConnectionRows rows =
      text::WriteConnectionRows(input, output, info[2].ToBoolean().Value());
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("read", static_cast<double>(rows.read));
  result.Set("written", static_cast<double>(rows.written));
  result.Set("malformed", rows.malformed);
  return result;
}

size_t StrideField(const Napi::Object& table, const char* name) {
  const Napi::Value value = table.Get(name);
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= UINT16_MAX) || std::trunc(number) != number) {
    throw Napi::TypeError::New(table.Env(), std::string(name) + " must be a number of bytes");
  }
  return static_cast<size_t>(number);
}

Napi::ArrayBuffer RecordsField(const Napi::Object& table, const char* name) {
  const Napi::Value value = table.Get(name);
  if (!value.IsArrayBuffer()) {
    throw Napi::TypeError::New(table.Env(), std::string(name) + " must be an ArrayBuffer");
  }
  return value.As<Napi::ArrayBuffer>();
}

std::span<const std::byte> Bytes(Napi::ArrayBuffer buffer) {
  return {static_cast<const std::byte*>(buffer.Data()), buffer.ByteLength()};
}

Napi::Value TableLines(const Napi::CallbackInfo& info) {
  const Napi::Object table = ObjectArgument(info, 0, "table");
  const Napi::Object options = ObjectArgument(info, 1, "layout");
  const text::TableLayout layout = {.statistics = options.Get("statistics").ToBoolean(),
                                    .exact = options.Get("exact").ToBoolean(),
                                    .sort = options.Get("sort").ToBoolean()};
  const size_t service_stride = StrideField(table, "serviceStride");
  const size_t destination_stride = StrideField(table, "destinationStride");
  const Napi::ArrayBuffer services = RecordsField(table, "services");
  const Napi::ArrayBuffer destinations = RecordsField(table, "destinations");
  // Where their memory is counts from here on, where JavaScript, getters included, is done.
  const text::PackedTable packed = {.services = Bytes(services),
                                    .service_stride = service_stride,
                                    .destinations = Bytes(destinations),
                                    .destination_stride = destination_stride};
  if (!text::IsWhole(packed)) {
    throw Napi::TypeError::New(info.Env(), "table must hold whole records");
  }
  auto lines = std::make_unique<std::string>(text::TableLines(packed, layout));
  std::string* const text = lines.release();
  return Napi::Buffer<char>::New(info.Env(), text->data(), text->size(),
                                 [text](Napi::Env, char*) { delete text; });
}

}  // namespace

void InitText(Napi::Env env, Napi::Object exports) {
  exports.Set("connectionRows", Napi::Function::New<ConnectionRows>(env, "connectionRows"));
  exports.Set("tableLines", Napi::Function::New<TableLines>(env, "tableLines"));
}

}  // namespace lvskit::napi
