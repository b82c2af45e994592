#include "jobs/job_request.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "base/ids.h"
#include "jobs/request_rows.h"

namespace limner {
namespace {

Json parsed(std::string_view text) { return parse_json(text, "test").value(); }

Result<JobRequest> read(std::string_view text) { return job_request_from_json(parsed(text)); }

// The error that `text` gives; a test fails if it gives none.
Error error_of(std::string_view text) {
  const Result<JobRequest> request = read(text);
  EXPECT_FALSE(request) << text;
  return request ? Error{} : request.error();
}

const std::string kFile = "file_01arz3ndektsv4rrffq69g5fav";
const std::string kPic = "pic_01arz3ndektsv4rrffq69g5fav";

TEST(JobRequest, PromptAloneTakesDefaults) {
  const JobRequest request = read(R"({"prompt":"a red apple"})").value();
  EXPECT_EQ(request.task, "generate");
  EXPECT_EQ(request.params.prompt, "a red apple");
  EXPECT_EQ(request.count, 1);
  EXPECT_EQ(request.format, "png");
  EXPECT_EQ(request.tier, Tier::standard);
  EXPECT_FALSE(request.params.seed);
}

TEST(JobRequest, EveryMember) {
  const JobRequest request =
      read(R"({"prompt":"p","model":"m","count":3,"dtype":"f32","vae":"v","steps":7,"guidance":2,"seed":5,
  "loras":[{"name":"a","weight":0.5},"b","c:0.25","d:e"],"embeddings":["x"],
  "controlnets":[{"name":"canny","image":")" +
           kPic + R"(","scale":0.5,"start":0.1,"end":0.9}],"init":")" + kFile + R"(","mask":")" + kFile +
           R"(","invert_mask":true,"mask_blur":2.5,"upscaler":"u","format":"webp","quality":70,"bare":true,
  "preview_every":2,"tier":"realtime","tags":["one","zwei"],"deadline_seconds":60,
  "webhook_url":"https://example.org/done"})")
          .value();
  EXPECT_EQ(request.pictures(), 3);
  ASSERT_EQ(request.loras.size(), 4u);
  EXPECT_EQ(request.loras[0].weight, 0.5);
  EXPECT_EQ(request.loras[2].name, "c");
  EXPECT_EQ(request.loras[2].weight, 0.25);
  EXPECT_EQ(request.loras[3].name, "d:e");
  ASSERT_EQ(request.controls.size(), 1u);
  EXPECT_EQ(request.controls[0].picture, kPic);
  EXPECT_EQ(request.controls[0].end, 0.9);
  EXPECT_EQ(request.mask_blur, 2.5);
  EXPECT_EQ(request.tier, Tier::realtime);
  EXPECT_EQ(request.tags, (std::vector<std::string>{"one", "zwei"}));
  EXPECT_EQ(request.deadline_seconds, 60);
  EXPECT_EQ(request.params.seed, 5u);
}

TEST(JobRequest, ShorthandsAndNull) {
  const JobRequest request =
      read(R"({"prompt":"p","n":2,"size":"512x768","model":null,"steps":null,"loras":null})").value();
  EXPECT_EQ(request.count, 2);
  EXPECT_EQ(request.params.width, 512);
  EXPECT_EQ(request.params.height, 768);
  EXPECT_FALSE(request.params.steps);
  EXPECT_EQ(read(R"({"prompt":"p","size":"0512x768"})").value().params.width, 512);
}

TEST(JobRequest, WholeNumbersMayBeWrittenWithAPointAndSeedsAsText) {
  const JobRequest request =
      read(R"({"prompt":"p","count":2.0,"steps":9.0,"seed":"18446744073709551615"})").value();
  EXPECT_EQ(request.count, 2);
  EXPECT_EQ(request.params.steps, 9);
  EXPECT_EQ(request.params.seed, UINT64_MAX);
}

TEST(JobRequest, UnknownKeyIsNamedWithTheOneMeant) {
  EXPECT_EQ(error_of(R"({"prompt":"p","step":7})").field, "step");
  EXPECT_EQ(error_of(R"({"prompt":"p","step":7})").hint, "did you mean \"steps\"?");
  EXPECT_EQ(error_of(R"({"prompt":"p","quantum_flux":7})").hint, "");
  EXPECT_EQ(error_of(R"({"prompt":"p","loras":[{"name":"a","wieght":1}]})").hint, "did you mean \"weight\"?");
}

TEST(JobRequest, WhatIsOutOfBoundsIsInvalidAndNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "prompt"},
      {R"([])", "body"},
      {R"({"prompt":7})", "prompt"},
      {R"({"prompt":"p","count":0})", "count"},
      {R"({"prompt":"p","count":1001})", "count"},
      {R"({"prompt":"p","count":1.5})", "count"},
      {R"({"prompt":"p","count":1e300})", "count"},
      {R"({"prompt":"p","count":"2"})", "count"},
      {R"({"prompt":"p","count":true})", "count"},
      {R"({"prompt":"p","n":2,"count":2})", "n"},
      {R"({"prompt":"p","steps":"20"})", "steps"},
      {R"({"prompt":"p","steps":0})", "steps"},
      {R"({"prompt":"p","steps":2.5})", "steps"},
      {R"({"prompt":"p","seed":-1})", "seed"},
      {R"({"prompt":"p","seed":"x"})", "seed"},
      {R"({"prompt":"p","size":"512"})", "size"},
      {R"({"prompt":"p","size":"x"})", "size"},
      {R"({"prompt":"p","size":"512x768x3"})", "size"},
      {R"({"prompt":"p","size":"512x768","width":512})", "size"},
      {R"({"prompt":"p","sampler":["euler"]})", "sampler"},
      {R"({"prompt":"p","noise":"pink"})", "noise"},
      {R"({"prompt":"p","task":"dance"})", "task"},
      {R"({"prompt":"p","format":""})", "format"},
      {R"({"prompt":"p","format":"gif"})", "format"},
      {R"({"prompt":"p","quality":0})", "quality"},
      {R"({"prompt":"p","bare":1})", "bare"},
      {R"({"prompt":"p","model":"a\nb"})", "model"},
      {R"({"prompt":"p","loras":"a"})", "loras"},
      {R"({"prompt":"p","loras":[""]})", "loras[0]"},
      {R"({"prompt":"p","loras":["a:1000"]})", "loras[0]"},
      {R"({"prompt":"p","loras":["a",{"weight":1}]})", "loras[1].name"},
      {R"({"prompt":"p","loras":[{"name":"a","weight":"1"}]})", "loras[0].weight"},
      {R"({"prompt":"p","embeddings":[1]})", "embeddings[0]"},
      {R"({"prompt":"p","controlnets":[{"name":"a"}]})", "controlnets[0].image"},
      {R"({"prompt":"p","controlnets":[7]})", "controlnets[0]"},
      {R"({"prompt":"p","init":"/etc/passwd"})", "init"},
      {R"({"prompt":"p","init":"job_01arz3ndektsv4rrffq69g5fav"})", "init"},
      {R"({"prompt":"p","mask":"file_01arz3ndektsv4rrffq69g5fav"})", "mask"},
      {R"({"prompt":"p","invert_mask":true})", "invert_mask"},
      {R"({"prompt":"p","mask_blur":3})", "mask_blur"},
      {R"({"prompt":"p","outpaint":"64"})", "outpaint"},
      {R"({"prompt":"p","outpaint":"1,2,3"})", "outpaint"},
      {R"({"prompt":"p","outpaint":"0"})", "outpaint"},
      {R"({"prompt":"p","outpaint":"-1,2,3,4"})", "outpaint"},
      {R"({"prompt":"p","frames":1,"blend_seed":1})", "frames"},
      {R"({"prompt":"p","frames":4})", "frames"},
      {R"({"prompt":"p","frames":4,"blend_seed":1,"count":2})", "count"},
      {R"({"prompt":"p","frames":4,"blend_seed":1,"blend":0.5})", "blend"},
      {R"({"prompt":"p","tier":"first"})", "tier"},
      {R"({"prompt":"p","tags":["a","a"]})", "tags[1]"},
      {R"({"prompt":"p","tags":["\u0007"]})", "tags[0]"},
      {R"({"prompt":"p","deadline_seconds":0.5})", "deadline_seconds"},
      {R"({"prompt":"p","deadline_seconds":2592001})", "deadline_seconds"},
      {R"({"prompt":"p","webhook_url":"ftp://example.org"})", "webhook_url"},
      {R"({"task":"upscale"})", "init"},
      {R"({"task":"upscale","init":"file_01arz3ndektsv4rrffq69g5fav"})", "upscaler"},
      {R"({"task":"upscale","prompt":"p"})", "prompt"},
      {R"({"task":"upscale","count":1})", "count"},
  };
  for (const auto& [text, field] : cases) {
    const Error error = error_of(text);
    EXPECT_EQ(error.field, field) << text << ": " << error.text();
    EXPECT_EQ(error.code, Code::invalid) << text;
  }
}

TEST(JobRequest, ListsAreBounded) {
  for (const auto& [key, most, item] :
       {std::tuple("loras", 16, Json("a")), std::tuple("embeddings", 32, Json("a")),
        std::tuple("controlnets", 8, Json{{"name", "a"}, {"image", kFile}})}) {
    Json json = {{"prompt", "p"}, {key, Json::array()}};
    for (int i = 0; i < most; ++i) json[key].push_back(item);
    EXPECT_TRUE(job_request_from_json(json)) << key;
    json[key].push_back(item);
    EXPECT_EQ(job_request_from_json(json).error().field, key);
  }
  Json tags = {{"prompt", "p"}, {"tags", Json::array()}};
  for (int i = 0; i < 16; ++i) tags["tags"].push_back(std::to_string(i));
  EXPECT_TRUE(job_request_from_json(tags));
  tags["tags"].push_back("one more");
  EXPECT_FALSE(job_request_from_json(tags));
}

TEST(JobRequest, TagsAreCountedInCharacters) {
  std::string tag;
  for (int i = 0; i < 64; ++i) tag += "é";
  EXPECT_TRUE(job_request_from_json({{"prompt", "p"}, {"tags", {tag}}}));
  EXPECT_FALSE(job_request_from_json({{"prompt", "p"}, {"tags", {tag + "e"}}}));
}

TEST(JobRequest, TextThatIsNoUtf8IsRefusedAndItsErrorCanBeWritten) {
  for (const char* key : {"prompt", "negative", "model", "vae", "sampler", "upscaler", "webhook_url"}) {
    Json json = {{"prompt", "p"}};
    json[key] = "\xff\xc0\x80";
    const Result<JobRequest> request = job_request_from_json(json);
    ASSERT_FALSE(request) << key;
    EXPECT_NO_THROW(Json(request.error().text()).dump()) << key;
  }
  Json unknown = {{"prompt", "p"}, {"\xff", 1}};
  EXPECT_NO_THROW(Json(job_request_from_json(unknown).error().text()).dump());
}

TEST(JobRequest, UpscalingKeepsOnlyWhatGoesWithIt) {
  const JobRequest request =
      read(R"({"task":"upscale","init":")" + kPic + R"(","upscaler":"u","format":"jpeg","tier":"batch"})")
          .value();
  const Json json = job_request_to_json(request);
  EXPECT_FALSE(json.contains("prompt"));
  EXPECT_FALSE(json.contains("count"));
  EXPECT_EQ(job_request_to_json(job_request_from_json(json).value()), json);
}

TEST(JobRequest, PicturesCountUpTheirSeedsAndFramesTheirBlend) {
  JobRequest request;
  request.params.seed = UINT64_MAX;
  EXPECT_EQ(params_of_picture(request, 0).seed, UINT64_MAX);
  EXPECT_EQ(params_of_picture(request, 1).seed, 0u);
  request.frames = 5;
  request.params.blend_seed = 9;
  EXPECT_EQ(params_of_picture(request, 0).blend, 0);
  EXPECT_EQ(params_of_picture(request, 1).blend, 0.25);
  EXPECT_EQ(params_of_picture(request, 4).blend, 1);
  EXPECT_EQ(params_of_picture(request, 4).seed, UINT64_MAX);
}

// Random requests, of every member.
class RandomRequest {
 public:
  explicit RandomRequest(uint64_t seed) : random_(seed) {}

  Json make() { return chance(0.15) ? upscale() : generate(); }

 private:
  bool chance(double share) { return std::uniform_real_distribution<>(0, 1)(random_) < share; }
  int whole(int least, int most) { return std::uniform_int_distribution<>(least, most)(random_); }
  double real(double least, double most) { return std::uniform_real_distribution<>(least, most)(random_); }
  std::string word() {
    static constexpr const char* kParts[] = {"a", "Ω", "日本", ":", " ", "-", "\"", "\\", "0.5", "/"};
    std::string text = "w";
    for (int i = whole(0, 6); i > 0; --i) text += kParts[whole(0, 9)];
    return text;
  }
  std::string picture() { return new_id(chance(0.5) ? "file" : "pic"); }

  void about_the_job(Json& json) {
    if (chance(0.3)) json["tier"] = tier_name(static_cast<Tier>(whole(0, 2)));
    if (chance(0.3)) json["tags"] = {word() + "1", word() + "2"};
    if (chance(0.3)) json["deadline_seconds"] = real(1, 86'400);
    if (chance(0.3)) json["webhook_url"] = "https://example.org/hook?a=b";
    if (chance(0.3)) json["format"] = chance(0.5) ? "avif" : "jpeg";
    if (chance(0.3)) json["quality"] = whole(1, 100);
    if (chance(0.3)) json["bare"] = chance(0.5);
    if (chance(0.3)) json["dtype"] = chance(0.5) ? "f32" : "bf16";
  }
  Json upscale() {
    Json json = {{"task", "upscale"}, {"init", picture()}, {"upscaler", word()}};
    about_the_job(json);
    return json;
  }
  void pictures(Json& json) {
    if (chance(0.4)) json["init"] = picture();
    if (json.contains("init") && chance(0.5))
      json["mask"] = picture();
    else if (json.contains("init") && chance(0.3))
      json["outpaint"] = chance(0.5) ? "64" : "1,2,0,4";
    if (json.contains("mask") && chance(0.5)) json["invert_mask"] = true;
    if (json.contains("mask") && chance(0.5)) json["mask_blur"] = real(0, 1000);
    for (int i = chance(0.3) ? whole(1, 8) : 0; i > 0; --i)
      json["controlnets"].push_back({{"name", word()}, {"image", picture()}, {"scale", real(0, 10)}});
  }
  Json generate() {
    Json json = {{"prompt", word()}};
    about_the_job(json);
    pictures(json);
    if (chance(0.3)) json["frames"] = whole(2, 1000);
    if (json.contains("frames"))
      json["blend_prompt"] = word();
    else
      json["count"] = whole(1, 1000);
    if (chance(0.5)) json["seed"] = random_();
    if (chance(0.5)) json["guidance"] = real(0, 100);
    if (chance(0.5)) json["strength"] = real(0, 1);
    if (chance(0.5)) json["size"] = "512x768";
    if (chance(0.5)) json["negative"] = word();
    if (chance(0.5)) json["model"] = word();
    if (chance(0.5)) json["vae"] = word();
    if (chance(0.5)) json["upscaler"] = word();
    if (chance(0.5)) json["preview_every"] = whole(0, 1000);
    for (int i = chance(0.4) ? whole(1, 16) : 0; i > 0; --i)
      json["loras"].push_back(chance(0.5) ? Json(word())
                                          : Json{{"name", word()}, {"weight", real(-100, 100)}});
    for (int i = chance(0.4) ? whole(1, 32) : 0; i > 0; --i) json["embeddings"].push_back(word());
    return json;
  }

  std::mt19937_64 random_;
};

TEST(JobRequest, WhatIsWrittenReadsBackTheSame) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const Json given = RandomRequest(seed).make();
    const Result<JobRequest> request = job_request_from_json(given);
    ASSERT_TRUE(request) << "seed " << seed << ": " << request.error().text() << "\n" << given.dump();
    const Json written = job_request_to_json(*request);
    const Result<JobRequest> again = job_request_from_json(parsed(written.dump()));
    ASSERT_TRUE(again) << "seed " << seed << ": " << again.error().text() << "\n" << written.dump();
    ASSERT_EQ(job_request_to_json(*again), written) << "seed " << seed;
    // What was given stands in what was written: nothing got lost on the way.
    for (const auto& [key, value] : given.items())
      if (key != "size" && key != "loras" && key != "controlnets") {
        ASSERT_EQ(written.at(key), value) << "seed " << seed << " " << key;
      }
  }
}

TEST(JobRequest, SchemaNamesEveryKeyThatIsRead) {
  const Json schema = job_request_schema();
  const Json& properties = schema["properties"];
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(properties.size(), param_table().size() + request_rows().size() + 2);
  for (const auto& [key, value] : properties.items()) {
    EXPECT_FALSE(value["description"].get<std::string>().empty()) << key;
    // A key of the schema is known to the reader, whatever it says of the value.
    Json json = {{"prompt", "p"}};
    json[key] = Json::object();
    const Result<JobRequest> request = job_request_from_json(json);
    ASSERT_FALSE(request) << key;
    EXPECT_EQ(request.error().message.find("is not a parameter"), std::string::npos) << key;
  }
  for (const RequestField& field : request_fields())
    EXPECT_TRUE(properties.contains(std::string(field.name)));
}

TEST(JobRequest, SchemaDefaultsAreAccepted) {
  const Json schema = job_request_schema();
  for (const auto& [key, value] : schema["properties"].items()) {
    if (!value.contains("default") || key == "task") continue;
    Json json = {{"prompt", "p"}};
    json[key] = value["default"];
    const Result<JobRequest> request = job_request_from_json(json);
    EXPECT_TRUE(request) << key << ": " << (request ? "" : request.error().text());
  }
}

TEST(JobRequest, SchemaBoundsAreTheReadersBounds) {
  const Json schema = job_request_schema();
  for (const auto& [key, value] : schema["properties"].items())
    for (const auto& [bound, beyond] : {std::pair("minimum", -1), std::pair("maximum", 1)}) {
      if (!value.contains(bound) || key == "deadline_seconds") continue;
      Json json = {{"prompt", "p"}, {key, value[bound].get<double>() + beyond}};
      const Result<JobRequest> request = job_request_from_json(json);
      ASSERT_FALSE(request) << key << " " << bound;
      EXPECT_EQ(request.error().field, key) << request.error().text();
    }
}

}  // namespace
}  // namespace limner
