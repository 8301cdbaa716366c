"""What is learned from the images: a task owns the losses, the training and the metric."""
