#include "engine/flow/dead_letter.h"

#include <utility>

namespace touchstone {

OutRecord dead_letter(const std::string& topic, const Record& record, const Source& source,
                      const Rejection& rejection) {
  OutRecord letter;
  letter.topic = topic;
  if (record.key) letter.key = std::string(*record.key);
  if (record.value) letter.value = std::string(*record.value);
  for (const HeaderView& header : record.headers) letter.headers.emplace_back(header.name, header.value);
  letter.headers.emplace_back("touchstone.reason", name_of(rejection.reason));
  letter.headers.emplace_back("touchstone.detail", rejection.detail);
  letter.headers.emplace_back("touchstone.topic", source.topic);
  letter.headers.emplace_back("touchstone.partition", std::to_string(source.partition.value()));
  letter.headers.emplace_back("touchstone.offset", std::to_string(source.offset.value()));
  return letter;
}

}  // namespace touchstone
