"""transformers' CLIP: the text encoder of Stable Diffusion 1.x, and both towers of a scorer."""

import torch
import torch.nn.functional as F
from torch import nn


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def attend(q, k, v, causal):
    """Scaled dot product attention. torch's own for CPUs is many times slower over heads as narrow as these, above all backwards."""
    if q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    scores = q * q.shape[-1] ** -0.5 @ k.transpose(-1, -2)
    if causal:
        scores = scores + torch.full(scores.shape[-2:], float("-inf"), dtype=scores.dtype).triu(1)
    return scores.softmax(-1) @ v


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, causal):
        def split(t):
            return t.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        out = attend(split(self.q_proj(x)), split(self.k_proj(x)), split(self.v_proj(x)), causal)
        return self.out_proj(out.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x):
        return self.fc2(quick_gelu(self.fc1(x)))


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.self_attn, self.mlp = Attention(width, heads), Mlp(width, 4 * width)
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x, causal):
        x = x + self.self_attn(self.layer_norm1(x), causal)
        return x + self.mlp(self.layer_norm2(x))


class Layers(nn.Module):
    def __init__(self, width, heads, count):
        super().__init__()
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(count))

    def forward(self, x, causal):
        for layer in self.layers:
            x = layer(x, causal)
        return x


class TextEmbeddings(nn.Module):
    def __init__(self, vocabulary, width, length):
        super().__init__()
        self.token_embedding, self.position_embedding = nn.Embedding(vocabulary, width), nn.Embedding(length, width)

    def forward(self, ids):
        return self.token_embedding(ids) + self.position_embedding.weight[: ids.shape[1]]


class TextTransformer(nn.Module):
    def __init__(self, size):
        super().__init__()
        width = size.text_width
        self.embeddings = TextEmbeddings(size.vocabulary, width, size.length)
        self.encoder = Layers(width, size.text_heads, size.text_layers)
        self.final_layer_norm = nn.LayerNorm(width)
        # At CLIP's 0.02 Adam moves all embeddings the same way, and prompts come to read alike.
        nn.init.normal_(self.embeddings.token_embedding.weight, 0, 0.4)
        nn.init.normal_(self.embeddings.position_embedding.weight, 0, 0.1)

    def forward(self, ids):
        return self.final_layer_norm(self.encoder(self.embeddings(ids), True))


class TextEncoder(nn.Module):
    """CLIPTextModel: ids [B, length] -> states [B, length, width]."""

    def __init__(self, size):
        super().__init__()
        self.size = size
        self.text_model = TextTransformer(size)

    def forward(self, ids):
        return self.text_model(ids)

    def config(self):
        """transformers' config.json."""
        return {"architectures": ["CLIPTextModel"], "attention_dropout": 0.0, "dtype": "float16", "initializer_factor": 1.0,
                "initializer_range": 0.02, "model_type": "clip_text_model", "transformers_version": "5.5.4"} | text_keys(self.size)


def text_keys(size):
    """What both configs say of a text tower."""
    return {"bos_token_id": size.vocabulary - 2, "eos_token_id": size.vocabulary - 1, "hidden_act": "quick_gelu",
            "hidden_size": size.text_width, "intermediate_size": 4 * size.text_width, "layer_norm_eps": 1e-05,
            "max_position_embeddings": size.length, "num_attention_heads": size.text_heads,
            "num_hidden_layers": size.text_layers, "pad_token_id": size.vocabulary - 1, "projection_dim": size.text_width,
            "vocab_size": size.vocabulary}


class VisionEmbeddings(nn.Module):
    def __init__(self, width, side, patch):
        super().__init__()
        self.class_embedding = nn.Parameter(torch.randn(width) * 0.1)
        self.patch_embedding = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.position_embedding = nn.Embedding((side // patch) ** 2 + 1, width)
        nn.init.normal_(self.position_embedding.weight, 0, 0.1)

    def forward(self, x):
        patch, weight = self.patch_embedding.stride[0], self.patch_embedding.weight
        # The convolution as a product, whose way back is far quicker on a CPU.
        rows = x.unflatten(3, (-1, patch)).unflatten(2, (-1, patch)).permute(0, 2, 4, 1, 3, 5)
        patches = F.linear(rows.flatten(3).flatten(1, 2), weight.flatten(1))
        first = self.class_embedding.expand(len(x), 1, -1).to(patches.dtype)
        return torch.cat([first, patches], 1) + self.position_embedding.weight


class VisionTransformer(nn.Module):
    def __init__(self, size):
        super().__init__()
        width = size.scorer_width
        self.embeddings = VisionEmbeddings(width, size.scorer_side, size.scorer_patch)
        self.pre_layrnorm = nn.LayerNorm(width)  # transformers' spelling
        self.encoder = Layers(width, size.scorer_heads, size.scorer_layers)
        self.post_layernorm = nn.LayerNorm(width)

    def forward(self, x):
        return self.post_layernorm(self.encoder(self.pre_layrnorm(self.embeddings(x)), False)[:, 0])


class Scorer(nn.Module):
    """CLIPModel: how well a text fits a picture."""

    def __init__(self, size):
        super().__init__()
        self.size = size
        self.text_model, self.vision_model = TextTransformer(size), VisionTransformer(size)
        self.visual_projection = nn.Linear(size.scorer_width, size.scorer_projection, bias=False)
        self.text_projection = nn.Linear(size.text_width, size.scorer_projection, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(2.6592))

    def picture_vector(self, x):
        """Vectors of normalised pictures [B, 3, side, side], of any length."""
        return self.visual_projection(self.vision_model(x))

    def ends(self, ids):
        """Where the first end token is: its state is the text's, as in transformers."""
        return (ids == self.size.vocabulary - 1).int().argmax(1)

    def trimmed(self, ids):
        """Token ids without the columns after every end: no state before them depends on them."""
        return ids[:, : int(self.ends(ids).max()) + 1]

    def text_vector(self, ids):
        """Vectors of token ids, of any length."""
        states = self.text_model(ids)[torch.arange(len(ids), device=ids.device), self.ends(ids)]
        return self.text_projection(states)

    def picture(self, x):
        """picture_vector() as unit vectors."""
        return F.normalize(self.picture_vector(x).float(), dim=-1)

    def text(self, ids):
        """text_vector() as unit vectors."""
        return F.normalize(self.text_vector(ids).float(), dim=-1)

    def config(self):
        """transformers' config.json."""
        size = self.size
        vision = {"attention_dropout": 0.0, "hidden_act": "quick_gelu", "hidden_size": size.scorer_width,
                  "image_size": size.scorer_side, "intermediate_size": 4 * size.scorer_width, "layer_norm_eps": 1e-05,
                  "model_type": "clip_vision_model", "num_attention_heads": size.scorer_heads, "num_channels": 3,
                  "num_hidden_layers": size.scorer_layers, "patch_size": size.scorer_patch,
                  "projection_dim": size.scorer_projection}
        text = text_keys(size) | {"model_type": "clip_text_model", "projection_dim": size.scorer_projection}
        return {"architectures": ["CLIPModel"], "dtype": "float16", "logit_scale_init_value": 2.6592, "model_type": "clip",
                "projection_dim": size.scorer_projection, "text_config": text, "transformers_version": "5.5.4",
                "vision_config": vision}
