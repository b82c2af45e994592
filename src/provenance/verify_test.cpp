// What somebody might do to a signed picture.

#include "provenance/verify.h"

#include <functional>

#include "base/crypto.h"
#include "provenance/carrier/carrier.h"
#include "provenance/cbor/value.h"
#include "provenance/cose/sign1.h"
#include "provenance/jumbf/box.h"
#include "provenance/manifest/write_manifest.h"
#include "provenance/signer.h"
#include "provenance/test_pictures.h"

namespace limner {
namespace {

using namespace testing_pictures;

const TestChain& chain() {
  static const TestChain kChain;
  return kChain;
}

SignatureReport verified(const std::string& file) {
  const Result<SignatureReport> report = verify_picture(file, *chain().anchors, kNow);
  EXPECT_TRUE(report) << report.error().text();
  return *report;
}

const std::string& plain_png() {
  static const std::string kFile = file_of(Format::png);
  return kFile;
}

const std::string& signed_png() {
  static const std::string kFile = sign_picture(plain_png(), Format::png, *chain().signer(), {}).value();
  return kFile;
}

Assertion created() {
  PictureOrigin origin;
  origin.time = kNow;
  return make_assertion(kActionsLabel, actions_content(origin, nullptr));
}

// A PNG whose manifest is made by hand and signed by the trusted key, so that everything but what the test
// does to it is right.
struct Forgery {
  std::vector<Assertion> assertions = {created()};
  SignClaim sign = [](std::string_view claim) { return chain().signer()->sign_claim(claim); };
  std::function<void(HardBinding&)> bind = [](HardBinding&) {};

  std::string file() const {
    const ManifestDraft draft{"urn:c2pa:1", "xmp:iid:1", "", assertions};
    const std::string unsigned_yet = sign("").value();
    const std::string blank = write_store(draft, {0, 0, std::string(32, 'x')}, unsigned_yet, sign).value();
    const CarryingFile around = carry_store(Format::png, plain_png(), blank).value();
    std::string rest = around.file.substr(0, around.start) + around.file.substr(around.start + around.length);
    HardBinding binding{around.start, around.length, sha256_bytes(rest)};
    bind(binding);
    return carry_store(Format::png, plain_png(), write_store(draft, binding, unsigned_yet, sign).value())
        ->file;
  }
};

// Of the file whose store `change` was applied to.
SignatureReport with_changed_store(const std::function<std::string(std::string)>& change) {
  const CarriedStore carried = *find_store(Format::png, signed_png());
  const std::string changed = change(carried.store);
  return verified(carry_png_store(plain_png(), changed)->file);
}

TEST(Verifying, AForgeryWithoutAFaultIsTrusted) {
  const SignatureReport report = verified(Forgery().file());
  EXPECT_EQ(report.state, SignatureState::trusted) << failures(report);
}

TEST(Verifying, EveryByteAroundTheManifestIsBound) {
  const std::string& file = signed_png();
  const CarriedStore carried = *find_store(Format::png, file);
  for (size_t i = carried.start + carried.length + 8; i < file.size() - 12; ++i) {
    std::string changed = file;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const Result<SignatureReport> report = verify_picture(changed, *chain().anchors, kNow);
    EXPECT_TRUE(!report || report->state == SignatureState::invalid) << i;
    EXPECT_TRUE(!report || report->claim.is_null()) << "a claim that is not this picture's is not shown";
  }
}

TEST(Verifying, NoByteOfTheManifestChangesWhatItSays) {
  const std::string store = find_store(Format::png, signed_png())->store;
  const Json said = verified(signed_png()).claim;
  ASSERT_FALSE(said.is_null());
  for (size_t i = 0; i < store.size(); ++i) {
    const SignatureReport report = with_changed_store([&](std::string changed) {
      changed[i] = static_cast<char>(changed[i] ^ 4);
      return changed;
    });
    // Some bytes mean nothing: the toggles of a box, the label of the manifest.
    if (report.state == SignatureState::invalid) continue;
    Json claim = report.claim;
    claim["manifest"] = said["manifest"];
    EXPECT_EQ(claim, said) << i;
  }
}

TEST(Verifying, APayloadOfItsOwnFails) {
  for (const std::string payload : {"another claim", ""}) {
    Forgery forgery;
    forgery.sign = [payload](std::string_view claim) -> Result<std::string> {
      Cbor sign1 = decode_cbor(TRY(chain().signer()->sign_claim(claim)), "sign1").value();
      sign1.items[0].items[2] = Cbor::bytes(payload.empty() ? claim : std::string_view(payload));
      return encode_cbor(sign1);
    };
    const SignatureReport report = verified(forgery.file());
    EXPECT_EQ(report.state, SignatureState::invalid);
    EXPECT_TRUE(has(report, "claimSignature.mismatch"));
  }
}

TEST(Verifying, CriticalHeadersAreNotIgnored) {
  Forgery forgery;
  forgery.sign = [](std::string_view claim) -> Result<std::string> {
    Cbor sign1 = decode_cbor(TRY(chain().signer()->sign_claim(claim)), "sign1").value();
    Cbor header = decode_cbor(sign1.items[0].items[0].string, "header").value();
    header.add(Cbor::integer(2), Cbor::array({Cbor::text("new")}));
    sign1.items[0].items[0] = Cbor::bytes(encode_cbor(header));
    return encode_cbor(sign1);
  };
  EXPECT_EQ(verified(forgery.file()).state, SignatureState::invalid);
}

TEST(Verifying, NothingButTheManifestIsLeftOut) {
  Forgery longer;
  longer.bind = [](HardBinding& binding) { ++binding.length; };
  EXPECT_TRUE(has(verified(longer.file()), "assertion.dataHash.mismatch"));
  Forgery elsewhere;
  elsewhere.bind = [](HardBinding& binding) { --binding.start; };
  EXPECT_TRUE(has(verified(elsewhere.file()), "assertion.dataHash.mismatch"));
}

TEST(Verifying, BoundTwiceIsNotBound) {
  Forgery forgery;
  forgery.assertions.push_back(make_assertion("c2pa.hash.data__1", hash_data_content({}, false)));
  EXPECT_TRUE(has(verified(forgery.file()), "assertion.multipleHardBindings"));
}

TEST(Verifying, AnAssertionIsNamedOnce) {
  Forgery forgery;
  forgery.assertions.push_back(make_assertion("same.actions.v2", Cbor::map()));
  CarriedStore carried = *find_store(Format::png, forgery.file());
  const std::string named = "c2pa.assertions/same.actions.v2";
  const size_t at = carried.store.find(named);
  ASSERT_NE(at, std::string::npos);
  carried.store.replace(at, named.size(), "c2pa.assertions/c2pa.actions.v2");
  EXPECT_TRUE(has(verified(carry_png_store(plain_png(), carried.store)->file), "claim.malformed"));
}

// What a few bytes each say takes much memory once it is decoded: all assertions share one allowance.
TEST(Verifying, AssertionsTogetherAreBounded) {
  const Cbor many = Cbor::array(std::vector<Cbor>(40'000, Cbor::integer(1)));
  Forgery forgery;
  forgery.assertions.push_back(make_assertion("org.example.one", many));
  EXPECT_EQ(verified(forgery.file()).state, SignatureState::trusted);
  forgery.assertions.push_back(make_assertion("org.example.two", many));
  EXPECT_TRUE(has(verified(forgery.file()), "assertion.cbor.invalid"));
}

TEST(Verifying, AManifestBeginsWithOneBeginning) {
  Forgery nothing;
  nothing.assertions = {make_assertion(kDisclosureLabel, Cbor::map())};
  EXPECT_TRUE(has(verified(nothing.file()), "assertion.action.malformed"));
  Forgery twice;
  twice.assertions.push_back(created());
  twice.assertions.back() = make_assertion("c2pa.actions.v2__1", decode_cbor("\xA1\x67"
                                                                             "actions\x81\xA1\x66"
                                                                             "action\x6C"
                                                                             "c2pa.created",
                                                                             "x")
                                                                     .value());
  EXPECT_TRUE(has(verified(twice.file()), "assertion.action.malformed"));
}

TEST(Verifying, WhatWasOpenedIsAnIngredient) {
  const Assertion elsewhere = make_assertion(kIngredientLabel, ingredient_content({"a.png", ""}, nullptr));
  PictureOrigin origin;
  origin.time = kNow;
  Forgery forgery;
  forgery.assertions = {make_assertion(kActionsLabel, actions_content(origin, &elsewhere))};
  EXPECT_TRUE(has(verified(forgery.file()), "assertion.action.ingredientMismatch"));
  forgery.assertions.push_back(elsewhere);
  EXPECT_EQ(verified(forgery.file()).state, SignatureState::trusted);
}

TEST(Verifying, AnAssertionThatNobodySignedIsNotTolerated) {
  const SignatureReport report = with_changed_store([](const std::string& store) {
    const Jumbf read = *read_jumbf(store, "store");
    const Jumbf& manifest = read.boxes[0];
    std::string boxes;
    for (const Jumbf& box : manifest.boxes) {
      std::string contents(box.bytes.substr(8 + 16 + 1 + box.label.size() + 1));
      if (box.kind == "c2as") contents += make_assertion("org.limner.disclosure__1", Cbor::map()).superbox;
      boxes += write_superbox(box.kind, box.label, contents);
    }
    return write_superbox("c2pa", "c2pa", write_superbox("c2ma", manifest.label, boxes));
  });
  EXPECT_EQ(report.state, SignatureState::invalid);
  EXPECT_TRUE(has(report, "assertion.undeclared"));
}

TEST(Verifying, CertificatesOfOtherPurposeDoNotSign) {
  // The root's own certificate is an authority's.
  Forgery forgery;
  forgery.sign = [](std::string_view claim) -> Result<std::string> {
    Cbor sign1 = decode_cbor(TRY(chain().signer()->sign_claim(claim)), "sign1").value();
    const Certificates root = read_pem_certificates(chain().pem.root, "root", 1).value();
    sign1.items[0].items[0] = Cbor::bytes(protected_header(-7, {der_of(root[0].get())}));
    return encode_cbor(sign1);
  };
  EXPECT_TRUE(has(verified(forgery.file()), "signingCredential.invalid"));
}

TEST(Verifying, AnotherAlgorithmThanTheKeysDoesNotMatch) {
  for (const auto& [algorithm, code] : {std::pair{-8, "claimSignature.mismatch"},
                                        {-37, "claimSignature.mismatch"},
                                        {-999, "algorithm.unsupported"}}) {
    Forgery forgery;
    forgery.sign = [algorithm = algorithm](std::string_view claim) -> Result<std::string> {
      Cbor sign1 = decode_cbor(TRY(chain().signer()->sign_claim(claim)), "sign1").value();
      Cbor header = decode_cbor(sign1.items[0].items[0].string, "header").value();
      header.items[1] = Cbor::integer(algorithm);
      sign1.items[0].items[0] = Cbor::bytes(encode_cbor(header));
      return encode_cbor(sign1);
    };
    EXPECT_TRUE(has(verified(forgery.file()), code)) << algorithm;
  }
}

}  // namespace
}  // namespace limner
