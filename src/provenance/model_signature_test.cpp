// Signed models: what the reference implementation signs is taken, and nothing that was changed.

#include "provenance/model_signature.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include <fstream>

#include "base/crypto.h"
#include "base/files.h"
#include "base/json.h"
#include "provenance/local_chain.h"
#include "provenance/model/model_trust.h"
#include "provenance/test_pictures.h"

namespace limner {
namespace {

using testing_pictures::kNow;
namespace fs = std::filesystem;

// Made by model_signing 1.1.1 of a folder "m" with model_index.json ("{}" and a line's end),
// unet/w.safetensors ("weights") and .gitattributes, and of a file of "abc"; and the public key.
constexpr const char* kReferenceBundle =
    R"({"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey")"
    R"(:{"hint":"284d523191e39640c76040ab9764c4d3fb188f342bde9b7623ac18e674f5faa2"},"tlogEntries":[]},")"
    R"(dsseEnvelope":{"payload":"ewogICJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwKICAic3)"
    R"(ViamVjdCI6IFsKICAgIHsKICAgICAgIm5hbWUiOiAibSIsCiAgICAgICJkaWdlc3QiOiB7CiAgICAgICAgInNoYTI1NiI6IC)"
    R"(JkOWQ3MzgwZGJhNjUwMmRhMDFhMmM0ZWQ3M2JkYzM4Mzg2YjQ1YmQyNmU1Mzg0ZGNjOGIyMTQ5NDlmNDg5MWM4IgogICAgIC)"
    R"(B9CiAgICB9CiAgXSwKICAicHJlZGljYXRlVHlwZSI6ICJodHRwczovL21vZGVsX3NpZ25pbmcvc2lnbmF0dXJlL3YxLjAiLA)"
    R"(ogICJwcmVkaWNhdGUiOiB7CiAgICAicmVzb3VyY2VzIjogWwogICAgICB7CiAgICAgICAgImFsZ29yaXRobSI6ICJzaGEyNT)"
    R"(YiLAogICAgICAgICJuYW1lIjogIm1vZGVsX2luZGV4Lmpzb24iLAogICAgICAgICJkaWdlc3QiOiAiY2EzZDE2M2JhYjA1NT)"
    R"(M4MTgyNzIyNjE0MDU2OGYzYmVmN2VhYWMxODdjZWJkNzY4NzhlMGI2M2U5ZTQ0MjM1NiIKICAgICAgfSwKICAgICAgewogIC)"
    R"(AgICAgICJhbGdvcml0aG0iOiAic2hhMjU2IiwKICAgICAgICAibmFtZSI6ICJ1bmV0L3cuc2FmZXRlbnNvcnMiLAogICAgIC)"
    R"(AgICJkaWdlc3QiOiAiOWExMjkwMzhkOWEwMGFlZDBjZjZhN2VhMDU5Y2E1MGE4MTM0NDkwNjFhYjg3ODQ4Y2YxYTEzZWFmZG)"
    R"(YzM2IyYyIKICAgICAgfQogICAgXSwKICAgICJzZXJpYWxpemF0aW9uIjogewogICAgICAiaWdub3JlX3BhdGhzIjogWwogIC)"
    R"(AgICAgICJtb2RlbC5zaWciLAogICAgICAgICIuZ2l0aHViIiwKICAgICAgICAiLmdpdCIsCiAgICAgICAgIi5naXRpZ25vcm)"
    R"(UiLAogICAgICAgICIuZ2l0YXR0cmlidXRlcyIKICAgICAgXSwKICAgICAgImFsbG93X3N5bWxpbmtzIjogZmFsc2UsCiAgIC)"
    R"(AgICJoYXNoX3R5cGUiOiAic2hhMjU2IiwKICAgICAgIm1ldGhvZCI6ICJmaWxlcyIKICAgIH0KICB9Cn0=","payloadType)"
    R"(":"application/vnd.in-toto+json","signatures":[{"sig":"MEQCIGvilliZ3zci/7swBth6NxSt9n6YKfvN6Kt5t)"
    R"(9vhVjvWAiBz3UHyhB9l8wGGXm0x/yYVLAnXoSmx+PRme0rdw43K6A==","keyid":""}]}})";
constexpr const char* kReferenceOfFile =
    R"({"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey")"
    R"(:{"hint":"284d523191e39640c76040ab9764c4d3fb188f342bde9b7623ac18e674f5faa2"},"tlogEntries":[]},")"
    R"(dsseEnvelope":{"payload":"ewogICJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwKICAic3)"
    R"(ViamVjdCI6IFsKICAgIHsKICAgICAgIm5hbWUiOiAib25lLnNhZmV0ZW5zb3JzIiwKICAgICAgImRpZ2VzdCI6IHsKICAgIC)"
    R"(AgICAic2hhMjU2IjogIjRmOGI0MmMyMmRkMzcyOWI1MTliYTZmNjhkMmRhN2NjNWIyZDYwNmQwNWRhZWQ1YWQ1MTI4Y2MwM2)"
    R"(U2YzYzNTgiCiAgICAgIH0KICAgIH0KICBdLAogICJwcmVkaWNhdGVUeXBlIjogImh0dHBzOi8vbW9kZWxfc2lnbmluZy9zaW)"
    R"(duYXR1cmUvdjEuMCIsCiAgInByZWRpY2F0ZSI6IHsKICAgICJzZXJpYWxpemF0aW9uIjogewogICAgICAiaGFzaF90eXBlIj)"
    R"(ogInNoYTI1NiIsCiAgICAgICJhbGxvd19zeW1saW5rcyI6IGZhbHNlLAogICAgICAiaWdub3JlX3BhdGhzIjogWwogICAgIC)"
    R"(AgICIuZ2l0aHViIiwKICAgICAgICAiLmdpdCIsCiAgICAgICAgIi5naXRhdHRyaWJ1dGVzIiwKICAgICAgICAiLmdpdGlnbm)"
    R"(9yZSIKICAgICAgXSwKICAgICAgIm1ldGhvZCI6ICJmaWxlcyIKICAgIH0sCiAgICAicmVzb3VyY2VzIjogWwogICAgICB7Ci)"
    R"(AgICAgICAgImFsZ29yaXRobSI6ICJzaGEyNTYiLAogICAgICAgICJkaWdlc3QiOiAiYmE3ODE2YmY4ZjAxY2ZlYTQxNDE0MG)"
    R"(RlNWRhZTIyMjNiMDAzNjFhMzk2MTc3YTljYjQxMGZmNjFmMjAwMTVhZCIsCiAgICAgICAgIm5hbWUiOiAiLiIKICAgICAgfQ)"
    R"(ogICAgXQogIH0KfQ==","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"MEUCIQD1z)"
    R"(mf6m5+zqBsXxueecIJB9p30/tNleRzkWPHN6+N6uwIgT0kTWlA/tFczT+Z6ia3zIk+0iKRsZG/1OpuYWXdvc/0=","keyid")"
    R"(:""}]}})";
constexpr const char* kReferenceKey = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8xX9b/IoqnN2uZT93KYELQAj2NwS
5LTSKOfX/zo+1OHhxce4gbBCY/XyXxlxUOk5tYh562D5ayRBO+9Qs6ZCDQ==
-----END PUBLIC KEY-----
)";

class ModelSignature : public testing::Test {
 protected:
  ModelSignature() {
    std::string pattern = testing::TempDir() + "/limner-model-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    write("m/model_index.json", "{}\n");
    write("m/unet/w.safetensors", "weights");
    write("m/.gitattributes", "x\n");
  }
  ~ModelSignature() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  ModelTrustPtr trust(const std::string& pem) {
    write("trust.pem", pem);
    Result<ModelTrustPtr> read = read_model_trust(folder_ / "trust.pem");
    EXPECT_TRUE(read) << read.error().text();
    return read ? *read : nullptr;
  }
  // Signs the folder "m" with a chain of its own; the chain's root.
  std::string sign(const char* chain = "keys") {
    if (!fs::exists(folder_ / chain)) {
      EXPECT_TRUE(make_chain(folder_ / chain, {}, kNow));
    }
    const Result<std::string> bundle = sign_model(folder_ / "m", folder_ / chain);
    EXPECT_TRUE(bundle) << bundle.error().text();
    write("m/model.sig", *bundle);
    return read_file(folder_ / chain / "root.pem", 1 << 20).value();
  }
  Error refusal(const ModelTrustPtr& trusted, TimeUs now = kNow) {
    const Result<SignedModel> model = verify_model(folder_ / "m", *trusted, now);
    EXPECT_FALSE(model);
    return model ? Error{} : model.error();
  }
  fs::path folder_;
};

TEST_F(ModelSignature, OfTheReferenceIsTaken) {
  write("m/model.sig", kReferenceBundle);
  const Result<SignedModel> model = verify_model(folder_ / "m", *trust(kReferenceKey), kNow);
  ASSERT_TRUE(model) << model.error().text();
  EXPECT_EQ(model->name, "m");
  EXPECT_TRUE(model->signed_by.starts_with("key 284d523191e39640")) << model->signed_by;
  EXPECT_EQ(model->files.size(), 2u);
  write("one.safetensors", "abc");
  write("one.safetensors.sig", kReferenceOfFile);
  EXPECT_TRUE(verify_model(folder_ / "one.safetensors", *trust(kReferenceKey), kNow));
  write("one.safetensors", "abd");
  EXPECT_EQ(verify_model(folder_ / "one.safetensors", *trust(kReferenceKey), kNow).error().code,
            Code::data_loss);
}

TEST_F(ModelSignature, OurOwnIsTakenByChainAndByKey) {
  const std::string root = sign();
  const Result<SignedModel> model = verify_model(folder_ / "m", *trust(root), kNow);
  ASSERT_TRUE(model) << model.error().text();
  EXPECT_FALSE(model->signed_by.empty());
  const Result<std::string> by_key = sign_model(folder_ / "m", folder_ / "keys" / "key.pem");
  ASSERT_TRUE(by_key);
  write("m/model.sig", *by_key);
  const KeyPtr key = read_pem_key(read_file(folder_ / "keys" / "key.pem", 1 << 20).value(), "key").value();
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key.get());
  EXPECT_TRUE(verify_model(folder_ / "m", *trust(bio_text(bio.get())), kNow));
  EXPECT_EQ(refusal(trust(root)).code, Code::forbidden);
}

TEST_F(ModelSignature, AFlippedByteIsFound) {
  const ModelTrustPtr trusted = trust(sign());
  write("m/unet/w.safetensors", "weighta");
  const Error error = refusal(trusted);
  EXPECT_EQ(error.code, Code::data_loss);
  EXPECT_NE(error.message.find("unet/w.safetensors"), std::string::npos) << error.message;
}

TEST_F(ModelSignature, MissingAndFurtherFilesAreFound) {
  const ModelTrustPtr trusted = trust(sign());
  write("m/unet/more.safetensors", "x");
  EXPECT_NE(refusal(trusted).message.find("unet/more.safetensors was not signed"), std::string::npos);
  fs::remove(folder_ / "m/unet/more.safetensors");
  write("m/.cache/download", "x");
  EXPECT_TRUE(verify_model(folder_ / "m", *trusted, kNow));
  fs::remove(folder_ / "m/unet/w.safetensors");
  EXPECT_NE(refusal(trusted).message.find("unet/w.safetensors is missing"), std::string::npos);
  fs::create_directory(folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "m/linked");
  EXPECT_EQ(refusal(trusted).code, Code::invalid);
}

TEST_F(ModelSignature, OthersKeysAreNotTaken) {
  sign();
  EXPECT_TRUE(make_chain(folder_ / "others", {}, kNow));
  const std::string other = read_file(folder_ / "others" / "root.pem", 1 << 20).value();
  EXPECT_EQ(refusal(trust(other)).code, Code::forbidden);
  EXPECT_EQ(refusal(trust(kReferenceKey)).code, Code::forbidden);
  write("m/model.sig", kReferenceBundle);
  EXPECT_EQ(refusal(trust(other)).code, Code::forbidden);
}

TEST_F(ModelSignature, ACertificateThatIsOverSignsNothing) {
  const ModelTrustPtr trusted = trust(sign());
  EXPECT_EQ(refusal(trusted, kNow + 40 * 366 * kDayUs).code, Code::forbidden);
  EXPECT_EQ(refusal(trusted, kNow - 366 * kDayUs).code, Code::forbidden);
}

TEST_F(ModelSignature, NoneIsNone) { EXPECT_EQ(refusal(trust(kReferenceKey)).code, Code::forbidden); }

TEST_F(ModelSignature, WhatWasSignedIsWhatCounts) {
  const ModelTrustPtr trusted = trust(kReferenceKey);
  const Json good = parse_json(kReferenceBundle, "bundle").value();
  EXPECT_TRUE(read_model_signature(good.dump(), *trusted, kNow));
  const auto refused = [&](const std::function<void(Json&)>& change) {
    Json changed = good;
    change(changed);
    return !read_model_signature(changed.dump(), *trusted, kNow);
  };
  std::string payload = from_base64(good["dsseEnvelope"]["payload"].get<std::string>(), "p", 1 << 20).value();
  payload[payload.find("9a129038")] = '8';
  EXPECT_TRUE(refused([&](Json& b) { b["dsseEnvelope"]["payload"] = to_base64(payload); }));
  EXPECT_TRUE(refused([](Json& b) { b["dsseEnvelope"]["payloadType"] = "text/plain"; }));
  EXPECT_TRUE(refused([](Json& b) { b["dsseEnvelope"]["signatures"] = Json::array(); }));
  EXPECT_TRUE(refused(
      [](Json& b) { b["dsseEnvelope"]["signatures"].push_back(b["dsseEnvelope"]["signatures"][0]); }));
  EXPECT_TRUE(refused([](Json& b) { b["dsseEnvelope"]["signatures"][0]["sig"] = "AAAA"; }));
  EXPECT_TRUE(refused([](Json& b) { b["mediaType"] = "other"; }));
  EXPECT_TRUE(refused([](Json& b) { b["verificationMaterial"].erase("publicKey"); }));
  EXPECT_TRUE(
      refused([](Json& b) { b["verificationMaterial"]["publicKey"]["hint"] = std::string(64, 'a'); }));
  EXPECT_TRUE(refused([](Json& b) { b["verificationMaterial"]["x509CertificateChain"] = Json::object(); }));
  for (const char* text : {"", "{}", "[]", "null", "{\"mediaType\":1}", "\xff"})
    EXPECT_FALSE(read_model_signature(text, *trusted, kNow)) << text;
}

// Statements that somebody whom we trust has signed, and that nobody should have.
TEST_F(ModelSignature, NamesStayBelowTheFolder) {
  const ModelTrustPtr trusted = trust(sign());
  const KeyPtr key = read_pem_key(read_file(folder_ / "keys" / "key.pem", 1 << 20).value(), "key").value();
  Json bundle = parse_json(read_file(folder_ / "m/model.sig", 1 << 20).value(), "bundle").value();
  const auto signed_with = [&](const std::vector<std::string>& names) {
    std::vector<SignedModel::File> files;
    Json resources = Json::array();
    for (const std::string& name : names) {
      files.push_back({name, std::string(64, 'a')});
      resources.push_back({{"name", name}, {"algorithm", "sha256"}, {"digest", files.back().sha256}});
    }
    const std::string payload =
        Json{{"_type", kStatementType},
             {"subject", {{{"name", "m"}, {"digest", {{"sha256", digest_of_digests(files)}}}}}},
             {"predicateType", kPredicateType},
             {"predicate",
              {{"serialization", {{"method", "files"}, {"hash_type", "sha256"}}}, {"resources", resources}}}}
            .dump();
    const std::string message = dsse_encoding(kPayloadType, payload);
    const DigestContextPtr context(EVP_MD_CTX_new());
    std::string signature(200, '\0');
    size_t size = signature.size();
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
    EVP_DigestSign(context.get(), unsigned_data(signature), &size, unsigned_data(message), message.size());
    signature.resize(size);
    bundle["dsseEnvelope"]["payload"] = to_base64(payload);
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = to_base64(signature);
    return read_model_signature(bundle.dump(), *trusted, kNow);
  };
  EXPECT_TRUE(signed_with({"a/b.json", "c"}));
  EXPECT_TRUE(signed_with({"."}));
  for (const std::vector<std::string>& names :
       std::vector<std::vector<std::string>>{{},
                                             {"../a"},
                                             {"/a"},
                                             {"a/../b"},
                                             {"a//b"},
                                             {""},
                                             {".", "a"},
                                             {"a", "a"},
                                             {"a\\b"},
                                             {std::string(2000, 'x')}})
    EXPECT_FALSE(signed_with(names)) << (names.empty() ? "none" : names[0]);
}

TEST_F(ModelSignature, FilesOfTrustHoldKeysAndCertificatesOnly) {
  const std::string root = sign();
  EXPECT_TRUE(trust(root + kReferenceKey));
  for (const std::string& text :
       {std::string(), std::string("text"), read_file(folder_ / "keys" / "key.pem", 1 << 20).value(),
        root.substr(0, root.size() / 2)}) {
    write("trust.pem", text);
    EXPECT_FALSE(read_model_trust(folder_ / "trust.pem"));
  }
  EXPECT_EQ(read_model_trust(folder_ / "none.pem").error().code, Code::not_found);
}

}  // namespace
}  // namespace limner
