"""What runs in every environment: it computes samples and records what happened. It knows no judgement."""
