#include "app/exit_code.h"

#include <iostream>

namespace touchstone {

int failed(const Error& error) {
  std::cerr << "touchstone: " << error.message() << '\n';
  return kExitFailed;
}

}  // namespace touchstone
