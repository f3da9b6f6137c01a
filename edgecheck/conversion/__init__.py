"""From a trained model to a .tflite file, by converters that run in a process of their own."""
