// Any bytes offered as an encrypted object, and as a wrapped key. Nothing may crash, and nobody who has not
// the key has made any that opens.

#include "base/check.h"
#include "base/crypto.h"
#include "store/master_keys.h"
#include "store/sealed_object.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  static const DataKey kKey{"dky_00000000000000000000000000", random_bytes(32)};
  static const MasterKeys kMaster = MasterKeys::make();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  LIMNER_CHECK(!open_object("a/b", kKey, bytes), "who has not the key makes no object");
  LIMNER_CHECK(!open_object_range("a/b", kKey, bytes, size / 2, 10), "nor a part of one");
  const bool has_header = sealed_key_id("a/b", bytes).has_value();
  LIMNER_CHECK(!has_header || plain_size(size).has_value(), "a header fits the length");
  LIMNER_CHECK(!kMaster.unwrap(bytes, kKey.id, "ten", kMaster.id()), "nor a wrapped key");
  return 0;
}
