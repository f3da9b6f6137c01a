"""What happens to a sample before the model sees it: pure steps, and the pipeline of one input."""
