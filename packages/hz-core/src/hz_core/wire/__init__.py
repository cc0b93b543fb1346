"""The bytes of the protocol: frames, messages, and the runtime of the generated codecs."""
