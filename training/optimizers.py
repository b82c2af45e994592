"""Optimizers: AdamW, and Muon for the autoencoder's convolutions and the scorer's matrices."""

import torch


def orthogonal(update):
    """A matrix with the singular vectors of `update` and singular values near 1: five Newton-Schulz steps (Jordan 2024, Muon)."""
    wide = update.shape[0] > update.shape[1]
    x = update.T if wide else update
    x = x / (x.norm() + 1e-9)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if wide else x


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised, for matrices and for convolution weights seen as such."""

    def __init__(self, parameters, lr, momentum=0.95, kind=torch.float32):
        """kind: what is orthogonalised in; bf16 does where its products are quicker."""
        super().__init__(parameters, dict(lr=lr, momentum=momentum))
        self.kind = kind

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                x = orthogonal(p.grad.lerp(state["momentum"], group["momentum"]).flatten(1).to(self.kind))
                p.add_(x.reshape(p.shape).to(p.dtype), alpha=-group["lr"] * max(1.0, x.shape[0] / x.shape[1]) ** 0.5)


def is_matrix(parameter):
    """Whether Muon takes it: a convolution between hidden channels."""
    return parameter.ndim == 4 and min(parameter.shape[:2]) > 4


def adamw(groups, lr, decay=0.01):
    return torch.optim.AdamW(groups, lr, betas=(0.9, 0.99), weight_decay=decay)


class Set:
    """Several optimizers as one, with one share of their learning rates."""

    def __init__(self, *optimizers):
        self.optimizers = optimizers
        self.rates = [[group["lr"] for group in o.param_groups] for o in optimizers]

    def scale(self, share):
        for optimizer, rates in zip(self.optimizers, self.rates):
            for group, rate in zip(optimizer.param_groups, rates):
                group["lr"] = rate * share

    def step(self, loss):
        """One step down `loss`."""
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.clip()
        for optimizer in self.optimizers:
            optimizer.step()

    def clip(self, most=1.0):
        parameters = [p for o in self.optimizers if not isinstance(o, Muon) for g in o.param_groups for p in g["params"]]
        torch.nn.utils.clip_grad_norm_(parameters, most)

    def state(self):
        return [o.state_dict() for o in self.optimizers]

    def restore(self, state):
        """Learning rates are the schedule's business and not restored."""
        for optimizer, saved in zip(self.optimizers, state):
            optimizer.load_state_dict({"state": saved["state"], "param_groups": optimizer.state_dict()["param_groups"]})
