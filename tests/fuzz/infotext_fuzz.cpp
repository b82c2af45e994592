// Any text offered as an infotext: what was read survives being written and read again.

#include "base/check.h"
#include "image/infotext.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  const Result<Infotext> first = parse_infotext({reinterpret_cast<const char*>(data), size});
  if (!first || first->fields.size() < 3) return 0;
  const Result<Infotext> second = parse_infotext(format_infotext(*first));
  if (!second) return 0;  // Quoting may have made it too long.
  LIMNER_CHECK(second->prompt == first->prompt, "the prompt survives");
  LIMNER_CHECK(second->negative == first->negative, "the negative prompt survives");
  LIMNER_CHECK(second->fields.size() == first->fields.size(), "no field is lost");
  // Values may change: a quoted one that is not UTF-8 is written with replacement characters.
  for (size_t i = 0; i < first->fields.size(); ++i)
    LIMNER_CHECK(second->fields[i].first == first->fields[i].first, "names survive");
  return 0;
}
