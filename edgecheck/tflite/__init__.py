"""The .tflite file itself: what it holds and what it promises, read without a runtime."""
