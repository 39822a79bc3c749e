#include "engine/flow/dead_letter.h"

#include <utility>

namespace touchstone {

void keep_headers(const Record& record, OutRecord& to) {
  std::size_t size = 0;
  for (const HeaderView& header : record.headers) size += header.name.size() + header.value.size();
  if (size > kLargestKeptHeaders) return;
  for (const HeaderView& header : record.headers) to.headers.emplace_back(header.name, header.value);
}

OutRecord dead_letter(const std::string& topic, const Record& record, const Source& source,
                      const Rejection& rejection) {
  OutRecord letter;
  letter.topic = topic;
  if (record.key) letter.key = std::string(record.key->substr(0, kLargestKeptKey));
  if (record.value) letter.value = std::string(record.value->substr(0, kLargestKeptValue));
  keep_headers(record, letter);
  const bool is_whole = (!record.key || record.key->size() <= kLargestKeptKey) &&
                        (!record.value || record.value->size() <= kLargestKeptValue);
  letter.headers.emplace_back("touchstone.reason", name_of(rejection.reason));
  letter.headers.emplace_back("touchstone.detail", rejection.detail + (is_whole ? "" : "; only its beginning is kept"));
  letter.headers.emplace_back("touchstone.topic", source.topic);
  letter.headers.emplace_back("touchstone.partition", std::to_string(source.partition.value()));
  letter.headers.emplace_back("touchstone.offset", std::to_string(source.offset.value()));
  return letter;
}

}  // namespace touchstone
