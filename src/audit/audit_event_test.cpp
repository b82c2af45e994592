#include "audit/audit_event.h"

#include <gtest/gtest.h>

#include "audit/canonical_json.h"
#include "base/crypto.h"

namespace limner {
namespace {

std::string fixed_salt() { return std::string(32, 's'); }

TEST(CanonicalJson, HasOneTextForOneValue) {
  const Json value =
      parse_json(R"( { "b" : [ 1 , -2, true , null ], "a": {"z":"\u00e9\n\u0001/\"", "Y": ""} } )", "x")
          .value();
  EXPECT_EQ(canonical_json(value, "x").value(),
            "{\"a\":{\"Y\":\"\",\"z\":\"\xc3\xa9\\n\\u0001/\\\"\"},\"b\":[1,-2,true,null]}");
}

TEST(CanonicalJson, RefusesWhatHasSeveralTexts) {
  for (const Json& value :
       {Json(1.5), Json(int64_t{1} << 60), Json(~uint64_t{0}), Json{{"\xc3\xa9", 1}}, Json("\xff")})
    EXPECT_EQ(canonical_json(value, "x").error().code, Code::invalid);
}

TEST(AuditLeaf, SaysWhatWasDoneAndNamesNobody) {
  AuditEvent event{"key.create",
                   {"key", "key_admin"},
                   {"key", "key_made"},
                   {{"scopes", {"draw"}}},
                   {{"name", "Ada Lovelace"}}};
  const AuditLeaf leaf = encode_leaf(event, 4, 1000, fixed_salt).value();
  const std::string salt = fixed_salt();
  EXPECT_EQ(leaf.text,
            "{\"about\":{\"hash\":\"" + sealed_hash(salt, "key_made") +
                "\",\"kind\":\"key\"},\"action\":\"key.create\",\"by\":{\"hash\":\"" +
                sealed_hash(salt, "key_admin") +
                "\",\"kind\":\"key\"},\"details\":{\"scopes\":[\"draw\"]},\"sealed\":{\"name\":\"" +
                sealed_hash(salt, "Ada Lovelace") + "\"},\"seq\":4,\"time\":1000,\"v\":1}");
  ASSERT_EQ(leaf.sealed.size(), 3u);
  EXPECT_EQ(leaf.sealed[2].name, "name");
  EXPECT_EQ(leaf.sealed[2].value, "Ada Lovelace");
}

TEST(AuditLeaf, NamesThingsOfOurs) {
  const AuditLeaf leaf = encode_leaf({"picture.delete", {}, {"picture", "pic_x"}}, 0, 1, fixed_salt).value();
  EXPECT_NE(leaf.text.find(R"("about":{"id":"pic_x","kind":"picture"})"), std::string::npos) << leaf.text;
  EXPECT_NE(leaf.text.find(R"("by":{"kind":"system"})"), std::string::npos) << leaf.text;
  EXPECT_TRUE(leaf.sealed.empty());
}

TEST(AuditLeaf, RefusesWhatItCannotHold) {
  EXPECT_EQ(encode_leaf({"Key Create", {}, {}}, 0, 1, fixed_salt).error().field, "action");
  EXPECT_EQ(encode_leaf({"a", {}, {}, {{"x", 0.5}}}, 0, 1, fixed_salt).error().field, "details");
  EXPECT_EQ(encode_leaf({"a", {}, {}, {{"x", std::string(1'100'000, 'x')}}}, 0, 1, fixed_salt).error().code,
            Code::too_large);
}

}  // namespace
}  // namespace limner
