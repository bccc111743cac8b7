"""What runs inside an environment: it records what happened, and judges nothing."""
