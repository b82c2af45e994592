"""The recipe of Limner's default model: data, autoencoder, text encoder, UNet, and what is made of them. See README.md."""
