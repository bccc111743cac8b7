"""What two runs were made with: where their environments and their graphs differ, before any number is compared."""
