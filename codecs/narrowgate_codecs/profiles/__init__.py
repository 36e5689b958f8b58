"""The devices: one module a layout, each the bytes of its frames and what they mean, nothing else."""
