"""The binary protocol: frames, messages, and the runtime of the generated codecs."""
