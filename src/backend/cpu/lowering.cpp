#include "backend/cpu/lowering.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "backend/cpu/lower/lower.h"
#include "base/check.h"
#include "graph/work.h"

namespace limner::cpu {

Program lower(const Graph& graph, Precision precision, const Tools& tools) {
  return Lowering(graph, precision, tools).run();
}

size_t packed_bytes(const Graph& graph, Precision precision, const Tools& tools) {
  std::map<std::string_view, size_t> of_own_form;
  for (const Node& node : graph.nodes()) {
    const auto* convolution = std::get_if<op::Conv2d>(&node.op);
    if (convolution && suits_winograd(*convolution, precision, tools))
      of_own_form[convolution->weight] =
          (convolution->compact ? tools.kernels.winograd->filter_bytes
                                : tools.kernels.winograd->weight_bytes)(convolution->in, convolution->out);
    if (convolution && convolution->int8)
      of_own_form[convolution->weight] = tools.kernels.int8.weight_bytes(convolution->in, convolution->out);
    const auto* linear = std::get_if<op::Linear>(&node.op);
    if (linear && linear->int8)
      of_own_form[linear->weight] = tools.kernels.int8.weight_bytes(linear->in, linear->out);
  }
  size_t bytes = 0;
  for (const Graph::WeightUse& use : graph.weights()) {
    const auto own = of_own_form.find(use.name);
    bytes += own != of_own_form.end()
                 ? own->second
                 : static_cast<size_t>(use.shape.count()) * dtype_bytes(internal_type(precision));
  }
  return bytes;
}

Lowering::Lowering(const Graph& graph, Precision precision, const Tools& tools)
    : graph_(graph),
      tools_(tools),
      precision_(precision),
      type_(internal_type(precision)),
      order_(fuse(graph)) {
  const std::vector<Node>& nodes = graph.nodes();
  for (size_t i = 0; i < nodes.size(); ++i) {
    const bool renames = std::holds_alternative<op::Reshape>(nodes[i].op);
    root_.push_back(renames ? root_[static_cast<size_t>(nodes[i].inputs[0].index)] : static_cast<int32_t>(i));
  }
  slots_.resize(nodes.size());
}

Program Lowering::run() && {
  count_readers();
  declare_inputs();
  for (const FusedNode& fused : order_) lower_node(fused);
  write_outputs();
  const MemoryPlan plan = plan_memory(lifetimes_);
  for (size_t i = 0; i < lifetimes_.size(); ++i) {
    if (program_.places[i].in == Place::In::arena) program_.places[i].at = plan.offsets[i];
  }
  program_.arena_bytes = plan.bytes;
  return std::move(program_);
}

void Lowering::count_readers() {
  for (const FusedNode& fused : order_) {
    const Node& node = graph_.nodes()[static_cast<size_t>(fused.node)];
    if (std::holds_alternative<op::Reshape>(node.op)) continue;
    for (const Value input : node.inputs) ++slot(input).readers;
    if (fused.residual.valid()) ++slot(fused.residual).readers;
  }
  std::vector<int> as_output(slots_.size());
  for (size_t i = 0; i < graph_.outputs().size(); ++i) {
    Slot& output = slot(graph_.outputs()[i].value);
    ++output.readers;
    output.sole_output = i;
  }
  for (Slot& candidate : slots_) {
    if (candidate.readers != 1) candidate.sole_output.reset();
  }
}

void Lowering::declare_inputs() {
  size_t number = 0;
  for (size_t i = 0; i < graph_.nodes().size(); ++i) {
    const auto* input = std::get_if<op::Input>(&graph_.nodes()[i].op);
    if (input == nullptr) continue;
    const DType type = input->integers ? DType::i32 : DType::f32;
    slots_[i].buffers[type_index(type)] = new_buffer(0, Place{Place::In::input, number++});
  }
}

void Lowering::lower_node(const FusedNode& fused) {
  fused_ = &fused;
  node_ = &graph_.nodes()[static_cast<size_t>(fused.node)];
  const size_t before = program_.steps.size();
  std::visit([this](const auto& op) { lower(op, *this); }, node_->op);
  for (size_t i = before; i + 1 < program_.steps.size(); ++i) program_.labels[i].operations = 0;
}

void Lowering::write_outputs() {
  for (size_t i = 0; i < graph_.outputs().size(); ++i) {
    const Value value = graph_.outputs()[i].value;
    if (slot(value).sole_output == i && slot(value).readers == 0) continue;  // Its product wrote it in place.
    const int64_t count = graph_.shape(value).count();
    const BufferId to = new_buffer(0, Place{Place::In::output, i});
    for (const DType type : {DType::f32, type_}) {
      if (const auto from = slot(value).buffers[type_index(type)]) {
        convert(*from, type, to, DType::f32, count);
        break;
      }
    }
  }
}

size_t Lowering::type_index(DType type) {
  LIMNER_CHECK(type == DType::f32 || type == DType::bf16 || type == DType::i32, "a type that values have");
  return type == DType::f32 ? 0 : type == DType::bf16 ? 1 : 2;
}

BufferId Lowering::in_as(size_t index, DType type) {
  const BufferId buffer = read(node_->inputs[index], type);
  --slot(node_->inputs[index]).readers;
  return buffer;
}

BufferId Lowering::in_codes(size_t index, int64_t width) {
  const Value value = node_->inputs[index];
  Slot& source = slot(value);
  if (!source.codes || source.codes_width != width) {
    const BufferId x = read(value, type_);
    const int64_t rows = graph_.shape(value).count() / width;
    const Int8Kernels& kernels = tools_.kernels.int8;
    source.codes = new_buffer(kernels.codes_bytes(rows, width));
    source.codes_width = width;
    helping_ = "quantize";
    for_type(type_, [&]<class T>(T) {
      emit([=, go = kernels.quantize<T>(),
            to = *source.codes](const Frame& frame) { go(frame.at<T>(x), rows, width, frame.address(to)); },
           {x, *source.codes});
    });
    helping_ = {};
  }
  --source.readers;
  return *source.codes;
}

BufferId Lowering::read(Value value, DType type) {
  Slot& source = slot(value);
  std::optional<BufferId>& wanted = source.buffers[type_index(type)];
  if (wanted) return *wanted;
  const DType stored = type == DType::f32 ? DType::bf16 : DType::f32;
  const auto from = source.buffers[type_index(stored)];
  LIMNER_CHECK(type != DType::i32 && from, "ids where ids are read, numbers where numbers are");
  const int64_t count = graph_.shape(value).count();
  wanted = new_buffer(static_cast<size_t>(count) * dtype_bytes(type));
  convert(*from, stored, *wanted, type, count);
  return *wanted;
}

void Lowering::convert(BufferId from, DType from_type, BufferId to, DType to_type, int64_t count) {
  helping_ = from_type == to_type ? "copy" : "convert";
  if (from_type == to_type) {
    const size_t bytes = static_cast<size_t>(count) * dtype_bytes(to_type);
    emit([=](const Frame& frame) { std::memcpy(frame.address(to), frame.address(from), bytes); }, {from, to});
  } else if (to_type == DType::bf16) {
    emit([=, go = tools_.kernels.f32_to_bf16](
             const Frame& frame) { go(frame.at<float>(from), frame.at<Bf16>(to), count); },
         {from, to});
  } else {
    emit([=, go = tools_.kernels.bf16_to_f32](
             const Frame& frame) { go(frame.at<Bf16>(from), frame.at<float>(to), count); },
         {from, to});
  }
  helping_ = {};
}

BufferId Lowering::out_as(DType type) { return result_buffer(type); }

BufferId Lowering::result_buffer(DType type, Place place) {
  const size_t bytes =
      place.in == Place::In::arena ? static_cast<size_t>(out_shape().count()) * dtype_bytes(type) : 0;
  const BufferId buffer = new_buffer(bytes, place);
  slot(fused_->result).buffers[type_index(type)] = buffer;
  return buffer;
}

bool Lowering::may_overwrite(Value value, DType type) {
  const auto buffer = slot(value).buffers[type_index(type)];
  return slot(value).readers == 0 && buffer &&
         program_.places[static_cast<size_t>(*buffer)].in == Place::In::arena;
}

BufferId Lowering::out_over(size_t index) {
  const Value operand = node_->inputs[index];
  if (!may_overwrite(operand, type_)) return out();
  const BufferId buffer = *slot(operand).buffers[type_index(type_)];
  slot(fused_->result).buffers[type_index(type_)] = buffer;
  return buffer;
}

Lowering::Target Lowering::product_target() {
  Slot& result = slot(fused_->result);
  const bool accumulate = fused_->residual.valid();
  const std::optional<BufferId> residual =
      accumulate ? std::optional(read(fused_->residual, type_)) : std::nullopt;
  if (accumulate) --slot(fused_->residual).readers;
  // The sum is read in the type it is written in, so a bf16 residual keeps an f32 output from being written
  // directly.
  if (result.sole_output && (!accumulate || type_ == DType::f32)) {
    const BufferId buffer = result_buffer(DType::f32, Place{Place::In::output, *result.sole_output});
    --result.readers;
    if (accumulate) convert(*residual, type_, buffer, type_, out_shape().count());
    return {buffer, DType::f32, accumulate};
  }
  if (!accumulate) return {out(), type_, false};
  const bool is_operand = std::any_of(node_->inputs.begin(), node_->inputs.end(),
                                      [&](Value input) { return &slot(input) == &slot(fused_->residual); });
  if (may_overwrite(fused_->residual, type_) && !is_operand) {
    result.buffers[type_index(type_)] = residual;
    return {*residual, type_, true};
  }
  const BufferId buffer = out();
  convert(*residual, type_, buffer, type_, out_shape().count());
  return {buffer, type_, true};
}

BufferId Lowering::new_buffer(size_t bytes, Place place) {
  program_.places.push_back(place);
  lifetimes_.push_back(Lifetime{bytes, -1, -1});
  return static_cast<BufferId>(lifetimes_.size() - 1);
}

BufferId Lowering::scratch(size_t bytes) { return new_buffer(bytes); }

WeightId Lowering::request(WeightRequest request) {
  program_.weights.push_back(std::move(request));
  return static_cast<WeightId>(program_.weights.size() - 1);
}

WeightId Lowering::weight_f32(const std::string& name, Shape shape) {
  return request({name, shape, WeightRequest::Form::f32, {}, {}});
}

WeightId Lowering::weight_internal(const std::string& name, Shape shape) {
  return request({name, shape, WeightRequest::Form::internal, {}, {}});
}

WeightId Lowering::weight_packed(const std::string& name, Shape shape, const dnnl::memory::desc& stored,
                                 const dnnl::memory::desc& wanted) {
  return request({name, shape, WeightRequest::Form::packed, stored, wanted});
}

WeightId Lowering::weight_winograd(const std::string& name, Shape shape, bool compact) {
  using Form = WeightRequest::Form;
  return request({name, shape, compact ? Form::filters : Form::winograd, {}, {}});
}

WeightId Lowering::weight_int8(const std::string& name, Shape shape) {
  return request({name, shape, WeightRequest::Form::int8, {}, {}});
}

void Lowering::emit(std::unique_ptr<Step> step, std::initializer_list<BufferId> touched) {
  const auto number = static_cast<int32_t>(program_.steps.size());
  for (const BufferId id : touched) {
    Lifetime& life = lifetimes_[static_cast<size_t>(id)];
    if (life.first < 0) life.first = number;
    life.last = number;
  }
  program_.steps.push_back(std::move(step));
  program_.labels.push_back(next_label());
}

/// The operations of a node that is several steps are those of its last: the others lay out its operands.
StepLabel Lowering::next_label() {
  if (!helping_.empty()) return {std::string(helping_), 0};
  StepLabel label{describe_work(graph_, *node_), operations(graph_, *node_)};
  if (fused_->residual.valid()) label.what += " + residual";
  if (fused_->activation) label.what += " + activation";
  return label;
}

}  // namespace limner::cpu
