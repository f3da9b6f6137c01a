"""Trained models (Keras, SavedModel, ONNX) behind the session protocol, each in a child process."""
