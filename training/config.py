"""Every size and every setting, in one place."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Size:
    """What is made, and at what pace."""

    name: str
    picture: int  # side in pixels

    # The autoencoder: as many levels as there are numbers of blocks, each but one halving the side.
    latent_channels: int
    autoencoder_channels: int
    encoder_blocks: tuple  # from the picture down
    decoder_blocks: tuple  # from the latents up

    # The text encoder.
    vocabulary: int
    length: int
    text_width: int
    text_layers: int
    text_heads: int

    # The UNet, from the latents' resolution down.
    unet_channels: tuple
    unet_heads: tuple
    unet_attention: tuple
    unet_layers: int
    unet_groups: int

    # The scorer's picture tower; its text tower is like the text encoder.
    scorer_side: int
    scorer_patch: int
    scorer_width: int
    scorer_layers: int
    scorer_heads: int
    scorer_projection: int

    # Batches, by device. `pool` latents are kept, each drawn about pool / (batch / fresh) times.
    autoencoder_batch: dict
    text_batch: dict
    batch: dict
    fresh: dict
    pool: dict
    scorer_batch: dict

    # Steps after which a stage ends where no minutes are given; steps over which learning rates rise; their factor.
    steps: dict
    warmup: int = 100
    haste: float = 1.0

    @property
    def factor(self):
        """Pixels a latent has on each side."""
        return 2 ** (len(self.encoder_blocks) - 1)

    @property
    def latent_side(self):
        return self.picture // self.factor


# 256 pixels by 16 x 16 latents of 16 channels. Everything together is below 40 MB in f16 (README.md, "Sizes").
FULL = Size(
    "full", 256,
    latent_channels=16, autoencoder_channels=64, encoder_blocks=(0, 1, 1, 2, 2), decoder_blocks=(3, 3, 2, 2, 1),
    vocabulary=4096, length=40, text_width=192, text_layers=3, text_heads=4,
    unet_channels=(96, 160, 256), unet_heads=(3, 5, 8), unet_attention=(True, True, False), unet_layers=1, unet_groups=32,
    scorer_side=128, scorer_patch=16, scorer_width=192, scorer_layers=6, scorer_heads=6, scorer_projection=192,
    autoencoder_batch={"cuda": 64, "cpu": 4}, text_batch={"cuda": 1024, "cpu": 128}, batch={"cuda": 1024, "cpu": 32},
    fresh={"cuda": 256, "cpu": 8}, pool={"cuda": 262144, "cpu": 32768}, scorer_batch={"cuda": 512, "cpu": 96},
    steps={"autoencoder": 20000, "text": 1500, "unet": 40000, "scorer": 8000, "distil": 4000})

# For tests: everything in seconds, on one core.
SMALL = Size(
    "small", 32,
    latent_channels=6, autoencoder_channels=16, encoder_blocks=(0, 1, 1), decoder_blocks=(1, 1, 1),
    vocabulary=768, length=48, text_width=32, text_layers=2, text_heads=2,
    unet_channels=(16, 32), unet_heads=(2, 2), unet_attention=(True, True), unet_layers=1, unet_groups=8,
    scorer_side=32, scorer_patch=8, scorer_width=32, scorer_layers=2, scorer_heads=2, scorer_projection=32,
    autoencoder_batch={"cuda": 8, "cpu": 8}, text_batch={"cuda": 32, "cpu": 32}, batch={"cuda": 16, "cpu": 16},
    fresh={"cuda": 8, "cpu": 8}, pool={"cuda": 64, "cpu": 64}, scorer_batch={"cuda": 16, "cpu": 16},
    steps={"autoencoder": 30, "text": 30, "unet": 50, "scorer": 30, "distil": 10}, warmup=3,
    haste=4.0)

SIZES = {size.name: size for size in (FULL, SMALL)}


@dataclasses.dataclass(frozen=True)
class Rates:
    """Learning rates at the start; each falls to nothing over its stage."""

    muon: float = 0.01  # convolutions of the autoencoder, matrices of the scorer
    autoencoder: float = 2e-3  # its other weights
    critic: float = 2e-4
    text: float = 1e-3
    unet: float = 6e-4
    text_with_unet: float = 0.15  # of the UNet's: once it can read, the text encoder hardly moves
    scorer: float = 1e-3
    distil: float = 1e-4
    lora: float = 5e-4


RATES = Rates()

# Noise: Stable Diffusion 1.x's schedule, v-prediction.
NOISE_STEPS, BETA_FIRST, BETA_LAST = 1000, 0.00085, 0.012
CAPTION_DROPOUT = 0.10
AVERAGE = 0.9985  # what the averaged weights keep a step
AVERAGE_SCORER = 0.995  # of a stage that has fewer steps
GUIDANCE = 3.0  # that the model is drawn with
LEAN = 0.55  # time steps are 1000 u ** LEAN at first: noisy ones, in which the caption matters most

# Of the minutes that `all` is given.
SHARES = {"autoencoder": 0.26, "text": 0.05, "unet": 0.48, "scorer": 0.07, "distil": 0.08}
