"""Networks in plain torch, with the weight names of diffusers and transformers: what they save, those load, and so does Limner."""
