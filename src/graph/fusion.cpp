#include "graph/fusion.h"

#include <algorithm>
#include <utility>

namespace limner {
namespace {

constexpr int32_t kNobody = -1, kSeveral = -2;

class Fuser {
 public:
  explicit Fuser(const Graph& graph)
      : graph_(graph), user_(graph.nodes().size(), kNobody), taken_(user_.size()) {
    for (size_t i = 0; i < user_.size(); ++i) {
      for (const Value input : graph.nodes()[i].inputs) add_user(input, static_cast<int32_t>(i));
    }
    for (const GraphOutput& output : graph.outputs()) add_user(output.value, kSeveral);
  }

  std::vector<FusedNode> run() {
    std::vector<FusedNode> fused;
    for (size_t i = 0; i < taken_.size(); ++i) {
      if (!taken_[i]) fused.push_back(grow(static_cast<int32_t>(i)));
    }
    std::stable_sort(fused.begin(), fused.end(),
                     [](const FusedNode& a, const FusedNode& b) { return a.result.index < b.result.index; });
    return fused;
  }

 private:
  void add_user(Value value, int32_t user) {
    int32_t& known = user_[static_cast<size_t>(value.index)];
    known = known == kNobody ? user : kSeveral;
  }

  const Node& node(int32_t index) const { return graph_.nodes()[static_cast<size_t>(index)]; }

  FusedNode grow(int32_t index) {
    FusedNode fused{.node = index, .result = Value{index}};
    const op::Any& op = node(index).op;
    const bool product = std::holds_alternative<op::Linear>(op) || std::holds_alternative<op::Conv2d>(op);
    if (product) fold_add(fused);
    if (product || std::holds_alternative<op::GroupNorm>(op)) fold_activation(fused, product);
    return fused;
  }

  /// The one node that uses `value`, skipping reshapes that are themselves used once; kNobody if there is no
  /// such node.
  int32_t only_user(Value value) const {
    int32_t user = user_[static_cast<size_t>(value.index)];
    while (user >= 0 && std::holds_alternative<op::Reshape>(node(user).op))
      user = user_[static_cast<size_t>(user)];
    return user >= 0 && !taken_[static_cast<size_t>(user)] ? user : kNobody;
  }

  /// Takes `user` and the reshapes on the way to it.
  void take(FusedNode& fused, int32_t user) {
    while (fused.result.index != user) {
      fused.result = Value{user_[static_cast<size_t>(fused.result.index)]};
      taken_[static_cast<size_t>(fused.result.index)] = true;
    }
  }

  /// What arrives at `user` from `value`: the value itself or the last reshape on the way.
  Value arriving(Value value, int32_t user) const {
    while (user_[static_cast<size_t>(value.index)] != user)
      value = Value{user_[static_cast<size_t>(value.index)]};
    return value;
  }

  void fold_add(FusedNode& fused) {
    const int32_t user = only_user(fused.result);
    if (user < 0 || !std::holds_alternative<op::Add>(node(user).op)) return;
    const std::vector<Value>& operands = node(user).inputs;
    const Value ours = arriving(fused.result, user);
    const Value other = operands[0].index == ours.index ? operands[1] : operands[0];
    if (other.index == ours.index || graph_.shape(other).count() != graph_.shape(ours).count()) return;
    fused.residual = other;
    take(fused, user);
  }

  void fold_activation(FusedNode& fused, bool product) {
    const int32_t user = only_user(fused.result);
    if (user < 0) return;
    const auto* unary = std::get_if<op::Unary>(&node(user).op);
    if (unary == nullptr) return;
    const bool folds =
        product ? unary->kind != op::Activation::soft_clip : unary->kind == op::Activation::silu;
    if (!folds) return;
    fused.activation = *unary;
    take(fused, user);
  }

  const Graph& graph_;
  std::vector<int32_t> user_;  ///< the only user of each value, kNobody or kSeveral
  std::vector<bool> taken_;
};

}  // namespace

std::vector<FusedNode> fuse(const Graph& graph) { return Fuser(graph).run(); }

}  // namespace limner
