#include "engine/drawing_file.h"

#include "base/json.h"
#include "image/codec.h"
#include "image/digital_source.h"

namespace limner {
namespace {

// Reads an object up to the text of its member "task", which is among the first: building all of the object
// only for that takes longer than writing a small picture.
class TaskReader : public Json::json_sax_t {
 public:
  const std::string& task() const { return task_; }

  bool start_object(size_t) override { return ++depth_ == 1 || !wanted_; }
  bool end_object() override { return --depth_ > 0; }
  bool start_array(size_t) override { return ++depth_ > 1 && !wanted_; }
  bool end_array() override { return --depth_ > 0; }
  bool key(std::string& name) override {
    wanted_ = depth_ == 1 && name == "task";
    return true;
  }
  bool string(std::string& text) override {
    if (wanted_) task_ = text;
    return !wanted_;
  }
  bool null() override { return !wanted_; }
  bool boolean(bool) override { return !wanted_; }
  bool number_integer(number_integer_t) override { return !wanted_; }
  bool number_unsigned(number_unsigned_t) override { return !wanted_; }
  bool number_float(number_float_t, const std::string&) override { return !wanted_; }
  bool binary(binary_t&) override { return !wanted_; }
  bool parse_error(size_t, const std::string&, const Json::exception&) override { return false; }

 private:
  int depth_ = 0;
  bool wanted_ = false;  // the next value is the task
  std::string task_;
};

// Pictures whose texts do not say how they came to be (strangers', enlarged) are not said to be drawn.
std::string source_type_of(const std::string& json) {
  TaskReader reader;
  Json::sax_parse(json, &reader);
  if (reader.task().empty()) return {};
  const bool from_text = reader.task() == "text-to-image";
  return std::string(from_text ? kTrainedAlgorithmicMedia : kCompositeWithTrainedAlgorithmicMedia);
}

}  // namespace

Result<std::vector<std::byte>> encode_drawing(const Picture& picture, const FileTexts& texts,
                                              const DrawingFileOptions& options) {
  EncodeOptions encoding{.format = options.format, .quality = options.quality};
  if (!options.bare) {
    encoding.infotext = texts.infotext;
    encoding.limner_json = texts.json;
    encoding.digital_source_type = source_type_of(texts.json);
  }
  return encode_picture(picture, encoding);
}

}  // namespace limner
