"""In-place edits of a .tflite file: what is not touched stays as it is, byte for byte."""
